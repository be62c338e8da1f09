#include <signal.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "framework/runtime/philox.h"
#include "framework/storage/json_lines.h"
#include "tests/journeys/program.h"
#include "tests/support/support.h"

namespace medvol::tests {
namespace {

const std::vector<std::string> resumable{
    "optimizer=adamw",          "loading.threads=4",          "trainer.ema_decay=0.9",
    "trainer.accumulate=2",     "trainer.checkpoint_every=3", "trainer.max_steps=40",
    "trainer.steps_per_epoch=8"};

/// The log without what depends on the clock, and without the records of its starts.
std::vector<std::string> log_of(const std::filesystem::path& run) {
  std::vector<std::string> lines;
  for (nlohmann::json record : storage::read_json_lines(run / "log.jsonl")) {
    if (record.at("event") == "start") continue;
    for (const char* key :
         {"time", "samples_per_s", "load_s", "augment_s", "forward_s", "backward_s", "update_s", "step_s"})
      record.erase(key);
    lines.push_back(record.dump());
  }
  return lines;
}

TEST(Resume, TwentyKillsLeaveTheSameBitsAndTheSameLog) {
  const TemporaryFolder folder;
  const Program program(folder.path());
  const Outcome whole = program.run(small_training("whole", resumable));
  ASSERT_EQ(whole.code, 0) << whole.output;

  runtime::Philox moments(2026, runtime::purpose_statistics);
  int kills = 0, round = 0;
  while (kills < 20) {
    const std::string run = "killed" + std::to_string(round++);
    ASSERT_LT(round, 20) << "the program ends before it can be killed";
    std::vector<std::string> arguments = small_training(run, resumable);
    for (bool finished = false; !finished;) {
      const Outcome outcome = program.run_and_kill(arguments, moments.uniform(0.2, 1.6));
      finished = outcome.code == 0;
      ASSERT_TRUE(finished || outcome.code == 128 + SIGKILL) << outcome.output;
      kills += !finished;
      if (kills >= 20 && !finished) {
        const Outcome rest = program.run({"train", "run.dir=" + run, "resume=true"});
        ASSERT_EQ(rest.code, 0) << rest.output;
        finished = true;
      }
      // Before the configuration is written there is no run to go on with: the same command starts it.
      arguments = std::filesystem::exists(folder / (run + "/config.yaml"))
                      ? std::vector<std::string>{"train", "run.dir=" + run, "resume=true"}
                      : small_training(run, resumable);
      if (arguments.size() > 3) arguments.push_back("resume=true");
    }
    EXPECT_EQ(state_of(folder / run), state_of(folder / "whole")) << run;
    EXPECT_EQ(log_of(folder / run), log_of(folder / "whole")) << run;
  }
}

TEST(Resume, TheSameSeedGivesTheSameBitsWhateverTheLoaderThreads) {
  const TemporaryFolder folder;
  const Program program(folder.path());
  for (const char* threads : {"0", "1", "8"}) {
    const Outcome outcome =
        program.run(small_training(std::string("run") + threads, {std::string("loading.threads=") + threads}));
    ASSERT_EQ(outcome.code, 0) << outcome.output;
    EXPECT_EQ(state_of(folder / (std::string("run") + threads)), state_of(folder / "run0"));
  }
  ASSERT_EQ(program.run(small_training("other", {"seed=99"})).code, 0);
  EXPECT_NE(state_of(folder / "other"), state_of(folder / "run0"));
}

TEST(Resume, TakesWhatAutotuneChoseAtTheBeginning) {
  const TemporaryFolder folder;
  const Program program(folder.path());
  const std::vector<std::string> tuned{"hardware.autotune=true", "hardware.precision=float32",
                                       "trainer.checkpoint_every=10"};
  const Outcome killed = program.run_and_kill_at_step(small_training("run", tuned), "run", 15);
  ASSERT_EQ(killed.code, 128 + SIGKILL) << killed.output;
  for (const char* format : {"contiguous", "channels_last"})
    EXPECT_NE(killed.output.find(std::string("a pass in float32, ") + format), std::string::npos) << killed.output;
  const std::string identity = read_file(folder / "run/identity.json");
  const Outcome resumed = program.run({"train", "run.dir=run", "resume=true"});
  ASSERT_EQ(resumed.code, 0) << resumed.output;
  EXPECT_EQ(resumed.output.find("autotune"), std::string::npos) << resumed.output;
  EXPECT_EQ(resumed.output.find("begun elsewhere"), std::string::npos) << resumed.output;
  const auto chosen = nlohmann::json::parse(identity).at("memory_format").get<std::string>();
  const Outcome whole = program.run(small_training(
      "whole", {"hardware.memory_format=" + chosen, "hardware.precision=float32", "trainer.checkpoint_every=10"}));
  ASSERT_EQ(whole.code, 0) << whole.output;
  EXPECT_EQ(state_of(folder / "run"), state_of(folder / "whole"));
}

TEST(Resume, SigtermSavesAndSaysHowToGoOn) {
  const TemporaryFolder folder;
  const Program program(folder.path());
  ASSERT_EQ(program.run(small_training("whole", {"trainer.max_steps=300"})).code, 0);
  const std::vector<std::string> arguments =
      small_training("stopped", {"trainer.max_steps=300", "trainer.checkpoint_every=0"});
  const Outcome stopped = program.run_and_signal(arguments, 1.5, SIGTERM);
  if (stopped.code == 0) GTEST_SKIP() << "it ended before it was stopped";
  EXPECT_EQ(stopped.code, 130) << stopped.output;
  EXPECT_NE(stopped.output.find("resume=true"), std::string::npos) << stopped.output;
  const Outcome rest = program.run({"train", "run.dir=stopped", "resume=true"});
  ASSERT_EQ(rest.code, 0) << rest.output;
  EXPECT_EQ(state_of(folder / "stopped"), state_of(folder / "whole"));
}

TEST(Resume, ADamagedCheckpointGivesWayToTheOneBefore) {
  const TemporaryFolder folder;
  const Program program(folder.path());
  ASSERT_EQ(program.run(small_training("run")).code, 0);
  const auto whole = state_of(folder / "run");
  const auto last = folder / "run/checkpoints/last.safetensors";
  const std::string bytes = read_file(last);
  std::filesystem::remove(last);
  write_file(last, bytes.substr(0, bytes.size() / 2));
  const Outcome rest = program.run({"train", "run.dir=run", "resume=true"});
  ASSERT_EQ(rest.code, 0) << rest.output;
  EXPECT_NE(rest.output.find("trying the checkpoint before it"), std::string::npos) << rest.output;
  EXPECT_EQ(state_of(folder / "run"), whole);
}

TEST(Divergence, IsCaughtThriceThenStopsClearly) {
  const TemporaryFolder folder;
  const Program program(folder.path());
  const Outcome outcome =
      program.run(small_training("run", {"optimizer=sgd", "optimizer.learning_rate=1e30", "trainer.gradient_clip=0"}));
  EXPECT_EQ(outcome.code, 1) << outcome.output;
  EXPECT_NE(outcome.output.find("for the third time"), std::string::npos) << outcome.output;
  int divergences = 0;
  for (const auto& record : storage::read_json_lines(folder / "run/log.jsonl"))
    divergences += record.at("event") == "divergence";
  EXPECT_EQ(divergences, 2);
}

}  // namespace
}  // namespace medvol::tests
