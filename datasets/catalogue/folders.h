#pragma once
#include "datasets/catalogue/declared_labels.h"
#include "datasets/catalogue/folder_options.h"
#include "datasets/dataset.h"

namespace medvol::datasets {

struct FoldersOptions : FolderOptions, DeclaredLabels {
  template <class Visitor>
  void fields(Visitor& visit) {
    FolderOptions::fields(visit);
    DeclaredLabels::fields(visit);
  }
};

/// Plain folders: ROOT/images and ROOT/labels, files of the same stem belong together.
///   images/CASE.nii.gz, labels/CASE.nii.gz                        one file holds all channels
///   images/CASE_0000.nii.gz, images/CASE_0001.nii.gz, …           a file a channel
/// The endings of images and labels may differ (slide.jpg, slide.png). An image without a label map is a test case; a
/// label map without an image is an error.
class Folders final : public Dataset {
 public:
  explicit Folders(FoldersOptions options) : options_(std::move(options)) {}
  DatasetDescription describe() const override;

 private:
  FoldersOptions options_;
};

}  // namespace medvol::datasets
