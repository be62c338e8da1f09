#pragma once
#include <filesystem>

#include "framework/imaging/volume.h"

namespace medvol::datasets {

/// What a path of a case may lead to:
///   an image file                          imaging::read_image
///   a folder                               the one DICOM series in it
///   pages of a TIFF stack, from 0          stack.tif/pages_6-11 is six slices
///   an array in an HDF5 file               cases.h5/images/case_1 (hdf5_file.h)
/// The latter two exist on no disk: file_on_disk gives what does.
imaging::Volume read_image_at(const std::filesystem::path& path);

/// The same for a label map, int32 [D, H, W].
imaging::Volume read_labels_at(const std::filesystem::path& path);

/// The file or folder that `path` is, or goes on inside of; `path` itself when there is none.
std::filesystem::path file_on_disk(const std::filesystem::path& path);

}  // namespace medvol::datasets
