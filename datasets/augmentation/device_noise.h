#pragma once
#include <ATen/core/Tensor.h>

namespace medvol::datasets {

/// Standard normal values [R, count], float32: those that noise.h adds, from the same Philox words by tensor
/// operations. `key_low`, `key_high` and `channel`: int64 [R], the words of each row.
at::Tensor normal_rows(const at::Tensor& key_low, const at::Tensor& key_high, const at::Tensor& channel, int64_t count);

}  // namespace medvol::datasets
