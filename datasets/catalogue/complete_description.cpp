#include "datasets/catalogue/complete_description.h"

#include <algorithm>
#include <set>

#include "datasets/catalogue/dataset_json.h"
#include "datasets/catalogue/patient_table.h"
#include "framework/core/error.h"
#include "framework/imaging/image_io.h"

namespace medvol::datasets {

DatasetDescription describe_folder(const FolderOptions& options) {
  MEDVOL_CHECK(options.root, "the root was not bound");
  DatasetDescription dataset;
  dataset.root = *options.root;
  if (!std::filesystem::is_directory(dataset.root))
    throw core::UserError("is no folder", dataset.root.string(), "see dataset.root");
  return dataset;
}

namespace {

/// Of label maps that belong to such an image: its own, where labels can be written so.
std::string ending_for(const std::filesystem::path& image) {
  const std::string own = imaging::image_ending(image);
  for (const char* kept : {".nii.gz", ".nii", ".nrrd", ".mha", ".png", ".tif", ".tiff"})
    if (own == kept) return own;
  return own.starts_with(".jp") ? ".png" : ".nii.gz";
}

}  // namespace

std::string series_case_id(const std::string& patient, const std::string& series_uid) {
  constexpr size_t digits = 5;
  return patient + "_" + series_uid.substr(series_uid.size() < digits ? 0 : series_uid.size() - digits);
}

void add_case(DatasetDescription& dataset, Case one) {
  (one.labels.empty() ? dataset.test_cases : dataset.cases).push_back(std::move(one));
}

std::vector<Split> folds_of(const std::vector<Case>& cases, const std::function<std::string(const Case&)>& part) {
  std::set<std::string> parts;
  for (const Case& one : cases) parts.insert(part(one));
  std::vector<Split> folds;
  for (const std::string& held_out : parts) {
    Split& fold = folds.emplace_back();
    for (const Case& one : cases) (part(one) == held_out ? fold.validation : fold.train).push_back(one.id);
  }
  return folds;
}

void complete_description(DatasetDescription& dataset, const std::optional<std::filesystem::path>& patients) {
  for (auto* cases : {&dataset.cases, &dataset.test_cases}) {
    std::sort(cases->begin(), cases->end(), [](const Case& a, const Case& b) { return a.id < b.id; });
    const auto twice =
        std::adjacent_find(cases->begin(), cases->end(), [](const Case& a, const Case& b) { return a.id == b.id; });
    if (twice != cases->end())
      throw core::UserError("the case '" + twice->id + "' is there twice", dataset.root.string(),
                            "see " + twice->images.front().string() + " and " + (twice + 1)->images.front().string());
  }
  MEDVOL_CHECK(!dataset.cases.empty(), "a layout without cases is refused before");
  if (dataset.file_ending.empty()) dataset.file_ending = ending_for(dataset.cases.front().images.front());
  if (patients) apply_patient_table(*patients, dataset);
  dataset.given_splits = read_given_splits(dataset.root, dataset);
}

}  // namespace medvol::datasets
