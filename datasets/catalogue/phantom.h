#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>

#include "datasets/dataset.h"
#include "framework/config/bind.h"
#include "framework/config/fields.h"

namespace medvol::datasets {

/// A made data set of small abdomens that must be learned: a liver and a spleen of one mean intensity (told apart by
/// side, size and texture), a kidney that shares its intensity with vessels and stray blobs outside, all of varying
/// position, size and rotation, under a bias field, noise and partial volume.
struct PhantomOptions {
  std::optional<std::filesystem::path> root;  ///< used by the catalogue entry only
  int64_t cases = 30;
  int64_t test_cases = 6;
  int64_t size = 44;
  int64_t seed = 20;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("root", root, "folder to write the phantom to, in nnU-Net's raw layout; one that is there already is read",
          config::required());
    visit("cases", cases, "examinations with labels for training and validation", config::between(1, 10000));
    visit("test_cases", test_cases, "further examinations for testing (imagesTs, labelsTs)", config::between(0, 10000));
    visit("size", size, "voxels along an axis, varied by a tenth from case to case", config::between(32, 256));
    visit("seed", seed, "of everything that varies", config::at_least(0));
  }
};

/// Writes the data set as NIfTI files in nnU-Net's raw layout: imagesTr, labelsTr, imagesTs, labelsTs, dataset.json,
/// the last of which is written last: a folder without it is no data set. Spacing and stored orientation vary. The same
/// options give the same voxels on every machine and for any number of threads (0: all processors).
/// Throws core::UserError when the folder holds something else.
void write_phantom(const std::filesystem::path& folder, const PhantomOptions& options, int64_t threads = 0);

/// Catalogue entry: describe() writes the phantom where it is absent, then reads it like any nnU-Net folder.
class Phantom final : public Dataset {
 public:
  explicit Phantom(PhantomOptions options);
  DatasetDescription describe() const override;

 private:
  PhantomOptions options_;
};

}  // namespace medvol::datasets
