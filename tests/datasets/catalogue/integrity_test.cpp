#include "datasets/catalogue/integrity.h"

#include <gmock/gmock.h>

#include <limits>

#include "datasets/catalogue/decathlon.h"
#include "tests/datasets/catalogue/made_dataset.h"

namespace medvol::datasets {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::vector<std::string> lines(const DatasetDescription& dataset, int64_t threads = 2) {
  std::vector<std::string> result;
  for (const Finding& finding : check_integrity(dataset, threads)) result.push_back(finding.line(dataset.root));
  return result;
}

TEST(Integrity, EveryDefectOfEveryCaseIsOneLine) {
  const tests::TemporaryFolder folder;
  const DatasetDescription dataset = tests::made_dataset(folder.path(), 8);
  EXPECT_THAT(lines(dataset), testing::IsEmpty());

  const auto image_path = [&](int i) { return folder.path() / "imagesTr" / fmt::format("case_{}_0000.nii.gz", i); };
  const auto label_path = [&](int i) { return folder.path() / "labelsTr" / fmt::format("case_{}.nii.gz", i); };
  imaging::Volume image = tests::made_image();
  image.data[0][1][2][3] = std::numeric_limits<float>::quiet_NaN();
  image.data[0][1][2][4] = std::numeric_limits<float>::infinity();
  imaging::write_image(image_path(1), image);
  imaging::Volume labels = tests::made_labels(image);
  labels.data[0][0][0] = 255;
  labels.data[0][0][1] = 9;
  imaging::write_labels(label_path(1), labels);
  imaging::Volume empty = tests::made_labels(image);
  empty.data.zero_();
  imaging::write_labels(label_path(2), empty);
  imaging::write_labels(label_path(3), tests::made_labels(tests::made_image({12, 14, 15})));
  imaging::Volume moved = tests::made_labels(tests::made_image());
  moved.geometry.origin[1] = 40;
  imaging::write_labels(label_path(4), moved);
  const std::string bytes = tests::read_file(image_path(5));
  tests::write_file(image_path(5), bytes.substr(0, bytes.size() / 2));
  tests::write_file(label_path(6), "not an image at all");
  std::filesystem::remove(image_path(7));

  const std::vector<std::string> found = lines(dataset);
  EXPECT_THAT(found,
              testing::ElementsAre(
                  AllOf(HasSubstr("case_1: imagesTr/case_1_0000.nii.gz: 2 voxels are NaN or infinite"),
                        HasSubstr("x 3, y 2, z 1")),
                  AllOf(HasSubstr("case_1: labelsTr/case_1.nii.gz: undeclared labels: 9 (1 voxel), 255 (1 voxel)")),
                  HasSubstr("case_2: labelsTr/case_2.nii.gz: the label is empty"),
                  AllOf(HasSubstr("case_3: labelsTr/case_3.nii.gz: its grid is 15x14x12"), HasSubstr("16x14x12")),
                  HasSubstr("case_4: labelsTr/case_4.nii.gz: its origin is"),
                  HasSubstr("case_5: imagesTr/case_5_0000.nii.gz: "), HasSubstr("case_6: labelsTr/case_6.nii.gz: "),
                  HasSubstr("case_7: imagesTr/case_7_0000.nii.gz: the file is missing")));
  for (const std::string& line : found) EXPECT_THAT(line, testing::Not(HasSubstr("\n")));
  EXPECT_EQ(lines(dataset, 1), lines(dataset, 4)) << "the order does not depend on the threads";
}

TEST(Integrity, ChannelsAreCounted) {
  const tests::TemporaryFolder folder;
  DatasetDescription dataset = tests::made_dataset(folder.path(), 1);
  dataset.channel_names = {"T1", "T2"};
  EXPECT_THAT(lines(dataset), testing::ElementsAre(HasSubstr("1 channels found where dataset.json declares 2")));
}

TEST(Integrity, TheHippocampusIsSound) {
  MEDVOL_NEEDS_DATA("msd_task04_hippocampus");
  const DatasetDescription dataset =
      Decathlon({.root = tests::test_data() / "msd_task04_hippocampus", .patients = std::nullopt}).describe();
  int64_t last = 0;
  EXPECT_THAT(check_integrity(dataset, 2,
                              [&](int64_t done, int64_t total) {
                                EXPECT_EQ(total, 200);
                                EXPECT_EQ(done, ++last);
                              }),
              testing::IsEmpty());
  EXPECT_EQ(last, 200);
}

}  // namespace
}  // namespace medvol::datasets
