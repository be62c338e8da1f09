#pragma once
#include <filesystem>

#include "framework/imaging/itk_bridge.h"

namespace medvol::imaging {

/// The voxels of a .nii or .nii.gz whose header `io` has read, with slope and intercept yet to apply. Read here and not
/// by ITK, whose library replaces NaN and Inf by 0, fills a truncated file with zeros, and does not look at the
/// compressed stream's checksum. UserError (path, one line) when the file is truncated or damaged.
RawPixels read_nifti_voxels(const std::filesystem::path& path, const itk::ImageIOBase& io);

}  // namespace medvol::imaging
