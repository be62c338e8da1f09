#include "framework/run/run_directory.h"

#include <gmock/gmock.h>

#include <functional>
#include <numeric>

#include "framework/core/error.h"
#include "framework/storage/atomic_file.h"
#include "tests/support/child_process.h"
#include "tests/support/support.h"

namespace medvol::run {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using tests::ChildProcess;
using tests::TemporaryFolder;

template <class Call>
std::string user_error(Call call) {
  try {
    call();
  } catch (const core::UserError& error) {
    return error.what();
  }
  return "no UserError";
}

std::vector<int> steps(const fs::path& log) {
  std::vector<int> found;
  for (const json& record : storage::read_json_lines(log)) found.push_back(record.value("step", -1));
  return found;
}

TEST(RunDirectory, MakesItsFolders) {
  TemporaryFolder folder;
  RunDirectory run = RunDirectory::create(folder / "outputs" / "run", false);
  EXPECT_FALSE(run.resumed());
  for (const fs::path& path : {run.checkpoints(), run.predictions(), run.evaluation(), run.export_folder()})
    EXPECT_TRUE(fs::is_directory(path));
  EXPECT_EQ(run.config(), run.root() / "config.yaml");
  EXPECT_EQ(run.overrides().filename(), "overrides.yaml");
  EXPECT_EQ(run.identity().filename(), "identity.json");
  EXPECT_EQ(run.log().filename(), "log.jsonl");
  EXPECT_EQ(run.curves_png().filename(), "curves.png");
  EXPECT_EQ(run.curves_svg().filename(), "curves.svg");
}

TEST(RunDirectory, ARunIsNotOverwritten) {
  TemporaryFolder folder;
  { RunDirectory::create(folder / "run", false).append({{"step", 1}}); }
  EXPECT_THAT(user_error([&] { RunDirectory::create(folder / "run", false); }),
              AllOf(HasSubstr((folder / "run").string()), HasSubstr("resume=true"), HasSubstr("run.dir")));
  RunDirectory run = RunDirectory::create(folder / "run", true);
  EXPECT_TRUE(run.resumed());
  run.append({{"step", 2}});
  EXPECT_THAT(steps(run.log()), ElementsAre(1, 2));
}

TEST(RunDirectory, ForeignFilesAreNotMixedWith) {
  TemporaryFolder folder;
  tests::write_file(folder / "run" / "thesis.tex", "x");
  EXPECT_THAT(user_error([&] { RunDirectory::create(folder / "run", false); }),
              AllOf(HasSubstr("thesis.tex"), HasSubstr("run.dir")));
  EXPECT_FALSE(RunDirectory::create(folder / "run", true).resumed());
  tests::write_file(folder / "other" / "checkpoints" / "last", "x");
  EXPECT_THROW(RunDirectory::create(folder / "other", false), core::UserError);
}

TEST(RunDirectory, WhatWasInterruptedBeforeItBeganBeginsAnew) {
  TemporaryFolder folder;
  { RunDirectory::create(folder / "run", false); }
  tests::write_file(folder / "run" / ".config.yaml.medvol-tmp-1-1", "half");
  EXPECT_NO_THROW(RunDirectory::create(folder / "run", false));
  EXPECT_FALSE(fs::exists(folder / "run" / ".config.yaml.medvol-tmp-1-1"));
  EXPECT_NO_THROW(RunDirectory::create(folder / "absent", true));
}

TEST(RunDirectory, AFileIsNoFolder) {
  TemporaryFolder folder;
  tests::write_file(folder / "file", "x");
  EXPECT_THAT(user_error([&] { RunDirectory::create(folder / "file", false); }), HasSubstr((folder / "file").string()));
}

TEST(RunDirectory, OneProcessAtATime) {
  TemporaryFolder folder;
  ChildProcess child([&](const auto& say) {
    RunDirectory run = RunDirectory::create(folder / "run", false);
    say("!");
    ::pause();
    return std::string();
  });
  ASSERT_EQ(child.hear(), '!');
  for (bool resume : {false, true})
    EXPECT_THAT(user_error([&] { RunDirectory::create(folder / "run", resume); }),
                HasSubstr(fmt::format("another medvol process (pid {}) is writing here", child.pid())));
  child.kill();
  EXPECT_NO_THROW(RunDirectory::create(folder / "run", true));
}

TEST(RunDirectory, TheLogCarriesTimeAndIsCutAtTheCheckpoint) {
  TemporaryFolder folder;
  RunDirectory run = RunDirectory::create(folder / "run", false);
  run.append({{"event", "start"}});
  for (int step = 1; step <= 5; ++step) run.append({{"step", step}, {"loss", 1.0 / step}});
  run.sync_log();
  EXPECT_GT(storage::read_json_lines(run.log())[0]["time"].get<double>(), 1.7e9);
  EXPECT_EQ(run.cut_log_after(3), 2u);
  run.append({{"step", 4}});
  EXPECT_THAT(steps(run.log()), ElementsAre(-1, 1, 2, 3, 4));
  EXPECT_EQ(run.keep_in_log([](const json& record) { return record.contains("step"); }), 1u);
  EXPECT_THAT(steps(run.log()), ElementsAre(1, 2, 3, 4));
}

TEST(RunDirectory, MovedItStillWritesAndHoldsTheLock) {
  TemporaryFolder folder;
  RunDirectory first = RunDirectory::create(folder / "run", false);
  RunDirectory run = std::move(first);
  run.append({{"step", 1}});
  EXPECT_THROW(RunDirectory::create(folder / "run", true), core::UserError);
  EXPECT_THAT(steps(run.log()), ElementsAre(1));
}

/// A training of `last` steps with a checkpoint (here: a file with the step) every 7, as a resumable program does it.
void train(const fs::path& folder, int last, const std::function<void(const std::string&)>& say) {
  RunDirectory run = RunDirectory::create(folder, true);
  fs::path checkpoint = run.checkpoints() / "last";
  int step = fs::exists(checkpoint) ? std::stoi(tests::read_file(checkpoint)) : 0;
  run.cut_log_after(step);
  while (step < last) {
    run.append({{"step", ++step}, {"loss", 1.0 / step}});
    if (step % 7 == 0) {
      run.sync_log();
      storage::write_atomic(checkpoint, std::to_string(step));
    }
    say(".");
  }
}

TEST(RunDirectory, KilledAndResumedTheLogHasEachStepOnce) {
  TemporaryFolder folder;
  constexpr int kLast = 60;
  for (int round = 0; round < 12; ++round) {
    ChildProcess child([&](const auto& say) {
      train(folder / "run", kLast, say);
      return std::string();
    });
    for (int i = 0; i < 3 + round && child.hear() == '.';) ++i;
    child.kill();
  }
  train(folder / "run", kLast, [](const std::string&) {});
  std::vector<int> expected(kLast);
  std::iota(expected.begin(), expected.end(), 1);
  EXPECT_EQ(steps(folder / "run" / "log.jsonl"), expected);
}

TEST(OpenRun, SeesWhatIsThere) {
  TemporaryFolder folder;
  RunDirectory run = RunDirectory::create(folder / "run", false);
  EXPECT_THROW(open_run(folder / "run"), core::UserError);  // nothing yet
  run.append({{"step", 1}});
  EXPECT_FALSE(open_run(folder / "run").identity.has_value());
  EXPECT_EQ(open_run(folder / "run").config_text, "");
  storage::write_atomic(run.config(), "trainer: {max_steps: 3}\n");
  Identity identity{.program_version = "0.1.0", .seed = 7};
  identity.save(run.identity());
  RunView view = open_run(folder / "run");  // while it is being written
  EXPECT_EQ(view.config_text, "trainer: {max_steps: 3}\n");
  EXPECT_EQ(view.log.size(), 1u);
  EXPECT_EQ(view.identity, identity);
  EXPECT_EQ(view.paths.checkpoints(), folder / "run" / "checkpoints");
}

TEST(OpenRun, RefusesWhatIsNoRun) {
  TemporaryFolder folder;
  EXPECT_THAT(user_error([&] { open_run(folder / "missing"); }), HasSubstr("no such run directory"));
  EXPECT_THAT(user_error([&] { open_run(folder.path()); }), HasSubstr("holds no run"));
  tests::write_file(folder / "run" / "log.jsonl", "{\"a\":\n{}\n");
  EXPECT_THAT(user_error([&] { open_run(folder / "run"); }), HasSubstr("log.jsonl:1"));
}

}  // namespace
}  // namespace medvol::run
