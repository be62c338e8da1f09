// The ten tasks as their dataset.json describes them.
#include <gmock/gmock.h>

#include <ATen/ATen.h>

#include "datasets/catalogue/decathlon.h"
#include "datasets/catalogue/integrity.h"
#include "datasets/catalogue/read_case.h"
#include "framework/imaging/image_io.h"
#include "tests/datasets/catalogue/decathlon_task.h"
#include "tests/datasets/catalogue/layout_checks.h"

namespace medvol::datasets {
namespace {

class DecathlonTask : public testing::TestWithParam<size_t> {};

TEST_P(DecathlonTask, IsRead) {
  const DecathlonExample& task = decathlon_tasks[GetParam()];
  const tests::TemporaryFolder folder;
  write_task(folder / task.folder, task);
  const DatasetDescription dataset = describe<Decathlon>(folder / task.folder);
  EXPECT_EQ(dataset.channel_names, task.modalities);
  ASSERT_EQ(dataset.labels.size(), task.labels.size());
  for (size_t i = 0; i < task.labels.size(); ++i) EXPECT_EQ(dataset.labels.at(int64_t(i) + 1), task.labels[i]);
  EXPECT_THAT(ids(dataset.cases), testing::ElementsAre(task.stem));
  const imaging::Volume image = read_case_image(dataset.cases[0].images, task.modalities.size());
  EXPECT_EQ(image.data.size(0), static_cast<int64_t>(task.modalities.size()));
  EXPECT_EQ(image.data[-1][0][0][1].item<float>(), 960 * static_cast<float>(task.modalities.size() - 1) + 1);
  const at::Tensor labels = read_case_labels(dataset.cases[0], dataset, image.geometry).data;
  EXPECT_EQ(labels.max().item<int32_t>(), static_cast<int32_t>(task.labels.size()));
}

INSTANTIATE_TEST_SUITE_P(AllTen, DecathlonTask, testing::Range(size_t(0), decathlon_tasks.size()),
                         [](const auto& one) { return std::string(decathlon_tasks[one.param].folder); });

TEST(Decathlon, ChannelsThatTheModalitiesDoNotTellOfAreADefect) {
  const tests::TemporaryFolder folder;
  write_task(folder.path(), {"Task05_Prostate", "prostate_00", {"T2", "ADC"}, {"PZ", "TZ"}});
  DecathlonExample told{"Task05_Prostate", "prostate_00", {"T2"}, {"PZ", "TZ"}};
  const std::string image = tests::read_file(folder / "imagesTr/prostate_00.nii.gz");
  write_task(folder.path(), told);
  tests::write_file(folder / "imagesTr/prostate_00.nii.gz", image);
  DatasetDescription dataset = describe<Decathlon>(folder.path());
  dataset.test_cases.clear();
  const auto findings = check_integrity(dataset);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].what, testing::HasSubstr("2 channels found"));
}

}  // namespace
}  // namespace medvol::datasets
