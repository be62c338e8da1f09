#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/journeys/program.h"
#include "tests/support/support.h"

namespace medvol::tests {
namespace {

TEST(DatasetReport, TellsWhatThePhantomHolds) {
  const TemporaryFolder folder;
  const Outcome made = Program(folder.path())
                           .run({"datasets", "report", "dataset=phantom", "dataset.root=phantom", "dataset.size=32",
                                 "dataset.cases=3", "dataset.test_cases=1", "pictures=2", "output=report"});
  ASSERT_EQ(made.code, 0) << made.output;
  EXPECT_NE(made.output.find("kidney"), std::string::npos) << made.output;
  const auto report = nlohmann::json::parse(read_file(folder / "report/report.json"));
  EXPECT_EQ(report.at("cases").size(), 3u);
  EXPECT_EQ(report.at("labels")[2].at("name"), "kidney");
  EXPECT_EQ(report.at("intensities")[0].at("channel"), "MR");
  EXPECT_TRUE(std::filesystem::exists(folder / "report/montage.png"));
  EXPECT_NE(read_file(folder / "report/report.html").find("<svg"), std::string::npos);
}

}  // namespace
}  // namespace medvol::tests
