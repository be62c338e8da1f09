#pragma once
#include "datasets/catalogue/folder_options.h"
#include "datasets/dataset.h"

namespace medvol::datasets {

/// The Automated Cardiac Diagnosis Challenge as it is downloaded (mathpluscode/CineMA: cinema/data/acdc/README.md;
/// MIC-DKFZ/nnUNet: nnunetv2/dataset_conversion/Dataset027_ACDC.py):
///   ROOT/training/patient001/{Info.cfg, patient001_frame01.nii.gz, patient001_frame01_gt.nii.gz, …}, ROOT/testing
///   likewise
/// Two cases a patient, end-diastole and end-systole, which Info.cfg names by their frames; the four-dimensional cine
/// series is not read. Labels: right ventricle 1, myocardium 2, left ventricle 3. Attributes: phase (ED, ES) and group
/// (NOR, MINF, DCM, HCM, RV). Cases of `testing` are test cases, with labels where the release has them.
class Acdc final : public Dataset {
 public:
  explicit Acdc(FolderOptions options) : options_(std::move(options)) {}
  DatasetDescription describe() const override;

 private:
  FolderOptions options_;
};

}  // namespace medvol::datasets
