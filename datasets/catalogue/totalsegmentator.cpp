#include "datasets/catalogue/totalsegmentator.h"

#include <algorithm>
#include <set>

#include "datasets/catalogue/complete_description.h"
#include "framework/core/error.h"
#include "framework/core/nearest.h"
#include "framework/storage/csv.h"

namespace medvol::datasets {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> case_folders(const fs::path& root) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(root))
    if (fs::exists(entry.path() / "ct.nii.gz")) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

std::set<std::string> masks_of(const fs::path& folder) {
  std::set<std::string> names;
  const fs::path masks = folder / "segmentations";
  if (!fs::is_directory(masks)) return names;
  const std::string ending = ".nii.gz";
  for (const auto& entry : fs::directory_iterator(masks))
    if (const std::string name = entry.path().filename().string(); name.ends_with(ending) && !name.starts_with("."))
      names.insert(name.substr(0, name.size() - ending.size()));
  return names;
}

/// What labels 1, 2, … are: as chosen, else every name that some case has.
std::vector<std::string> structures_of(const std::vector<fs::path>& folders, const std::vector<std::string>& chosen) {
  std::set<std::string> known;
  for (const fs::path& folder : folders) known.merge(masks_of(folder));
  const std::vector<std::string> all(known.begin(), known.end());
  if (chosen.empty()) return all;
  for (const std::string& name : chosen)
    if (!known.contains(name))
      throw core::UserError("no case has the structure '" + name + "'", "dataset.structures",
                            core::did_you_mean(name, all));
  return chosen;
}

Case read_case(const fs::path& folder, const std::vector<std::string>& structures) {
  Case one;
  one.id = one.patient = folder.filename().string();
  one.images = {folder / "ct.nii.gz"};
  const std::set<std::string> masks = masks_of(folder);
  if (masks.empty()) return one;
  for (size_t i = 0; i < structures.size(); ++i) {
    const fs::path file = folder / "segmentations" / (structures[i] + ".nii.gz");
    if (!masks.contains(structures[i]))
      throw core::UserError("the case has no mask of '" + structures[i] + "'", file.string(),
                            "complete the folder, or leave the structure out of dataset.structures");
    one.labels.push_back({.file = file, .label = static_cast<int64_t>(i + 1)});
  }
  return one;
}

using Table = std::map<std::string, std::map<std::string, std::string>>;

/// meta.csv by case; empty without it.
Table read_meta(const fs::path& file) {
  if (!fs::exists(file)) return {};
  const storage::CsvTable csv = storage::read_csv(file, ';');
  const size_t id = csv.column("image_id", file.string());
  csv.column("split", file.string());
  return csv.by(id);
}

/// The official split as one fold.
Split official_split(const std::vector<Case>& cases) {
  Split split;
  for (const Case& one : cases)
    (one.attributes.at("split") == "val" ? split.validation : split.train).push_back(one.id);
  return split;
}

}  // namespace

DatasetDescription TotalSegmentator::describe() const {
  DatasetDescription dataset = describe_folder(options_);
  const std::vector<fs::path> folders = case_folders(dataset.root);
  const std::vector<std::string> structures = structures_of(folders, options_.structures);
  if (structures.empty())
    throw core::UserError("holds no s0011/ct.nii.gz with segmentations", dataset.root.string(),
                          "dataset.root names the folder of the cases");
  if (structures.size() > 255)
    throw core::UserError(fmt::format("{} structures are more than a label map takes", structures.size()),
                          "dataset.structures", "choose up to 255");
  const fs::path meta_file = dataset.root / "meta.csv";
  const Table meta = read_meta(meta_file);
  for (const fs::path& folder : folders) {
    Case one = read_case(folder, structures);
    if (!meta.empty()) {
      if (!meta.contains(one.id) || !meta.at(one.id).contains("split"))
        throw core::UserError("has no row with a split for '" + one.id + "'", meta_file.string(),
                              "every case stands in it");
      one.attributes = meta.at(one.id);
      if (one.attributes.contains("institute")) one.site = one.attributes.at("institute");
    }
    const bool test = !meta.empty() && one.attributes.at("split") == "test";
    (test || one.labels.empty() ? dataset.test_cases : dataset.cases).push_back(std::move(one));
  }
  if (dataset.cases.empty())
    throw core::UserError("no case has masks and is for training", dataset.root.string(),
                          "see segmentations and split");
  dataset.name = "TotalSegmentator";
  dataset.channel_names = {"CT"};
  for (size_t i = 0; i < structures.size(); ++i) dataset.labels[static_cast<int64_t>(i + 1)] = structures[i];
  complete_description(dataset, options_.patients);
  if (!meta.empty() && dataset.given_splits.empty()) {
    const Split split = official_split(dataset.cases);
    if (!split.train.empty() && !split.validation.empty()) dataset.given_splits = {split};
  }
  return dataset;
}

}  // namespace medvol::datasets
