// Every layout of the catalogue through the program: prepared into a store, and reported.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "datasets/preprocessing/case_store.h"
#include "framework/imaging/image_io.h"
#include "tests/journeys/example_datasets.h"
#include "tests/journeys/program.h"
#include "tests/support/support.h"

namespace medvol::tests {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

class EveryLayout : public testing::TestWithParam<size_t> {
 protected:
  const ExampleDataset& example = example_datasets()[GetParam()];
  const TemporaryFolder folder;
  const fs::path root = example.root.empty() ? folder / "data" : folder / "data" / example.root;

  Outcome run(std::vector<std::string> words) const {
    words.insert(words.end(), {"dataset=" + example.layout, "dataset.root=" + root.string()});
    words.insert(words.end(), example.words.begin(), example.words.end());
    return Program(folder.path()).run(words);
  }

  /// Plans and the store, whose labels are numbered 1, 2, … in the order of the files' numbers.
  void expect_prepared(const std::map<std::string, KnownCase>& known) const {
    const Outcome made = run({"prepare", "prepare.folder=prepared"});
    ASSERT_EQ(made.code, 0) << made.output;
    const json plans = json::parse(made.output.substr(made.output.find("{\n")));
    EXPECT_TRUE(plans.at("configurations").contains("2d"));
    std::map<int64_t, int64_t> numbers;
    const json report = json::parse(read_file(folder / "report/report.json"));
    for (const json& label : report.at("labels")) numbers.emplace(label.at("label"), numbers.size() + 1);
    std::vector<fs::path> stores;
    for (const auto& entry : fs::directory_iterator(folder / "prepared"))
      if (entry.path().extension() == ".h5") stores.push_back(entry.path());
    ASSERT_EQ(stores.size(), 1u);
    const datasets::CaseStore store(stores.front());
    ASSERT_EQ(store.ids().size(), known.size());
    for (const auto& [id, one] : known) {
      ASSERT_TRUE(store.contains(id)) << id;
      EXPECT_TRUE(at::isfinite(store.image(id)).all().item<bool>()) << id;
      EXPECT_EQ(store.image(id)[0].sizes(), store.labels(id).sizes()) << id;
      for (const auto& [label, voxels] : one.voxels)
        EXPECT_EQ((store.labels(id) == numbers.at(label)).sum().item<int64_t>(), voxels) << id << ", label " << label;
    }
  }

  /// Numbers of report.json; then what a person looks at.
  void expect_reported(const std::map<std::string, KnownCase>& known) const {
    const Outcome made = run({"datasets", "report", "output=report", "pictures=1"});
    ASSERT_EQ(made.code, 0) << made.output;
    const json report = json::parse(read_file(folder / "report/report.json"));
    const std::string html = read_file(folder / "report/report.html");
    ASSERT_EQ(report.at("cases").size(), known.size());
    for (const json& found : report.at("cases")) {
      const std::string id = found.at("id");
      ASSERT_TRUE(known.contains(id)) << id;
      EXPECT_THAT(html, HasSubstr(id));
      const auto& [spacing, voxels] = known.at(id);
      if (voxels.empty()) continue;
      for (size_t axis = 0; axis < 3; ++axis) EXPECT_NEAR(found.at("spacing_zyx_mm")[axis], spacing[axis], 1e-5);
      const json& amounts = found.at(example.flat ? "area_mm2" : "volume_ml");
      EXPECT_EQ(amounts.size(), voxels.size()) << amounts;
      const double unit = spacing[0] * spacing[1] * spacing[2] / (example.flat ? 1 : 1000);
      for (const auto& [label, count] : voxels)
        EXPECT_NEAR(amounts.at(std::to_string(label)), double(count) * unit, 1e-6 * double(count) * unit) << id;
    }
    for (const json& label : report.at("labels")) {
      EXPECT_THAT(html, HasSubstr(label.at("name").get<std::string>()));
      EXPECT_THAT(made.output, HasSubstr(label.at("name").get<std::string>()));
    }
    EXPECT_EQ(report.at("intensities").size(), report.at("channels").size());
    for (const json& channel : report.at("intensities")) {
      EXPECT_LT(channel.at("percentiles").at("0.5"), channel.at("percentiles").at("99.5"));
      EXPECT_THAT(html, HasSubstr(channel.at("channel").get<std::string>() + ": intensities"));
    }
    const imaging::Volume montage = imaging::read_image(folder / "report/montage.png");
    EXPECT_GT(montage.data.size(3), 500);
    EXPECT_GT((montage.data[0] != montage.data[2]).sum().item<int64_t>(), 100) << "labels are drawn in colours";
  }
};

TEST_P(EveryLayout, IsPreparedAndReported) {
  if (!example.needs.empty()) MEDVOL_NEEDS_DATA(example.needs);
  const std::map<std::string, KnownCase> known = example.make(folder / "data");
  expect_reported(known);
  if (!HasFailure()) expect_prepared(known);
}

TEST_P(EveryLayout, AFolderOfSomethingElseIsOneClearLine) {
  write_file(folder / "data/notes.txt", "not a data set");
  const Outcome made = run({"prepare", "prepare.folder=prepared"});
  EXPECT_EQ(made.code, 1) << made.output;
  EXPECT_TRUE(made.output.starts_with("error: ")) << made.output;
  EXPECT_EQ(made.output.find('\n'), made.output.size() - 1) << made.output;
  EXPECT_THAT(made.output, HasSubstr((folder / "data").string()));
}

INSTANTIATE_TEST_SUITE_P(Catalogue, EveryLayout, testing::Range(size_t(0), example_datasets().size()),
                         [](const auto& one) { return example_datasets()[one.param].layout; });

TEST(Catalogue, HasAnExampleOfEveryLayout) {
  const TemporaryFolder folder;
  const Outcome listed = Program(folder.path()).run({"datasets"});
  ASSERT_EQ(listed.code, 0) << listed.output;
  std::vector<std::string> names, examples;
  std::istringstream lines(listed.output);
  for (std::string line; std::getline(lines, line) && !line.empty();) names.push_back(line.substr(0, line.find(' ')));
  for (const ExampleDataset& one : example_datasets()) examples.push_back(one.layout);
  EXPECT_THAT(examples, testing::UnorderedElementsAreArray(names));
}

}  // namespace
}  // namespace medvol::tests
