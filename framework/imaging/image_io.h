#pragma once
#include <filesystem>
#include <string>

#include "framework/imaging/volume.h"

namespace medvol::imaging {

/// What a fourth axis longer than 1 means: a fault of the file, or channels (Decathlon's multi-modal images).
enum class FourthAxis { refuse, channels };

/// Reads .nii .nii.gz .nrrd .nhdr .mha .mhd .png .tif .tiff .jpg .jpeg as float32 [C, D, H, W] in the FILE's own axis
/// order, with the file's geometry; vector and RGB pixels become channels, the alpha channel of a picture is dropped,
/// rescale slope and intercept are applied. A picture has D = 1, `dimensions` 2 and unit spacing unless the file says
/// otherwise. NaN and Inf stay as they are. UserError (path, one line) when the file is missing, truncated, damaged,
/// of complex voxels, or 4D against `fourth_axis`.
Volume read_image(const std::filesystem::path& path, FourthAxis fourth_axis = FourthAxis::refuse);

/// The same as int32 [D, H, W]. UserError on more than one channel (except a grey picture stored as RGB) and on the
/// first value that is not an integer of 32 bits; whole numbers stored as float are accepted.
Volume read_labels(const std::filesystem::path& path);

/// The header only: no voxel is read.
Geometry read_geometry(const std::filesystem::path& path);

/// Writes float32 [C, D, H, W]; the format follows the ending: .nii .nii.gz .nrrd .mha .png .tif .tiff. The file
/// appears complete or not at all, and keeps the geometry to float precision (PNG and TIFF have none to keep). PNG
/// takes whole numbers in 0..65535 only. UserError when the file cannot be written.
void write_image(const std::filesystem::path& path, const Volume& image);

/// Writes integer labels [D, H, W] in the smallest type that holds them: uint8, int16, uint16 or int32.
void write_labels(const std::filesystem::path& path, const Volume& labels);

/// True when the ending is one that read_image knows (case is ignored).
bool is_image_path(const std::filesystem::path& path);
/// ".nii.gz" of "a_0000.nii.gz", in lower case; empty when it is no image ending.
std::string image_ending(const std::filesystem::path& path);
/// "a_0000" of "folder/a_0000.nii.gz"; the file name itself when it has no image ending.
std::string image_stem(const std::filesystem::path& path);

}  // namespace medvol::imaging
