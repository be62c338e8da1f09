#include "networks/super_resolution/upsampling_steps.h"

#include <algorithm>

#include "framework/core/error.h"
#include "networks/blocks/upsampling.h"

namespace medvol::networks {
namespace {

/// The next step of an axis: 2 while it divides the factor, else 3, else 0; 1 when nothing is left.
int64_t next_step(int64_t factor) {
  if (factor == 1) return 1;
  return factor % 2 == 0 ? 2 : factor % 3 == 0 ? 3 : 0;
}

bool all_ones(const std::vector<int64_t>& factors) {
  return std::all_of(factors.begin(), factors.end(), [](int64_t factor) { return factor == 1; });
}

}  // namespace

std::vector<int64_t> resolved_upsampling(const TaskShape& shape) {
  const auto axes = static_cast<size_t>(shape.dimensions);
  if (shape.upsampling.empty()) return std::vector<int64_t>(axes, 2);
  if (shape.upsampling.size() != axes)
    throw core::UserError(fmt::format("{} up-sampling factors for {} axes", shape.upsampling.size(), axes), "network",
                          "one factor an axis (z, y, x), such as [4, 1, 1]");
  for (const int64_t factor : shape.upsampling) {
    int64_t left = std::max<int64_t>(factor, 0);
    while (left > 1 && next_step(left)) left /= next_step(left);
    if (left != 1)
      throw core::UserError(fmt::format("up-sampling by {} is not made of steps of 2 and 3", factor), "network",
                            "1, 2, 3, 4, 6 or 8 an axis");
  }
  return shape.upsampling;
}

std::vector<std::vector<int64_t>> upsampling_steps(std::vector<int64_t> factors) {
  std::vector<std::vector<int64_t>> steps;
  while (!all_ones(factors)) {
    std::vector<int64_t>& step = steps.emplace_back();
    for (int64_t& factor : factors) {
      step.push_back(next_step(factor));
      MEDVOL_CHECK(step.back() > 0, "a factor of {} is left", factor);
      factor /= step.back();
    }
  }
  return steps;
}

void require_residual_channels(const TaskShape& shape) {
  if (shape.in_channels != shape.out_channels)
    throw core::UserError(fmt::format("the interpolated input has {} channels, the output {}: they cannot be added",
                                      shape.in_channels, shape.out_channels),
                          "network.residual_interpolation", "set it to false, or make the channels equal");
}

torch::Tensor interpolated(const torch::Tensor& x, const std::vector<int64_t>& factors) {
  return all_ones(factors) ? x : upsample_linear(x, factors);
}

void scale_weight(torch::nn::Module& convolution, double factor) {
  const torch::NoGradGuard no_grad;
  convolution.named_parameters(/*recurse=*/false)["weight"].mul_(factor);
}

}  // namespace medvol::networks
