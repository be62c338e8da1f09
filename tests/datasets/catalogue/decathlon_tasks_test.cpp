// The ten tasks as their dataset.json describes them.
#include <gmock/gmock.h>

#include <ATen/ATen.h>

#include "datasets/catalogue/decathlon.h"
#include "datasets/catalogue/integrity.h"
#include "datasets/catalogue/read_case.h"
#include "framework/imaging/image_io.h"
#include "tests/datasets/catalogue/layout_checks.h"

namespace medvol::datasets {
namespace {

struct Task {
  const char* folder;
  const char* stem;
  std::vector<std::string> modalities, labels;
};

/// Names as in the tasks' own dataset.json: Task04 is in the test data; the others by the sources that
/// MIC-DKFZ/nnUNet: documentation/dataset_conversion.md (Task05) and copies of the files tell.
const std::vector<Task> tasks{{"Task01_BrainTumour",
                               "BRATS_001",
                               {"FLAIR", "T1w", "t1gd", "T2w"},
                               {"edema", "non-enhancing tumor", "enhancing tumour"}},
                              {"Task02_Heart", "la_003", {"MRI"}, {"left atrium"}},
                              {"Task03_Liver", "liver_0", {"CT"}, {"liver", "cancer"}},
                              {"Task04_Hippocampus", "hippocampus_001", {"MRI"}, {"Anterior", "Posterior"}},
                              {"Task05_Prostate", "prostate_00", {"T2", "ADC"}, {"PZ", "TZ"}},
                              {"Task06_Lung", "lung_001", {"CT"}, {"cancer"}},
                              {"Task07_Pancreas", "pancreas_001", {"CT"}, {"pancreas", "cancer"}},
                              {"Task08_HepaticVessel", "hepaticvessel_001", {"CT"}, {"Vessel", "Tumour"}},
                              {"Task09_Spleen", "spleen_2", {"CT"}, {"spleen"}},
                              {"Task10_Colon", "colon_001", {"CT"}, {"colon cancer primaries"}}};

std::string quoted(const std::vector<std::string>& names, int first) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i)
    text += (i ? ", \"" : "\"") + std::to_string(static_cast<int>(i) + first) + "\": \"" + names[i] + "\"";
  return text;
}

/// The task's folder with one case, as its archive unpacks on a Mac too: with files ._NAME beside.
void write_task(const std::filesystem::path& root, const Task& task) {
  const auto channels = static_cast<int64_t>(task.modalities.size());
  imaging::Geometry grid;
  grid.size = {7, 6, 5};
  imaging::write_image(root / "imagesTr" / (std::string(task.stem) + ".nii.gz"),
                       {at::arange(channels * 210, at::kFloat).view({channels, 5, 6, 7}), grid});
  // Task10 keeps its labels as floats.
  at::Tensor labels = at::zeros({1, 5, 6, 7});
  for (size_t i = 0; i < task.labels.size(); ++i) labels[0][0][0][static_cast<int64_t>(i)] = double(i + 1);
  imaging::write_image(root / "labelsTr" / (std::string(task.stem) + ".nii.gz"), {labels, grid});
  touch(root, {"imagesTr/._" + std::string(task.stem) + ".nii.gz", "labelsTr/._" + std::string(task.stem) + ".nii.gz"});
  const std::string stem = task.stem;
  tests::write_file(root / "dataset.json",
                    R"({"name": ")" + std::string(task.folder).substr(7) +
                        R"(", "description": "", "reference": "", "licence": "CC-BY-SA 4.0", "relase": "1.0",
      "tensorImageSize": ")" +
                        (channels > 1 ? "4D" : "3D") + R"(", "modality": {)" + quoted(task.modalities, 0) +
                        R"(}, "labels": {"0": "background", )" + quoted(task.labels, 1) +
                        R"(}, "numTraining": 1, "numTest": 1, "training": [{"image": "./imagesTr/)" + stem +
                        R"(.nii.gz", "label": "./labelsTr/)" + stem + R"(.nii.gz"}], "test": ["./imagesTs/)" + stem +
                        R"(9.nii.gz"]})");
}

class DecathlonTask : public testing::TestWithParam<size_t> {};

TEST_P(DecathlonTask, IsRead) {
  const Task& task = tasks[GetParam()];
  const tests::TemporaryFolder folder;
  for (const char* part : {"imagesTr", "labelsTr"}) std::filesystem::create_directories(folder / task.folder / part);
  write_task(folder / task.folder, task);
  const DatasetDescription dataset = describe<Decathlon>(folder / task.folder);
  EXPECT_EQ(dataset.channel_names, task.modalities);
  ASSERT_EQ(dataset.labels.size(), task.labels.size());
  for (size_t i = 0; i < task.labels.size(); ++i) EXPECT_EQ(dataset.labels.at(int64_t(i) + 1), task.labels[i]);
  EXPECT_THAT(ids(dataset.cases), testing::ElementsAre(task.stem));
  const imaging::Volume image = read_case_image(dataset.cases[0].images, task.modalities.size());
  EXPECT_EQ(image.data.size(0), static_cast<int64_t>(task.modalities.size()));
  EXPECT_EQ(image.data[-1][0][0][1].item<float>(), 210 * static_cast<float>(task.modalities.size() - 1) + 1);
  const at::Tensor labels = read_case_labels(dataset.cases[0], dataset, image.geometry).data;
  EXPECT_EQ(labels.max().item<int32_t>(), static_cast<int32_t>(task.labels.size()));
}

INSTANTIATE_TEST_SUITE_P(AllTen, DecathlonTask, testing::Range(size_t(0), tasks.size()),
                         [](const auto& one) { return std::string(tasks[one.param].folder); });

TEST(Decathlon, ChannelsThatTheModalitiesDoNotTellOfAreADefect) {
  const tests::TemporaryFolder folder;
  for (const char* part : {"imagesTr", "labelsTr"}) std::filesystem::create_directories(folder / part);
  write_task(folder.path(), {"Task05_Prostate", "prostate_00", {"T2", "ADC"}, {"PZ", "TZ"}});
  Task told{"Task05_Prostate", "prostate_00", {"T2"}, {"PZ", "TZ"}};
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
