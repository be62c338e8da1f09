#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "datasets/catalogue/declared_labels.h"
#include "datasets/dataset.h"

namespace medvol::datasets {

struct CsvListOptions : DeclaredLabels {
  std::optional<std::filesystem::path> root, folder;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("root", root, "the CSV, a row a case", config::required());
    visit("folder", folder, "what the CSV's paths are relative to; without: the folder it lies in");
    DeclaredLabels::fields(visit);
  }
};

/// Cases as a CSV lists them. Columns: `case`; `image`, or `image_0`, `image_1`, … for a file a channel; `label`, empty
/// for test cases, or `mask_NAME` for each class: a file whose voxels other than 0 are of the class NAME, painted in
/// the columns' order; `patient` and `site` where known; every other column is an attribute.
class CsvList final : public Dataset {
 public:
  explicit CsvList(CsvListOptions options) : options_(std::move(options)) {}
  DatasetDescription describe() const override;

 private:
  CsvListOptions options_;
};

}  // namespace medvol::datasets
