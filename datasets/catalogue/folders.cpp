#include "datasets/catalogue/folders.h"

#include "datasets/catalogue/channel_files.h"
#include "datasets/catalogue/complete_description.h"
#include "framework/core/error.h"
#include "framework/core/nearest.h"
#include "framework/imaging/image_io.h"

namespace medvol::datasets {
namespace {

namespace fs = std::filesystem;

std::map<std::string, fs::path> label_maps(const fs::path& folder) {
  std::map<std::string, fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with(".") || !imaging::is_image_path(entry.path())) continue;
    const auto [place, is_new] = found.emplace(imaging::image_stem(entry.path()), entry.path());
    if (!is_new)
      throw core::UserError("the case has two label maps", entry.path().string(), "see " + place->second.string());
  }
  return found;
}

/// Channels 0, 1, … of one case; a gap means a file is missing.
std::vector<fs::path> channels_of(const std::string& id, const std::map<int, fs::path>& files) {
  std::vector<fs::path> images;
  for (const auto& [channel, file] : files) {
    if (channel != static_cast<int>(images.size()))
      throw core::UserError(fmt::format("the case '{}' has no channel {}", id, images.size()), file.string(),
                            "channels are numbered CASE_0000, CASE_0001, …");
    images.push_back(file);
  }
  return images;
}

}  // namespace

DatasetDescription Folders::describe() const {
  DatasetDescription dataset = describe_folder(options_);
  for (const char* part : {"images", "labels"})
    if (!fs::is_directory(dataset.root / part))
      throw core::UserError(fmt::format("there is no folder {}", part), dataset.root.string(),
                            "expected images/CASE.nii.gz and labels/CASE.nii.gz");
  const std::map<std::string, fs::path> labels = label_maps(dataset.root / "labels");
  const auto images = channel_files(dataset.root / "images", imaging::is_image_path,
                                    [&](const std::string& stem) { return labels.contains(stem); });
  std::vector<std::string> known;
  for (const auto& [id, files] : images) {
    Case one{.id = id, .patient = id, .site = "", .images = channels_of(id, files)};
    if (const auto label = labels.find(id); label != labels.end()) one.labels = {{.file = label->second}};
    add_case(dataset, std::move(one));
    known.push_back(id);
  }
  for (const auto& [id, file] : labels)
    if (!images.contains(id))
      throw core::UserError("the label map has no image", file.string(), core::did_you_mean(id, known));
  if (dataset.cases.empty())
    throw core::UserError("labels holds no image file", dataset.root.string(), "see medvol datasets describe folders");
  dataset.name = fs::absolute(dataset.root).lexically_normal().filename().string();
  if (dataset.name.empty()) dataset.name = "folders";
  declare_labels(options_, "folders name no classes", dataset);
  complete_description(dataset, options_.patients);
  return dataset;
}

}  // namespace medvol::datasets
