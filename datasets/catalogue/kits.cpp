#include "datasets/catalogue/kits.h"

#include <algorithm>

#include "datasets/catalogue/complete_description.h"
#include "framework/core/error.h"

namespace medvol::datasets {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> case_folders(const fs::path& root) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(root))
    if (entry.is_directory() && entry.path().filename().string().starts_with("case_")) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

enum class Year { of_2019, of_2021, of_2023 };

Year year_of(const fs::path& root, const std::vector<fs::path>& folders) {
  const auto any_has = [&](const char* name) {
    return std::any_of(folders.begin(), folders.end(), [&](const fs::path& one) { return fs::exists(one / name); });
  };
  if (any_has("aggregated_MAJ_seg.nii.gz")) return Year::of_2021;
  return any_has("instances") || fs::exists(root / "kits23.json") ? Year::of_2023 : Year::of_2019;
}

Case read_case(const fs::path& folder, Year year) {
  Case one;
  one.id = one.patient = folder.filename().string();
  one.images = {folder / "imaging.nii.gz"};
  if (!fs::exists(one.images.front()))
    throw core::UserError("the case has no imaging.nii.gz", folder.string(),
                          "the repository holds labels only: run the challenge's own download of the images");
  const fs::path label = folder / (year == Year::of_2021 ? "aggregated_MAJ_seg.nii.gz" : "segmentation.nii.gz");
  if (fs::exists(label)) one.labels = {{.file = label}};
  return one;
}

}  // namespace

DatasetDescription Kits::describe() const {
  DatasetDescription dataset = describe_folder(options_);
  const std::vector<fs::path> folders = case_folders(dataset.root);
  const Year year = year_of(dataset.root, folders);
  for (const fs::path& folder : folders) add_case(dataset, read_case(folder, year));
  if (dataset.cases.empty())
    throw core::UserError(
        "holds no case_00000 with a label map", dataset.root.string(),
        "dataset.root names the folder of the cases: kits19/data, kits21/kits21/data, kits23/dataset");
  dataset.name = year == Year::of_2019 ? "KiTS19" : year == Year::of_2021 ? "KiTS21" : "KiTS23";
  dataset.channel_names = {"CT"};
  dataset.labels = {{1, "kidney"}, {2, "tumour"}};
  if (year != Year::of_2019) {
    dataset.labels[3] = "cyst";
    dataset.regions = {{"kidney and masses", {1, 2, 3}, 1}, {"masses", {2, 3}, 3}, {"tumour", {2}, 2}};
  }
  complete_description(dataset, options_.patients);
  return dataset;
}

}  // namespace medvol::datasets
