#include "datasets/catalogue/decathlon.h"

#include "datasets/catalogue/complete_description.h"
#include "datasets/catalogue/dataset_json.h"
#include "framework/core/error.h"
#include "framework/imaging/image_io.h"

namespace medvol::datasets {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

fs::path listed_file(const json& entry, const fs::path& root, const fs::path& file) {
  if (!entry.is_string()) throw core::UserError("an entry of 'training' or 'test' names no file", file.string());
  return (root / entry.get<std::string>()).lexically_normal();
}

/// "hippocampus_004" of imagesTr/hippocampus_004.nii.gz, and of hippocampus_004_0000.nii.gz too.
std::string case_id(const fs::path& image) {
  const std::string stem = imaging::image_stem(image);
  return stem.size() > 5 && stem.ends_with("_0000") ? stem.substr(0, stem.size() - 5) : stem;
}

Case read_case(const json& entry, const fs::path& root, const fs::path& file) {
  Case one;
  const bool pair = entry.is_object();
  if (pair && !entry.contains("image")) throw core::UserError("an entry of 'training' has no 'image'", file.string());
  const json& image = pair ? entry.at("image") : entry;
  // MONAI's data lists may give a file a channel.
  if (image.is_array())
    for (const json& channel : image) one.images.push_back(listed_file(channel, root, file));
  else
    one.images.push_back(listed_file(image, root, file));
  if (one.images.empty()) throw core::UserError("an entry of 'training' has an empty 'image'", file.string());
  one.id = one.patient = case_id(one.images.front());
  if (pair && entry.contains("label")) one.labels = {{.file = listed_file(entry.at("label"), root, file)}};
  return one;
}

std::vector<Case> read_list(const json& declared, const char* key, const fs::path& root, const fs::path& file) {
  std::vector<Case> cases;
  if (!declared.contains(key)) return cases;
  if (!declared.at(key).is_array()) throw core::UserError(fmt::format("'{}' is not a list", key), file.string());
  for (const json& entry : declared.at(key)) cases.push_back(read_case(entry, root, file));
  return cases;
}

}  // namespace

Decathlon::Decathlon(FolderOptions options) : options_(std::move(options)) {}

DatasetDescription Decathlon::describe() const {
  MEDVOL_CHECK(options_.root, "the root was not bound");
  DatasetDescription dataset;
  dataset.root = *options_.root;
  const json declared = read_dataset_json(dataset.root);
  const fs::path file = dataset.root / "dataset.json";
  read_declarations(declared, file, dataset);
  dataset.cases = read_list(declared, "training", dataset.root, file);
  dataset.test_cases = read_list(declared, "test", dataset.root, file);
  if (dataset.cases.empty())
    throw core::UserError(
        "'training' lists no case", file.string(),
        R"(expected [{"image": "./imagesTr/…", "label": "./labelsTr/…"}]; for nnU-Net's layout: dataset=nnunet)");
  for (const Case& one : dataset.cases)
    if (one.labels.empty()) throw core::UserError("the training case '" + one.id + "' has no 'label'", file.string());
  complete_description(dataset, options_.patients);
  return dataset;
}

}  // namespace medvol::datasets
