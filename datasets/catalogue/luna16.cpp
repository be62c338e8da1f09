#include "datasets/catalogue/luna16.h"

#include <algorithm>

#include "datasets/catalogue/complete_description.h"
#include "datasets/catalogue/spheres.h"
#include "framework/core/error.h"

namespace medvol::datasets {
namespace {

namespace fs = std::filesystem;
constexpr int subsets = 10;

/// The first of these that exists.
fs::path find(const fs::path& root, std::initializer_list<const char*> places, const char* hint) {
  for (const char* place : places)
    if (fs::exists(root / place)) return root / place;
  throw core::UserError(fmt::format("there is no {}", *places.begin()), root.string(), hint);
}

std::vector<fs::path> images_of(const fs::path& subset) {
  std::vector<fs::path> files;
  if (!fs::is_directory(subset)) return files;
  for (const auto& entry : fs::directory_iterator(subset))
    if (entry.path().extension() == ".mhd") files.push_back(entry.path());
  return files;
}

/// With every subset there, a nodule of another series means that file and images do not belong together.
void check_annotated(const DatasetDescription& dataset, const fs::path& annotations, int subsets_there) {
  const auto spheres = read_spheres(annotations);
  if (subsets_there < subsets) return;
  for (const auto& [series, list] : spheres)
    if (std::none_of(dataset.cases.begin(), dataset.cases.end(), [&](const Case& one) { return one.id == series; }))
      throw core::UserError("names the series " + series + ", which is in no subset", annotations.string(),
                            "complete the subsets, or take the row out");
}

}  // namespace

DatasetDescription Luna16::describe() const {
  DatasetDescription dataset = describe_folder(options_);
  const fs::path annotations = find(dataset.root, {"annotations.csv", "CSVFILES/annotations.csv"},
                                    "dataset.root names the folder with subset0 to subset9 and annotations.csv");
  fs::path lungs;
  if (options_.lungs)
    lungs = find(dataset.root, {"seg-lungs-LUNA16/seg-lungs-LUNA16", "seg-lungs-LUNA16"},
                 "the lung masks are a download of their own; without them: dataset.lungs=false");
  int subsets_there = 0;
  for (int subset = 0; subset < subsets; ++subset) {
    const std::vector<fs::path> images = images_of(dataset.root / fmt::format("subset{}", subset));
    subsets_there += images.empty() ? 0 : 1;
    for (const fs::path& image : images) {
      Case one;
      one.id = one.patient = image.stem().string();
      one.attributes["subset"] = std::to_string(subset);
      one.images = {image};
      if (options_.lungs) one.labels.push_back({.file = lungs / image.filename(), .structure = "3,4", .label = 1});
      one.labels.push_back({.file = annotations, .structure = one.id, .label = options_.lungs ? 2 : 1});
      add_case(dataset, std::move(one));
    }
  }
  if (dataset.cases.empty())
    throw core::UserError("holds no subset0/SERIES.mhd", dataset.root.string(),
                          "dataset.root names the folder with subset0 to subset9");
  check_annotated(dataset, annotations, subsets_there);
  dataset.name = "LUNA16";
  dataset.channel_names = {"CT"};
  if (options_.lungs)
    dataset.labels = {{1, "lungs"}, {2, "nodule"}};
  else
    dataset.labels = {{1, "nodule"}};
  complete_description(dataset, options_.patients);
  if (dataset.given_splits.empty() && !options_.patients && subsets_there > 1)
    dataset.given_splits = folds_of(dataset.cases, [](const Case& one) { return one.attributes.at("subset"); });
  return dataset;
}

}  // namespace medvol::datasets
