#pragma once
#include "datasets/catalogue/folder_options.h"
#include "datasets/dataset.h"

namespace medvol::datasets {

/// The Brain Tumor Segmentation challenges' training sets as they are downloaded: four modalities and a label map a
/// case, in a folder of the case's name.
///   2018 to 2021  CASE/CASE_t1.nii.gz, _t1ce, _t2, _flair, _seg (2020: .nii); labels 1, 2, 4
///   2023          CASE/CASE-t1n.nii.gz, -t1c, -t2w, -t2f, -seg; labels 1, 2, 3; CASE = BraTS-GLI-PATIENT-TIMEPOINT
/// as nnU-Net reads them (nnunetv2/dataset_conversion/Dataset137_BraTS21.py) and the challenge of 2023 names them
/// (synapse.org, syn51156910). Labels: necrotic core 1, oedema 2, enhancing tumour 4 (3 in 2023). What is predicted are
/// the challenge's regions: whole tumour, tumour core, enhancing tumour. Cases without label map (validation sets) are
/// test cases. Patient and, until 2019, site come from the names (Brats18_CBICA_AAM_1 is patient AAM of site CBICA),
/// the attribute grade from the folders HGG and LGG.
class Brats final : public Dataset {
 public:
  explicit Brats(FolderOptions options) : options_(std::move(options)) {}
  DatasetDescription describe() const override;

 private:
  FolderOptions options_;
};

}  // namespace medvol::datasets
