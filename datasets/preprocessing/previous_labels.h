#pragma once
#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

#include "framework/imaging/grid_transform.h"
#include "framework/plan/plan.h"

namespace medvol::datasets {

/// The label map of a case that the first stage of a cascade predicted: the one image file of that name, whatever its
/// ending, in the folders; or the file itself where a file is given. Throws core::UserError when there is none, or more
/// than one.
std::filesystem::path previous_labels_of(const std::string& id, const std::vector<std::string>& folders);

/// Reads it as classes on the network's grid: uint8 [D, H, W]. Throws core::UserError naming the file when it lies on
/// another grid than the case's image.
at::Tensor read_previous_labels(const std::filesystem::path& file, const imaging::GridTransform& transform,
                                const plan::Plan& plan);

}  // namespace medvol::datasets
