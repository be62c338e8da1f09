#include "datasets/catalogue/ctpelvic1k.h"

#include <regex>

#include "datasets/catalogue/complete_description.h"
#include "framework/core/error.h"
#include "framework/core/nearest.h"

namespace medvol::datasets {
namespace {

namespace fs = std::filesystem;

struct Pair {
  std::optional<fs::path> image, labels;
  std::string part;  ///< "dataset6"
};

/// The part that a file belongs to: of its own name, else of a folder above it.
std::string part_of(const std::string& prefix, const fs::path& file) {
  if (!prefix.empty()) return prefix.substr(0, prefix.size() - 1);
  static const std::regex part("(dataset[0-9])");
  std::smatch found;
  const std::string folder = file.parent_path().filename().string();
  return std::regex_search(folder, found, part) ? found[1].str() : "";
}

std::map<std::string, Pair> find_pairs(const fs::path& root) {
  static const std::regex naming("(dataset[0-9]_)?(.+)_(data|mask_4label)\\.nii\\.gz");
  std::map<std::string, Pair> pairs;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const std::string name = entry.path().filename().string();
    std::smatch found;
    if (name.starts_with(".") || !std::regex_match(name, found, naming)) continue;
    Pair& pair = pairs[found[2]];
    std::optional<fs::path>& place = found[3] == "data" ? pair.image : pair.labels;
    if (place) throw core::UserError("the file is there twice", entry.path().string(), "see " + place->string());
    place = entry.path();
    if (const std::string part = part_of(found[1], entry.path()); !part.empty()) pair.part = part;
  }
  return pairs;
}

}  // namespace

DatasetDescription CtPelvic1k::describe() const {
  DatasetDescription dataset = describe_folder(options_);
  const std::map<std::string, Pair> pairs = find_pairs(dataset.root);
  std::vector<std::string> images;
  for (const auto& [key, pair] : pairs)
    if (pair.image) images.push_back(key);
  for (const auto& [key, pair] : pairs) {
    if (!pair.image)
      throw core::UserError("the label map has no image " + key + "_data.nii.gz", pair.labels->string(),
                            images.empty() ? "the images of dataset1 to dataset5 are downloaded elsewhere"
                                           : core::did_you_mean(key, images));
    Case one{.id = key, .patient = key, .site = pair.part, .images = {*pair.image}};
    if (pair.labels) one.labels = {{.file = *pair.labels}};
    add_case(dataset, std::move(one));
  }
  if (dataset.cases.empty())
    throw core::UserError("holds no *_mask_4label.nii.gz", dataset.root.string(),
                          "dataset.root names the folder that the archives were unpacked into");
  dataset.name = "CTPelvic1K";
  dataset.channel_names = {"CT"};
  dataset.labels = {{1, "sacrum"}, {2, "hip bone 2"}, {3, "hip bone 3"}, {4, "lumbar vertebrae"}};
  complete_description(dataset, options_.patients);
  return dataset;
}

}  // namespace medvol::datasets
