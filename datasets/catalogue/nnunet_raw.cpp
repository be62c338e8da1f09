#include "datasets/catalogue/nnunet_raw.h"

#include <algorithm>
#include <map>

#include "datasets/catalogue/channel_files.h"
#include "datasets/catalogue/complete_description.h"
#include "datasets/catalogue/dataset_json.h"
#include "framework/core/error.h"
#include "framework/imaging/image_io.h"

namespace medvol::datasets {
namespace {

namespace fs = std::filesystem;

/// File stems of a folder that have the ending, sorted.
std::vector<std::string> stems(const fs::path& folder, const std::string& ending) {
  std::vector<std::string> result;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.size() > ending.size() && name.ends_with(ending) && !name.starts_with("."))
      result.push_back(name.substr(0, name.size() - ending.size()));
  }
  std::sort(result.begin(), result.end());
  return result;
}

std::map<std::string, std::map<int, fs::path>> images_of(const fs::path& folder, const std::string& ending) {
  return channel_files(folder, [&](const fs::path& file) { return file.filename().string().ends_with(ending); });
}

Case make_case(const std::string& id, const std::map<int, fs::path>& files, const std::optional<fs::path>& label) {
  Case one{.id = id, .patient = id, .site = "", .images = {}};
  if (label) one.labels = {{.file = *label}};
  for (const auto& [channel, file] : files) one.images.push_back(file);
  return one;
}

/// The list goes by the labels, as nnU-Net's does: a label without an image is the integrity check's matter, so the
/// case keeps the names its images should have.
std::vector<Case> training_cases(const fs::path& root, const std::string& ending, size_t channels) {
  const auto images = images_of(root / "imagesTr", ending);
  std::vector<Case> cases;
  for (const std::string& id : stems(root / "labelsTr", ending)) {
    std::map<int, fs::path> files;
    const auto found = images.find(id);
    if (found != images.end()) files = found->second;
    const bool one_file_for_all = files.size() == 1 && files.contains(0) && files[0].filename() == id + ending;
    if (!one_file_for_all)
      for (size_t channel = 0; channel < channels; ++channel)
        files.try_emplace(int(channel), root / "imagesTr" / fmt::format("{}_{:04}{}", id, channel, ending));
    cases.push_back(make_case(id, files, root / "labelsTr" / (id + ending)));
  }
  return cases;
}

std::vector<Case> test_cases(const fs::path& root, const std::string& ending) {
  std::vector<Case> cases;
  if (!fs::is_directory(root / "imagesTs")) return cases;
  for (const auto& [id, files] : images_of(root / "imagesTs", ending)) {
    const fs::path label = root / "labelsTs" / (id + ending);
    cases.push_back(make_case(id, files, fs::exists(label) ? std::optional(label) : std::nullopt));
  }
  return cases;
}

/// dataset.json names the ending since nnU-Net v2; older folders are asked for theirs.
std::string file_ending(const nlohmann::ordered_json& declared, const fs::path& root) {
  if (declared.contains("file_ending") && declared.at("file_ending").is_string())
    return declared.at("file_ending").get<std::string>();
  for (const auto& entry : fs::directory_iterator(root / "labelsTr"))
    if (const std::string ending = imaging::image_ending(entry.path()); !ending.empty()) return ending;
  throw core::UserError("'file_ending' is missing and no image shows it", (root / "dataset.json").string(),
                        R"(such as ".nii.gz")");
}

}  // namespace

NnunetRaw::NnunetRaw(FolderOptions options) : options_(std::move(options)) {}

DatasetDescription NnunetRaw::describe() const {
  MEDVOL_CHECK(options_.root, "the root was not bound");
  DatasetDescription dataset;
  dataset.root = *options_.root;
  const nlohmann::ordered_json declared = read_dataset_json(dataset.root);
  const fs::path file = dataset.root / "dataset.json";
  read_declarations(declared, file, dataset);
  for (const char* folder : {"imagesTr", "labelsTr"})
    if (!fs::is_directory(dataset.root / folder))
      throw core::UserError(fmt::format("there is no folder {}", folder), dataset.root.string(),
                            "nnU-Net's raw layout has imagesTr and labelsTr");
  dataset.file_ending = file_ending(declared, dataset.root);
  dataset.cases = training_cases(dataset.root, dataset.file_ending, dataset.channel_names.size());
  dataset.test_cases = test_cases(dataset.root, dataset.file_ending);
  if (dataset.cases.empty())
    throw core::UserError(fmt::format("labelsTr holds no *{}", dataset.file_ending), dataset.root.string(),
                          "see 'file_ending' in dataset.json");
  if (declared.contains("numTraining") && declared.at("numTraining").is_number_integer() &&
      declared.at("numTraining").get<int64_t>() != static_cast<int64_t>(dataset.cases.size()))
    throw core::UserError(fmt::format("'numTraining' is {}, but labelsTr holds {} cases",
                                      declared.at("numTraining").get<int64_t>(), dataset.cases.size()),
                          file.string(), "correct the number, or complete the folder");
  complete_description(dataset, options_.patients);
  return dataset;
}

}  // namespace medvol::datasets
