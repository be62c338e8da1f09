#pragma once
#include <ATen/ATen.h>

#include <filesystem>
#include <string>
#include <vector>

#include "framework/imaging/image_io.h"
#include "tests/datasets/catalogue/layout_checks.h"

namespace medvol::datasets {

struct DecathlonExample {
  const char* folder;
  const char* stem;
  std::vector<std::string> modalities, labels;
};

/// Names as in the tasks' own dataset.json: Task04 is in the test data; the others by the sources that
/// MIC-DKFZ/nnUNet: documentation/dataset_conversion.md (Task05) and copies of the files tell.
inline const std::vector<DecathlonExample> decathlon_tasks{
    {"Task01_BrainTumour",
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

inline std::string quoted(const std::vector<std::string>& names, int first) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i)
    text += (i ? ", \"" : "\"") + std::to_string(static_cast<int>(i) + first) + "\": \"" + names[i] + "\"";
  return text;
}

/// The task's folder with one case, as its archive unpacks on a Mac too: with files ._NAME beside.
inline void write_task(const std::filesystem::path& root, const DecathlonExample& task) {
  const auto channels = static_cast<int64_t>(task.modalities.size());
  imaging::Geometry grid;
  grid.size = {12, 10, 8};
  for (const char* part : {"imagesTr", "labelsTr"}) std::filesystem::create_directories(root / part);
  imaging::write_image(root / "imagesTr" / (std::string(task.stem) + ".nii.gz"),
                       {at::arange(channels * 960, at::kFloat).view({channels, 8, 10, 12}), grid});
  // Task10 keeps its labels as floats.
  at::Tensor labels = at::zeros({1, 8, 10, 12});
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

}  // namespace medvol::datasets
