#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "datasets/dataset.h"
#include "framework/config/bind.h"
#include "framework/config/fields.h"

namespace medvol::datasets {

/// What a layout without a dataset.json must be told.
struct DeclaredLabels {
  std::vector<std::string> channels{"MRI"};
  std::map<std::string, int64_t> labels;
  std::optional<int64_t> ignore_label;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit(
        "channels", channels,
        "name of each channel, which chooses its normalisation: CT, noNorm, rescale_to_0_1, rgb_to_0_1, else z-score");
    visit("labels", labels, "foreground classes, {name: label, ...}; must be given");
    visit("ignore_label", ignore_label, "voxels of this label train and score nothing");
  }
};

struct CsvListOptions : DeclaredLabels {
  std::optional<std::filesystem::path> root;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("root", root, "the CSV, a row a case; paths are relative to its folder", config::required());
    DeclaredLabels::fields(visit);
  }
};

/// Cases as a CSV lists them. Columns: `case`; `image`, or `image_0`, `image_1`, … for a file a channel; `label`, empty
/// for test cases; `patient` and `site` where known; every other column is an attribute.
class CsvList final : public Dataset {
 public:
  explicit CsvList(CsvListOptions options) : options_(std::move(options)) {}
  DatasetDescription describe() const override;

 private:
  CsvListOptions options_;
};

}  // namespace medvol::datasets
