#pragma once
#include "datasets/catalogue/folder_options.h"
#include "datasets/dataset.h"

namespace medvol::datasets {

struct Isbi2012Options {
  std::optional<std::filesystem::path> root;
  int64_t blocks = 5;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("root", root, "the folder that holds train-volume.tif and train-labels.tif", config::required());
    visit("blocks", blocks, "the volume is cut into so many runs of neighbouring slices, a case each and a fold each",
          config::at_least(2));
  }
};

/// The ISBI 2012 challenge of segmenting neuronal structures in electron microscopy stacks:
///   ROOT/train-volume.tif, train-labels.tif, test-volume.tif      30 pages of 512×512 each, 8-bit grey
/// Sizes: Cireşan et al., NIPS 2012, section 3. Labels are white (255) inside cells and black (0) on membranes, "in-out
/// fashion" (the organisers' description, imagej.net/events/isbi-2012-segmentation-challenge), so the foreground is the
/// membrane. All slices are of one specimen and neighbours look alike: slices dealt out one by one would leak, so a
/// fold holds out a run of neighbouring ones. The slices lie 50 nm apart with pixels of 4 nm, which the files do not
/// say.
class Isbi2012 final : public Dataset {
 public:
  explicit Isbi2012(Isbi2012Options options) : options_(std::move(options)) {}
  DatasetDescription describe() const override;

 private:
  Isbi2012Options options_;
};

}  // namespace medvol::datasets
