#include "datasets/catalogue/lits.h"

#include <regex>

#include "datasets/catalogue/complete_description.h"
#include "framework/core/error.h"

namespace medvol::datasets {
namespace {

namespace fs = std::filesystem;

/// The case of a volume's file; nothing for other files.
std::optional<Case> read_case(const fs::path& file) {
  static const std::regex volume("(test-)?volume-([0-9]{1,4})(\\.nii(?:\\.gz)?)");
  std::smatch part;
  const std::string name = file.filename().string();
  if (!std::regex_match(name, part, volume)) return std::nullopt;
  Case one;
  one.id = one.patient = fmt::format("{}volume_{:03}", part[1].matched ? "test_" : "", std::stoi(part[2]));
  one.images = {file};
  if (!part[1].matched) one.labels = {{.file = file.parent_path() / ("segmentation-" + part[2].str() + part[3].str())}};
  return one;
}

}  // namespace

DatasetDescription Lits::describe() const {
  DatasetDescription dataset = describe_folder(options_);
  for (const auto& entry : fs::recursive_directory_iterator(dataset.root)) {
    if (!entry.is_regular_file()) continue;
    if (auto one = read_case(entry.path())) add_case(dataset, std::move(*one));
  }
  if (dataset.cases.empty())
    throw core::UserError("holds no volume-N.nii", dataset.root.string(),
                          "dataset.root names the folder with 'Training Batch 1' and 'Training Batch 2'");
  for (const Case& one : dataset.cases)
    if (const fs::path& label = one.labels.front().file; !fs::exists(label))
      throw core::UserError("the case has no label map", label.string(), "every volume-N has a segmentation-N");
  dataset.name = "LiTS";
  dataset.channel_names = {"CT"};
  dataset.labels = {{1, "liver"}, {2, "lesion"}};
  complete_description(dataset, options_.patients);
  return dataset;
}

}  // namespace medvol::datasets
