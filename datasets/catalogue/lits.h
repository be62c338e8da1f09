#pragma once
#include "datasets/catalogue/folder_options.h"
#include "datasets/dataset.h"

namespace medvol::datasets {

/// The Liver Tumor Segmentation challenge as it is downloaded (kaiko-ai/eva: docs/datasets/lits.md):
///   ROOT/Training Batch 1/{volume-0.nii, segmentation-0.nii, …}, ROOT/Training Batch 2/…, or all in one folder
/// CT; labels liver 1, lesion 2. Cases are ordered by number, volume-2 before volume-10, as volume_002. Files
/// test-volume-N.nii are test cases.
class Lits final : public Dataset {
 public:
  explicit Lits(FolderOptions options) : options_(std::move(options)) {}
  DatasetDescription describe() const override;

 private:
  FolderOptions options_;
};

}  // namespace medvol::datasets
