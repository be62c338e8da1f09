#pragma once
#include "datasets/catalogue/folder_options.h"
#include "datasets/dataset.h"

namespace medvol::datasets {

struct TotalSegmentatorOptions : FolderOptions {
  std::vector<std::string> structures;

  template <class Visitor>
  void fields(Visitor& visit) {
    FolderOptions::fields(visit);
    visit("structures", structures,
          "names of the wanted structures, [heart, liver]: labels 1, 2, … in this order; empty: all, by name");
  }
};

/// The TotalSegmentator CT set as it is downloaded (kaiko-ai/eva: docs/datasets/total_segmentator.md;
/// wasserth/TotalSegmentator: resources/convert_dataset_to_nnunet.py):
///   ROOT/s0011/ct.nii.gz, ROOT/s0011/segmentations/liver.nii.gz, …   a mask a structure
///   ROOT/meta.csv                                                  separated by ';'
/// meta.csv has a row a case: image_id, split (train, val, test), and since version 2 age, gender, institute,
/// study_type, manufacturer, scanner_model, kvp, pathology. Its split is the given one, institute is the site, the rest
/// are attributes; without the file there are none of these. Where masks share a voxel the later structure has it, as
/// in that converter. A chosen structure that a case has no file of is an error: the set has one for each, empty ones
/// too.
class TotalSegmentator final : public Dataset {
 public:
  explicit TotalSegmentator(TotalSegmentatorOptions options) : options_(std::move(options)) {}
  DatasetDescription describe() const override;

 private:
  TotalSegmentatorOptions options_;
};

}  // namespace medvol::datasets
