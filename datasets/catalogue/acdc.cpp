#include "datasets/catalogue/acdc.h"

#include <map>
#include <regex>
#include <sstream>

#include "datasets/catalogue/complete_description.h"
#include "framework/core/error.h"
#include "framework/storage/file_error.h"

namespace medvol::datasets {
namespace {

namespace fs = std::filesystem;

/// "Key: value" lines.
std::map<std::string, std::string> read_info(const fs::path& file) {
  if (!fs::exists(file))
    throw core::UserError("the patient has no Info.cfg", file.parent_path().string(),
                          "it says which frames are end-diastole and end-systole");
  std::map<std::string, std::string> info;
  std::istringstream lines(storage::read_bytes(file));
  static const std::regex line_of("\\s*(\\w+)\\s*:\\s*(.*?)\\s*");
  std::smatch part;
  for (std::string line; std::getline(lines, line);)
    if (std::regex_match(line, part, line_of)) info[part[1]] = part[2];
  return info;
}

Case read_phase(const fs::path& folder, const std::map<std::string, std::string>& info, const std::string& phase) {
  const std::string patient = folder.filename().string();
  const auto found = info.find(phase);
  static const std::regex number("[0-9]{1,3}");
  if (found == info.end() || !std::regex_match(found->second, number))
    throw core::UserError("'" + phase + "' is no frame's number", (folder / "Info.cfg").string(),
                          "expected a line such as " + phase + ": 1");
  Case one;
  one.patient = patient;
  one.id = fmt::format("{}_frame{:02}", patient, std::stoi(found->second));
  one.attributes["phase"] = phase;
  if (info.contains("Group")) one.attributes["group"] = info.at("Group");
  one.images = {folder / (one.id + ".nii.gz")};
  if (!fs::exists(one.images.front()))
    throw core::UserError("the " + phase + " frame is missing", one.images.front().string(),
                          "Info.cfg names it: complete the folder");
  if (const fs::path label = folder / (one.id + "_gt.nii.gz"); fs::exists(label)) one.labels = {{.file = label}};
  return one;
}

std::vector<Case> read_part(const fs::path& part) {
  std::vector<Case> cases;
  if (!fs::is_directory(part)) return cases;
  for (const auto& entry : fs::directory_iterator(part)) {
    if (!entry.is_directory() || !entry.path().filename().string().starts_with("patient")) continue;
    const auto info = read_info(entry.path() / "Info.cfg");
    for (const char* phase : {"ED", "ES"}) cases.push_back(read_phase(entry.path(), info, phase));
  }
  return cases;
}

}  // namespace

DatasetDescription Acdc::describe() const {
  MEDVOL_CHECK(options_.root, "the root was not bound");
  DatasetDescription dataset;
  dataset.root = *options_.root;
  dataset.cases = read_part(dataset.root / "training");
  dataset.test_cases = read_part(dataset.root / "testing");
  if (dataset.cases.empty())
    throw core::UserError("holds no training/patient001", dataset.root.string(),
                          "dataset.root names the folder with training and testing");
  for (const Case& one : dataset.cases)
    if (one.labels.empty())
      throw core::UserError("the training case has no label map " + one.id + "_gt.nii.gz",
                            one.images.front().parent_path().string(), "complete the folder");
  dataset.name = "ACDC";
  dataset.channel_names = {"cine MRI"};
  dataset.labels = {{1, "right ventricle"}, {2, "myocardium"}, {3, "left ventricle"}};
  complete_description(dataset, options_.patients);
  return dataset;
}

}  // namespace medvol::datasets
