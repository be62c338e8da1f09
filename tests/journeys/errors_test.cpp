#include <gtest/gtest.h>

#include "tests/journeys/program.h"
#include "tests/support/support.h"

namespace medvol::tests {
namespace {

/// Exit code 1 and one line that says what, where and what to do; never a backtrace.
void expect_refusal(const Outcome& outcome, const std::vector<std::string>& parts) {
  EXPECT_EQ(outcome.code, 1) << outcome.output;
  EXPECT_NE(outcome.output.find("error: "), std::string::npos) << outcome.output;
  EXPECT_EQ(outcome.output.find("frame #"), std::string::npos) << outcome.output;
  for (const std::string& part : parts)
    EXPECT_NE(outcome.output.find(part), std::string::npos) << part << " in " << outcome.output;
}

TEST(Errors, OfConfigurationComeTogetherAndBeforeAnyWork) {
  const TemporaryFolder folder;
  const Program program(folder.path());
  const Outcome outcome = program.run(
      {"train", "dataset=phantom", "netwrok=unet", "trainer.max_stps=3", "seed=-1", "fold=11", "run.dir=run"});
  expect_refusal(outcome, {"4 defects", "did you mean 'network'",
                           "trainer.max_stps: unknown key (did you mean 'max_steps'", "seed", "fold"});
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()) || !std::filesystem::exists(folder / "run"));
  expect_refusal(program.run({"train", "network=vnett"}), {"unet"});
  expect_refusal(program.run({"trian"}), {"did you mean 'train'"});
  expect_refusal(program.run({"train", "--confg"}), {"--confg"});
}

TEST(Errors, OfPathsNameThem) {
  const TemporaryFolder folder;
  const Program program(folder.path());
  expect_refusal(program.run({"train", "dataset=nnunet", "dataset.root=/nowhere", "run.dir=run"}), {"/nowhere"});
  // What the file system refuses in a folder's listing is the user's to mend, as a file that cannot be opened is.
  expect_refusal(program.run({"prepare", "dataset=brats", "dataset.root=" + std::string(300, 'a')}),
                 {"aaa: cannot use the path: the name is too long"});
  expect_refusal(program.run({"predict", "model=absent", "input=x.nii.gz", "output=y.nii.gz"}), {"absent"});
  expect_refusal(program.run({"evaluate", "reference=absent", "prediction=there"}), {"absent"});
  expect_refusal(program.run({"train", "resume=true"}), {"run.dir"});
  expect_refusal(program.run({"train", "resume=true", "run.dir=nowhere"}), {"no run", "nowhere"});
  expect_refusal(program.run({"predict"}), {"model", "input", "output"});
  write_file(folder / "model.pt", "this is no model");
  expect_refusal(program.run({"predict", "model=model.pt", "input=x.nii.gz", "output=y.nii.gz"}),
                 {"model.pt", "TorchScript"});
}

TEST(Errors, ARunIsNeverOverwritten) {
  const TemporaryFolder folder;
  const Program program(folder.path());
  const std::vector<std::string> arguments = small_training("run", {"trainer.max_steps=2"});
  ASSERT_EQ(program.run(arguments).code, 0);
  const std::string log = read_file(folder / "run/log.jsonl");
  expect_refusal(program.run(arguments), {"run", "resume=true"});
  EXPECT_EQ(read_file(folder / "run/log.jsonl"), log);
  // The same command with resume=true finds the run finished and leaves it as it is.
  std::vector<std::string> again = arguments;
  again.push_back("resume=true");
  const Outcome resumed = program.run(again);
  EXPECT_EQ(resumed.code, 0) << resumed.output;
  EXPECT_EQ(read_file(folder / "run/log.jsonl"), log);
  again.push_back("optimizer=sgd");
  expect_refusal(program.run(again), {"optimizer", "resumed"});
  again.back() = "plan.batch_size=1";
  expect_refusal(program.run(again), {"plan.batch_size", "resumed"});
  write_file(folder / "foreign/letter.txt", "mine");
  expect_refusal(program.run(small_training("foreign")), {"foreign"});
  EXPECT_EQ(read_file(folder / "foreign/letter.txt"), "mine");
}

TEST(Errors, BadImagesAreNamedOneByOne) {
  const TemporaryFolder folder;
  const Program program(folder.path());
  ASSERT_EQ(program.run(small_training("run", {"trainer.max_steps=2"})).code, 0);
  EXPECT_EQ(program.run({"check", "dataset=nnunet", "dataset.root=phantom"}).code, 0);
  std::filesystem::path image;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "phantom/imagesTr")) image = entry.path();
  const std::string whole = read_file(image);
  write_file(image, whole.substr(0, whole.size() / 2));
  const Outcome checked = program.run({"check", "dataset=nnunet", "dataset.root=phantom"});
  EXPECT_EQ(checked.code, 1) << checked.output;
  EXPECT_NE(checked.output.find(image.filename().string()), std::string::npos) << checked.output;
  expect_refusal(program.run({"predict", "model=run", "input=" + image.string(), "output=out"}),
                 {image.filename().string()});
  EXPECT_FALSE(std::filesystem::exists(folder / "out" / image.filename()));
}

TEST(Help, EveryCommandHasAManual) {
  const TemporaryFolder folder;
  const Program program(folder.path());
  for (const char* command :
       {"demo", "train", "predict", "evaluate", "report", "export", "import-weights", "describe", "synthesise",
        "prepare", "check", "anonymise", "datasets", "list", "profile", "benchmark"}) {
    const Outcome outcome = program.run({command, "--help"});
    EXPECT_EQ(outcome.code, 0) << command;
    EXPECT_GT(outcome.output.size(), 100u) << command;
    EXPECT_NE(outcome.output.find(std::string("medvol ") + command), std::string::npos)
        << outcome.output.substr(0, 300);
  }
  const Outcome origins =
      program.run({"train", "experiment=hippocampus", "dataset.root=/x", "--cfg", "job", "--origin"});
  EXPECT_EQ(origins.code, 0);
  EXPECT_NE(origins.output.find("hippocampus.yaml:"), std::string::npos) << origins.output;
}

TEST(Sweep, RunsEveryCombination) {
  const TemporaryFolder folder;
  const Program program(folder.path());
  std::vector<std::string> arguments =
      small_training("sweep", {"trainer.max_steps=2", "optimizer=sgd,adamw", "seed=1,2", "--multirun"});
  const Outcome outcome = program.run(arguments);
  ASSERT_EQ(outcome.code, 0) << outcome.output;
  size_t runs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "sweep"))
    runs += std::filesystem::exists(entry.path() / "evaluation/summary.json");
  EXPECT_EQ(runs, 4u);
}

}  // namespace
}  // namespace medvol::tests
