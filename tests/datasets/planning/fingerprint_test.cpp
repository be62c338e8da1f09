#include "datasets/planning/fingerprint.h"

#include <gmock/gmock.h>

#include <limits>

#include "datasets/catalogue/decathlon.h"
#include "datasets/planning/kept_fingerprint.h"
#include "datasets/planning/planner.h"
#include "framework/core/error.h"
#include "framework/core/percentile.h"
#include "tests/datasets/catalogue/made_dataset.h"

namespace medvol::datasets {
namespace {

TEST(Percentile, IsNumpys) {
  EXPECT_DOUBLE_EQ(core::percentile({4, 1, 3, 2}, 50), 2.5);
  EXPECT_DOUBLE_EQ(core::percentile({4, 1, 3, 2}, 10), 1.3);
  EXPECT_DOUBLE_EQ(core::percentile({4, 1, 3, 2}, 99.5), 3.985);
  EXPECT_DOUBLE_EQ(core::percentile({7}, 0.5), 7);
}

TEST(Fingerprint, CropsAndMeasuresInCanonicalOrder) {
  const tests::TemporaryFolder folder;
  const DatasetDescription dataset = tests::made_dataset(folder.path(), 1);
  // Stored front to back, foot to head, right to left; zero but for a box of 4 x 5 x 6 (z, y, x) in canonical axes.
  imaging::Volume image = tests::made_image({7, 9, 8}, {2, 3, 1.5});  // index axes: x 8, y 9, z 7
  image.geometry.direction = {0, 0, -1, 1, 0, 0, 0, 1, 0};  // index x → back (P), y → head (S), z → right (R)
  image.data.zero_();
  image.data.slice(1, 1, 7).slice(2, 2, 6).slice(3, 3, 8).fill_(5);  // z 6 (R), y 4 (S), x 5 (P)
  imaging::Volume labels{at::zeros({7, 9, 8}, at::kInt), image.geometry};
  labels.data[2][3][4] = 1;
  imaging::write_image(dataset.cases[0].images[0], image);
  imaging::write_labels(dataset.cases[0].labels[0].file, labels);
  const Fingerprint found = extract_fingerprint(dataset, {.threads = 1, .foreground_samples = 10});
  EXPECT_EQ(found.cases[0].shape, (std::array<int64_t, 3>{4, 5, 6}));
  EXPECT_EQ(found.cases[0].spacing, (std::array<double, 3>{3, 2, 1.5}));
  EXPECT_DOUBLE_EQ(found.median_relative_size, 4.0 * 5 * 6 / (7 * 9 * 8));
  EXPECT_EQ(found.intensities[0].mean, 5);
  EXPECT_EQ(found.intensities[0].standard_deviation, 0);
  EXPECT_EQ(to_json(found)["shapes_after_crop"][0], nlohmann::json({4, 5, 6}));
}

TEST(Fingerprint, StatisticsOfTheForegroundWhateverTheThreads) {
  const tests::TemporaryFolder folder;
  const DatasetDescription dataset = tests::made_dataset(folder.path(), 3);
  const Fingerprint one = extract_fingerprint(dataset, {.threads = 1, .foreground_samples = 300'000});
  const Fingerprint four = extract_fingerprint(dataset, {.threads = 4, .foreground_samples = 300'000});
  EXPECT_EQ(to_json(one), to_json(four));
  // Foreground: the cube 3 … 8 of each axis; the value of voxel (z, y, x) of case i is 224 z + 16 y + x + 1 + i.
  EXPECT_EQ(one.intensities[0].minimum, 224 * 3 + 16 * 3 + 3 + 1);
  EXPECT_EQ(one.intensities[0].maximum, 224 * 8 + 16 * 8 + 8 + 1 + 2);
  EXPECT_NEAR(one.intensities[0].mean, 224 * 5.5 + 16 * 5.5 + 5.5 + 2, 5);
  EXPECT_NEAR(one.intensities[0].standard_deviation, std::sqrt((224.0 * 224 + 16 * 16 + 1) * 35 / 12 + 2.0 / 3), 3);
}

TEST(Fingerprint, IsKeptUntilSomethingChanges) {
  const tests::TemporaryFolder folder;
  DatasetDescription dataset = tests::made_dataset(folder.path(), 3);
  const std::filesystem::path path = folder / "kept" / "fingerprint.json";
  int64_t read = 0;
  const auto again = [&] {
    read = 0;
    return to_json(kept_fingerprint(dataset, path, {.threads = 2, .foreground_samples = 300},
                                    [&](int64_t done, int64_t) { read = done; }));
  };
  const nlohmann::json first = again();
  EXPECT_EQ(read, 3);
  EXPECT_EQ(again(), first);
  EXPECT_EQ(read, 0) << "nothing was decoded";
  imaging::Volume image = tests::made_image();
  image.data += 100;
  imaging::write_image(dataset.cases[1].images[0], image);
  EXPECT_NE(again(), first);
  EXPECT_EQ(read, 3) << "a file changed";
  dataset.cases.pop_back();
  EXPECT_EQ(again()["spacings"].size(), 2U);
  EXPECT_EQ(read, 2) << "a case is gone";
  tests::write_file(path, "{\"spacings\": 3");
  EXPECT_EQ(again()["spacings"].size(), 2U);
  EXPECT_EQ(read, 2) << "a damaged file is made anew";
}

TEST(Fingerprint, NamesTheFileThatCannotBeUsed) {
  const tests::TemporaryFolder folder;
  const DatasetDescription dataset = tests::made_dataset(folder.path(), 3);
  imaging::Volume image = tests::made_image();
  image.data[0][0][0][0] = std::numeric_limits<float>::quiet_NaN();
  imaging::write_image(dataset.cases[1].images[0], image);
  try {
    extract_fingerprint(dataset, {.threads = 2});
    FAIL() << "no error";
  } catch (const core::UserError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("case_1_0000.nii.gz"));
  }
}

TEST(Fingerprint, HippocampusPlanIsNnunets) {
  MEDVOL_NEEDS_DATA("msd_task04_hippocampus");
  const DatasetDescription dataset =
      Decathlon({.root = tests::test_data() / "msd_task04_hippocampus", .patients = std::nullopt}).describe();
  const Fingerprint found = extract_fingerprint(dataset, {.threads = 2, .foreground_samples = 200'000});
  ASSERT_EQ(found.cases.size(), 200u);
  const plan::Plan plan = make_plan(dataset, found);
  EXPECT_EQ(plan.median_shape, (std::vector<double>{35.5, 50, 35})) << "an even number of cases";
  EXPECT_EQ(plan.patch_size, (std::vector<int64_t>{40, 56, 40}));
  EXPECT_EQ(plan.batch_size, 7);
}

}  // namespace
}  // namespace medvol::datasets
