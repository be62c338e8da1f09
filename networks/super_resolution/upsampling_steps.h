#pragma once
#include <vector>

#include "networks/network.h"

namespace medvol::networks {

/// The task's up-sampling, one factor an axis; 2 everywhere where the task says nothing. Throws core::UserError unless
/// there is one factor an axis, each a product of twos and threes (1 included).
std::vector<int64_t> resolved_upsampling(const TaskShape& shape);

/// The factors as steps of 2 or 3, those axes that need more steps going on alone: {4, 2, 1} is {2, 2, 1}, {2, 1, 1}.
std::vector<std::vector<int64_t>> upsampling_steps(std::vector<int64_t> factors);

/// Throws core::UserError unless the input has the output's channels, as the sum of the two wants it.
void require_residual_channels(const TaskShape& shape);

/// x interpolated linearly, or x itself where every factor is 1.
torch::Tensor interpolated(const torch::Tensor& x, const std::vector<int64_t>& factors);

/// Multiplies the weights of a convolution, after its initialisation.
void scale_weight(torch::nn::Module& convolution, double factor);

}  // namespace medvol::networks
