#pragma once
#include <ATen/core/Tensor.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "datasets/dataset.h"
#include "framework/imaging/volume.h"

namespace medvol::datasets {

/// Brings the channels of `part` [C, D, H, W] onto the grid of the case's first file.
using ChannelAlignment = std::function<at::Tensor(const imaging::Volume& part, const imaging::Volume& first)>;

/// The channels of one examination as one volume [C, D, H, W] float32 in file order: a path (voxel_file.h) a channel,
/// or one that holds them all. Each file after the first goes through `alignment`. Throws core::UserError naming the
/// file when the number of channels is not `channels`, a channel lies on another grid than the first (and there is no
/// alignment), or a voxel is NaN or infinite.
imaging::Volume read_case_image(const std::vector<std::filesystem::path>& files, size_t channels,
                                const ChannelAlignment& alignment = {});

/// The label map [D, H, W] int32, painted of all the case's label files. Throws core::UserError when one does not lie
/// on `grid`, or holds a label that the data set does not declare.
imaging::Volume read_case_labels(const Case& one, const DatasetDescription& dataset, const imaging::Geometry& grid);

/// Paints a part (label_part.h) over `labels` [D, H, W] int32.
void paint(at::Tensor& labels, const at::Tensor& part, std::optional<int64_t> label);

/// What is wrong with a part of a case, in words; empty when nothing is.
std::string grid_difference(const imaging::Geometry& found, const imaging::Geometry& expected);
/// "undeclared labels: 255 (12 voxels), 7 (1 voxel)", at most five of them.
std::string undeclared_labels(const at::Tensor& labels, const DatasetDescription& dataset);
/// "12 voxels are NaN or infinite, the first at x 3, y 4, z 5 of channel 0".
std::string non_finite_values(const at::Tensor& image);

/// What to do about each of these.
namespace hints {
inline constexpr const char* grid = "image and label must lie on one grid: resample one onto the other";
inline constexpr const char* labels = "correct the file, or declare the label (dataset.json, dataset.labels)";
inline constexpr const char* non_finite = "replace these voxels, or take the case out";
}  // namespace hints

}  // namespace medvol::datasets
