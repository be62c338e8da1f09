#include "framework/config/sweep.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/framework/config/messages.h"

namespace medvol::config {
namespace {

std::vector<Job> jobs(const std::vector<std::string>& overrides) { return expand_sweeps(parse_overrides(overrides)); }

TEST(Sweep, TheLastOverrideVariesFastest) {
  const std::vector<Job> result = jobs({"a=1,2", "seed=0", "b=range(1,4)"});
  ASSERT_EQ(result.size(), 6u);
  EXPECT_EQ(result[0].overrides, (std::vector<std::string>{"a=1", "seed=0", "b=1"}));
  EXPECT_EQ(result[1].overrides, (std::vector<std::string>{"a=1", "seed=0", "b=2"}));
  EXPECT_EQ(result[3].overrides, (std::vector<std::string>{"a=2", "seed=0", "b=1"}));
  EXPECT_EQ(result[5].name, "a=2,b=3");
  EXPECT_EQ(result[5].index, 5);
}

TEST(Sweep, JobsParseToTheSameValues) {
  const std::string swept = "+a.b=[1,2],{x: 'y, z'},'it\\'s',${c},null";
  const std::vector<Override> parsed = parse_overrides({swept});
  const std::vector<Job> result = expand_sweeps(parsed);
  ASSERT_EQ(result.size(), 5u);
  for (size_t i = 0; i < result.size(); ++i) {
    const Override again = parse_override(result[i].overrides.front());
    EXPECT_EQ(again.kind, Override::Kind::add);
    EXPECT_EQ(again.key, "a.b");
    EXPECT_FALSE(again.sweep);
    EXPECT_EQ(again.values.front().node, parsed.front().values[i].node);
  }
}

TEST(Sweep, WithoutASweepThereIsOneRun) {
  const std::vector<Job> result = jobs({"a=[1,2]", "~b", "network@teacher=unet"});
  ASSERT_EQ(result.size(), 1u);
  EXPECT_EQ(result[0].name, "run");
  EXPECT_EQ(result[0].overrides, (std::vector<std::string>{"a=[1,2]", "~b", "network@teacher=unet"}));
  EXPECT_EQ(jobs({}).size(), 1u);
}

TEST(Sweep, NamesAreFitForFoldersAndUnlike) {
  EXPECT_EQ(jobs({"dataset.root=/a/b,/c d"})[1].name, "dataset.root=_c_d");
  const std::vector<Job> result = jobs({"a='x/y','x y',1,1", "b=" + std::string(200, 'q') + ",2"});
  std::set<std::string> names;
  for (const Job& job : result) {
    names.insert(job.name);
    EXPECT_LT(job.name.size(), 140u);
    EXPECT_EQ(job.name.find_first_of("/ '"), std::string::npos) << job.name;
  }
  EXPECT_EQ(names.size(), result.size());
}

TEST(Sweep, TooManyRunsAreRefused) {
  EXPECT_EQ(tests::message_of([] {
              jobs({"a=range(200)", "b=range(200)"});
            }),
            "--multirun: the sweep has more than 10000 runs (sweep over fewer values)");
}

}  // namespace
}  // namespace medvol::config
