#pragma once
#include "datasets/catalogue/folder_options.h"
#include "datasets/dataset.h"

namespace medvol::datasets {

/// The Kidney Tumor Segmentation challenges as they are downloaded (neheller/kits19, kits21, kits23: README.md):
///   2019, 2023  ROOT/case_00000/{imaging.nii.gz, segmentation.nii.gz}
///   2021        ROOT/case_00000/{imaging.nii.gz, aggregated_MAJ_seg.nii.gz, …}
/// CT. 2019: kidney 1, tumour 2. 2021 and 2023: kidney 1, tumour 2, cyst 3, predicted and scored as the challenge's
/// regions: kidney and masses, masses, tumour (MIC-DKFZ/nnUNet: nnunetv2/dataset_conversion/Dataset220_KiTS2023.py).
/// The folder `instances` of a case, or kits23.json, tells 2023 from 2019. Cases without label map are test cases.
class Kits final : public Dataset {
 public:
  explicit Kits(FolderOptions options) : options_(std::move(options)) {}
  DatasetDescription describe() const override;

 private:
  FolderOptions options_;
};

}  // namespace medvol::datasets
