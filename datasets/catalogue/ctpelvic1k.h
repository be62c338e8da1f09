#pragma once
#include "datasets/catalogue/folder_options.h"
#include "datasets/dataset.h"

namespace medvol::datasets {

/// CTPelvic1K as it is downloaded from Zenodo (record 4588403), all archives below one folder. Names by
/// constantinpape/torch-em (torch_em/data/datasets/medical/ctpelvic1k.py) and the authors' converter
/// (MIRACLE-Center/CTPelvic1K: nnunet/dataset_conversion/JstPelvisSegmentation_5label.py):
///   …/[datasetN_]KEY_mask_4label.nii.gz      label maps; those of dataset7 come without the prefix
///   …/[datasetN_]KEY_data.nii.gz             images, of dataset6 and dataset7; the others' come from elsewhere
/// Label map and image belong together by KEY. A label map without an image is an error; an image without one is a test
/// case. Labels 1 sacrum and 4 lumbar vertebrae are undisputed. 2 and 3 are the hip bones, but the sources contradict
/// each other: the authors' converter calls 2 right and 3 left, torch-em finds 2 on the patient's left in every scan.
/// So they are named by number. The part (dataset6) is the site.
class CtPelvic1k final : public Dataset {
 public:
  explicit CtPelvic1k(FolderOptions options) : options_(std::move(options)) {}
  DatasetDescription describe() const override;

 private:
  FolderOptions options_;
};

}  // namespace medvol::datasets
