#pragma once
#include "datasets/catalogue/folder_options.h"
#include "datasets/dataset.h"

namespace medvol::datasets {

struct Luna16Options : FolderOptions {
  bool lungs = true;

  template <class Visitor>
  void fields(Visitor& visit) {
    FolderOptions::fields(visit);
    visit("lungs", lungs, "label 1 is the lungs and 2 the nodules; false: 1 is the nodules, and no lung mask is read");
  }
};

/// LUNA16 as it is downloaded (luna16.grand-challenge.org/Data):
///   ROOT/subset0/SERIES.mhd + SERIES.raw, … subset9         888 CTs of LIDC-IDRI; SERIES is the SeriesInstanceUID
///   ROOT/annotations.csv, or ROOT/CSVFILES/annotations.csv  seriesuid, coordX, coordY, coordZ, diameter_mm
///   ROOT/seg-lungs-LUNA16/SERIES.mhd + SERIES.zraw          or once more in a folder of that name
/// Coordinates are mm of the patient, LPS, of headers that may hold a direction (lfz/DSB2017: training/prepare.py flips
/// such): nodules are spheres on the image's own grid, not outlines. Lung masks hold 3 and 4 in the two lungs (the same
/// script) and other numbers elsewhere; a program made them. The subsets are the official ten folds. Patients are not
/// told: a table of LIDC's can be given.
class Luna16 final : public Dataset {
 public:
  explicit Luna16(Luna16Options options) : options_(std::move(options)) {}
  DatasetDescription describe() const override;

 private:
  Luna16Options options_;
};

}  // namespace medvol::datasets
