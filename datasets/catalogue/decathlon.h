#pragma once
#include <filesystem>
#include <optional>

#include "datasets/dataset.h"
#include "framework/config/bind.h"
#include "framework/config/fields.h"

namespace medvol::datasets {

struct DecathlonOptions {
  std::optional<std::filesystem::path> root;
  std::optional<std::filesystem::path> patients;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("root", root, "folder that holds dataset.json with its \"training\" list", config::required());
    visit("patients", patients, "CSV of case,patient[,site]: cases of one patient stay on one side of every split");
  }
};

/// The Medical Segmentation Decathlon's layout: dataset.json lists {"image", "label"} pairs under "training" and images
/// under "test"; labels are "1": "Anterior". An image of several modalities is one four-dimensional file.
class Decathlon final : public Dataset {
 public:
  explicit Decathlon(DecathlonOptions options);
  DatasetDescription describe() const override;

 private:
  DecathlonOptions options_;
};

}  // namespace medvol::datasets
