#pragma once
#include "datasets/catalogue/folder_options.h"
#include "datasets/dataset.h"

namespace medvol::datasets {

/// nnU-Net v2's raw layout: dataset.json (channel_names, labels name → int, file_ending), imagesTr/CASE_0000.ext for
/// every channel, labelsTr/CASE.ext, optionally imagesTs (with labelsTs, as some data sets have it) and
/// splits_final.json.
class NnunetRaw final : public Dataset {
 public:
  explicit NnunetRaw(FolderOptions options);
  DatasetDescription describe() const override;

 private:
  FolderOptions options_;
};

}  // namespace medvol::datasets
