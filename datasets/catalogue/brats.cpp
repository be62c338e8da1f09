#include "datasets/catalogue/brats.h"

#include <array>
#include <regex>

#include "datasets/catalogue/complete_description.h"
#include "framework/core/error.h"
#include "framework/imaging/image_io.h"

namespace medvol::datasets {
namespace {

namespace fs = std::filesystem;

/// How a year names a case's files, and which labels it uses.
struct Naming {
  std::array<const char*, 4> modalities;  ///< T1, T1 with contrast, T2, FLAIR, as DatasetDescription::channel_names
  const char* segmentation;
  int64_t enhancing;
};
constexpr Naming until_2021{{"_t1", "_t1ce", "_t2", "_flair"}, "_seg", 4};
constexpr Naming from_2023{{"-t1n", "-t1c", "-t2w", "-t2f"}, "-seg", 3};

std::optional<fs::path> image(const fs::path& folder, const std::string& stem) {
  for (const char* ending : {".nii.gz", ".nii"})
    if (const fs::path file = folder / (stem + ending); fs::exists(file)) return file;
  return std::nullopt;
}

/// The naming that a case's folder follows: any one of its modalities tells.
const Naming* naming_of(const fs::path& folder) {
  const std::string id = folder.filename().string();
  for (const Naming* naming : {&until_2021, &from_2023})
    for (const char* modality : naming->modalities)
      if (image(folder, id + modality)) return naming;
  return nullptr;
}

struct CaseFolder {
  fs::path path;
  const Naming* naming;
};

/// Adds the folders of cases under `folder`, and so many levels deeper (the archive's own folder, HGG and LGG).
void find_cases(const fs::path& folder, int levels, std::vector<CaseFolder>& found) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.is_directory()) continue;
    if (const Naming* naming = naming_of(entry.path()))
      found.push_back({entry.path(), naming});
    else if (levels > 0)
      find_cases(entry.path(), levels - 1, found);
  }
}

/// One case of the set of 2020 (BraTS20_Training_355) came with its label map under the annotator's name.
std::optional<fs::path> misnamed_segmentation(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder))
    if (imaging::image_stem(entry.path()).ends_with("_Segm")) return entry.path();
  return std::nullopt;
}

void read_name(Case& one) {
  std::smatch part;
  // Brats18_CBICA_AAM_1 and Brats18_2013_11_1: site, patient, examination.
  if (static const std::regex until_2019("Brat[sS]1[89]_([A-Za-z0-9]+)_([A-Za-z0-9]+)_[0-9]+");
      std::regex_match(one.id, part, until_2019)) {
    one.site = part[1];
    one.patient = part[1].str() + "_" + part[2].str();
  } else if (static const std::regex of_2023("(BraTS-[A-Za-z]+-[0-9]+)-[0-9]+");
             std::regex_match(one.id, part, of_2023)) {
    one.patient = part[1];
  }
}

Case read_case(const fs::path& folder, const Naming& naming) {
  Case one;
  one.id = one.patient = folder.filename().string();
  read_name(one);
  if (const std::string above = folder.parent_path().filename().string(); above == "HGG" || above == "LGG")
    one.attributes["grade"] = above;
  for (const char* modality : naming.modalities) {
    const auto file = image(folder, one.id + modality);
    if (!file)
      throw core::UserError(fmt::format("the case has no {}{}.nii.gz", one.id, modality), folder.string(),
                            "a case is four images: complete the folder, or take it out");
    one.images.push_back(*file);
  }
  std::optional<fs::path> label = image(folder, one.id + naming.segmentation);
  if (!label) label = misnamed_segmentation(folder);
  if (label) one.labels = {{.file = *label}};
  return one;
}

}  // namespace

DatasetDescription Brats::describe() const {
  DatasetDescription dataset = describe_folder(options_);
  std::vector<CaseFolder> folders;
  find_cases(dataset.root, /*levels=*/2, folders);
  if (folders.empty())
    throw core::UserError("holds no case of BraTS", dataset.root.string(),
                          "expected CASE/CASE_t1.nii.gz (2018 to 2021) or CASE/CASE-t1n.nii.gz (2023)");
  const Naming* naming = folders.front().naming;
  for (const CaseFolder& folder : folders) {
    if (folder.naming != naming)
      throw core::UserError("names its files as another year's challenge than " + folders.front().path.string(),
                            folder.path.string(),
                            "the years label the enhancing tumour differently: give one year's folder");
    add_case(dataset, read_case(folder.path, *naming));
  }
  if (dataset.cases.empty())
    throw core::UserError("no case has a label map", dataset.root.string(),
                          "this is a validation set: train on the training set, and predict these");
  dataset.name = "BraTS";
  dataset.channel_names = {"T1", "T1ce", "T2", "FLAIR"};
  dataset.labels = {{1, "necrotic core"}, {2, "oedema"}, {naming->enhancing, "enhancing tumour"}};
  dataset.regions = {{"whole tumour", {1, 2, naming->enhancing}, 2},
                     {"tumour core", {1, naming->enhancing}, 1},
                     {"enhancing tumour", {naming->enhancing}, naming->enhancing}};
  complete_description(dataset, options_.patients);
  return dataset;
}

}  // namespace medvol::datasets
