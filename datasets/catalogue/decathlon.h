#pragma once
#include "datasets/catalogue/folder_options.h"
#include "datasets/dataset.h"

namespace medvol::datasets {

/// The Medical Segmentation Decathlon's layout: dataset.json lists {"image", "label"} pairs under "training" and images
/// under "test"; labels are "1": "Anterior". An image of several modalities is one four-dimensional file.
class Decathlon final : public Dataset {
 public:
  explicit Decathlon(FolderOptions options);
  DatasetDescription describe() const override;

 private:
  FolderOptions options_;
};

}  // namespace medvol::datasets
