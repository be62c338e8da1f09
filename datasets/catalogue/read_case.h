#pragma once
#include "datasets/dataset.h"
#include "framework/imaging/volume.h"

namespace medvol::datasets {

/// The channels of one examination as one volume [C, D, H, W] float32 in file order: a file a channel, or one file that
/// holds them all. Throws core::UserError naming the file when the number of channels is not `channels`, a channel lies
/// on another grid than the first, or a voxel is NaN or infinite.
imaging::Volume read_case_image(const std::vector<std::filesystem::path>& files, size_t channels);

/// The label map [D, H, W] int32. Throws core::UserError when it does not lie on `grid`, or holds a label that the data
/// set does not declare.
imaging::Volume read_case_labels(const std::filesystem::path& file, const DatasetDescription& dataset, const imaging::Geometry& grid);

/// "label 255 at 12 voxels (first at x 3, y 4, z 5)" for the first undeclared label; empty when all are declared.
std::string undeclared_label(const at::Tensor& labels, const DatasetDescription& dataset);
/// "NaN at x 3, y 4, z 5 of channel 0 (and 11 more)" for the first value that is not finite; empty when there is none.
std::string non_finite_value(const at::Tensor& image);

}  // namespace medvol::datasets
