#pragma once
#include <torch/types.h>

#include <functional>

#include "framework/parallel/group.h"

namespace medvol::parallel {

/// A sum over everything that shares a batch, which backward knows: forward sums over the ranks, backward sums their
/// gradients. Where every rank then holds a loss of the whole batch, the gradients of the ranks' shares of it add up to
/// those of one process. All ranks call it, in the same order. The group outlives what it returns.
std::function<torch::Tensor(const torch::Tensor&)> batch_sum(Group& group);

}  // namespace medvol::parallel
