// The benchmarks at small sizes. Peers are stood in for by a script: that medvol calls one, reads what it measured and
// refuses what cannot be compared.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/datasets/catalogue/made_dataset.h"
#include "tests/journeys/program.h"
#include "tests/support/support.h"

namespace medvol::tests {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;

/// A "python" that runs `lines` in place of the script it is given; $2 is the folder it works in.
void write_peer(const fs::path& file, const std::string& lines) {
  write_file(file, "#!/bin/sh\n" + lines + "\n");
  fs::permissions(file, fs::perms::owner_all);
}

TEST(Benchmark, MeasuresMedvolAlone) {
  const TemporaryFolder folder;
  const Program program(folder.path());
  const Outcome augmentation = program.run({"benchmark", "augmentation", "patch=[16,16,16]", "samples=3"});
  EXPECT_EQ(augmentation.code, 0);
  EXPECT_THAT(augmentation.output, ContainsRegex("medvol .* 3\n"));
  const Outcome loading = program.run(
      {"benchmark", "loading", "patch=[16,16,16]", "size=[32,32,32]", "cases=1", "batches=3", "channels=1"});
  EXPECT_EQ(loading.code, 0);
  EXPECT_THAT(loading.output, HasSubstr("batches a second"));
}

TEST(Benchmark, PreparationAgainstAPeer) {
  const TemporaryFolder folder;
  const Program program(folder.path());
  made_dataset(folder / "data", 2);
  const Outcome prepared = program.run({"prepare", "dataset=nnunet", "dataset.root=data", "prepare.folder=prepared"});
  ASSERT_EQ(prepared.code, 0) << prepared.output;
  const json plan = json::parse(prepared.output.substr(prepared.output.find("{\n")))["configurations"]["3d_fullres"];
  json measured{{"versions", {{"nnunetv2", "9.9"}}},
                {"cases", 2},
                {"runs", {{{"processes", 1}, {"fingerprint", 10.0}, {"plan", 20.0}, {"preprocess", 30.0}}}},
                {"alone", 25.0}};
  for (const char* key : {"patch_size", "batch_size", "spacing"}) measured[key] = plan.at(key);
  const std::vector<std::string> words{"benchmark",   "preparation", "data=data",
                                       "peer=./peer", "threads=[1]", "repeats=1"};
  const auto answers = [&](const json& answer) {
    write_peer(folder / "peer",
               "test -f $1 && test -f $2/job.json && echo noise && echo '" + answer.dump() + "' > $2/peer.json");
    return program.run(words);
  };
  const Outcome compared = answers(measured);
  EXPECT_EQ(compared.code, 0) << compared.output;
  EXPECT_THAT(compared.output, AllOf(ContainsRegex("medvol, 1 thread +[0-9.]+"), HasSubstr("nnunetv2 9.9, 1 process"),
                                     ContainsRegex("60.00 +10.00 +20.00 +30.00"), ContainsRegex("no workers +25.00"),
                                     ContainsRegex("ratio, best against best [0-9.]+")));
  EXPECT_THAT(compared.output, testing::Not(HasSubstr("noise")));
  measured["batch_size"] = 77;
  const Outcome other = answers(measured);
  EXPECT_EQ(other.code, 1);
  EXPECT_THAT(other.output, HasSubstr("the two planned differently: batch_size"));
  write_peer(folder / "peer", "echo 'No module named nnunetv2' >&2; exit 1");
  const Outcome failed = program.run(words);
  EXPECT_EQ(failed.code, 1);
  EXPECT_THAT(failed.output, AllOf(HasSubstr("No module named nnunetv2"), HasSubstr("peers.txt")));
  const Outcome absent = program.run({"benchmark", "preparation", "data=nowhere"});
  EXPECT_EQ(absent.code, 1);
  EXPECT_THAT(absent.output, HasSubstr("nowhere/dataset.json"));
}

}  // namespace
}  // namespace medvol::tests
