#pragma once
#include "datasets/catalogue/declared_labels.h"
#include "datasets/catalogue/folder_options.h"
#include "datasets/dataset.h"
#include "framework/imaging/volume.h"

namespace medvol::datasets {

struct Hdf5FileOptions : FolderOptions, DeclaredLabels {
  template <class Visitor>
  void fields(Visitor& visit) {
    FolderOptions::fields(visit);
    DeclaredLabels::fields(visit);
  }
};

/// A whole data set in one HDF5 file, as h5py writes it:
///   /images/CASE   [D, H, W] or [C, D, H, W], any numeric type, chunked and compressed as one likes
///   /labels/CASE   [D, H, W] integers; none for a test case
/// Attributes of an image: `spacing`, three numbers in mm, of axes D, H, W: must be there; `origin`, three numbers, mm
/// LPS of the first voxel (default 0); `direction`, nine numbers, rows of the matrix whose columns are the directions
/// of W, H and D (default the identity); texts `patient` and `site`; other texts are attributes of the case.
class Hdf5File final : public Dataset {
 public:
  explicit Hdf5File(Hdf5FileOptions options) : options_(std::move(options)) {}
  DatasetDescription describe() const override;

 private:
  Hdf5FileOptions options_;
};

/// The array at `place` of such a file; labels lie on the grid of the image of the same name. Image: float32
/// [C, D, H, W]; labels: int32 [D, H, W].
imaging::Volume read_hdf5_image(const std::filesystem::path& file, const std::string& place);
imaging::Volume read_hdf5_labels(const std::filesystem::path& file, const std::string& place);

}  // namespace medvol::datasets
