#include "trainers/inference/open_slices.h"

#include <algorithm>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include "framework/core/error.h"

namespace medvol::trainers {
namespace {

constexpr int64_t slices_at_once = 8;

template <class Value>
void read_row(const Value* from, int64_t step, int64_t count, float* to) {
  if (step == 1)
    for (int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]);
  else
    for (int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i * step]);
}

template <class Mean>
void move_means(Mean* means, const float* values, const float* share, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const auto mean = static_cast<float>(means[i]);
    means[i] = static_cast<Mean>(mean + (values[i] - mean) * share[i]);
  }
}

/// Adds one slice of a window to one slice of the ring.
template <class Value, class Mean>
void add_slice(const at::Tensor& values, int64_t z, const float* weights, Mean* means, int64_t means_stride,
               float* sums, int64_t row) {
  const int64_t outputs = values.size(0), height = values.size(2), width = values.size(3);
  const Value* first = values.const_data_ptr<Value>() + z * values.stride(1);
  std::vector<float> share(static_cast<size_t>(width)), line(static_cast<size_t>(width));
  for (int64_t y = 0; y < height; ++y) {
    float* sum = sums + y * row;
    for (int64_t x = 0; x < width; ++x) {
      sum[x] += weights[y * width + x];
      share[static_cast<size_t>(x)] = weights[y * width + x] / sum[x];
    }
    for (int64_t k = 0; k < outputs; ++k) {
      read_row(first + k * values.stride(0) + y * values.stride(2), values.stride(3), width, line.data());
      move_means(means + k * means_stride + y * row, line.data(), share.data(), width);
    }
  }
}

template <class Value, class Mean>
void add_window(const WindowPosition& at, const at::Tensor& values, const at::Tensor& weights, const at::Tensor& means,
                const at::Tensor& sums) {
  const int64_t depth = means.size(1), row = means.size(3), slice = means.size(2) * row;
  at::parallel_for(0, values.size(1), 1, [&](int64_t begin, int64_t end) {
    for (int64_t z = begin; z < end; ++z) {
      const int64_t offset = (at.z + z) % depth * slice + at.y * row + at.x;
      add_slice<Value>(values, z, weights.const_data_ptr<float>() + z * weights.size(1) * weights.size(2),
                       means.mutable_data_ptr<Mean>() + offset, depth * slice, sums.mutable_data_ptr<float>() + offset,
                       row);
    }
  });
}

}  // namespace

OpenSlices::OpenSlices(int64_t outputs, const std::array<int64_t, 3>& size, bool half)
    : means_(at::zeros({outputs, size[0], size[1], size[2]}, half ? at::kHalf : at::kFloat)),
      weights_(at::zeros({size[0], size[1], size[2]})) {}

void OpenSlices::add(const WindowPosition& at, const at::Tensor& values, const at::Tensor& weights) {
  MEDVOL_CHECK(at.z >= begin_ && at.z + values.size(1) <= begin_ + weights_.size(0), "slices {} to {} at {}", at.z,
               at.z + values.size(1), begin_);
  MEDVOL_CHECK(values.scalar_type() == at::kFloat || values.scalar_type() == at::kBFloat16, "neither float32 nor bf16");
  const bool half = means_.scalar_type() == at::kHalf;
  if (values.scalar_type() == at::kFloat)
    half ? add_window<float, c10::Half>(at, values, weights, means_, weights_)
         : add_window<float, float>(at, values, weights, means_, weights_);
  else
    half ? add_window<c10::BFloat16, c10::Half>(at, values, weights, means_, weights_)
         : add_window<c10::BFloat16, float>(at, values, weights, means_, weights_);
}

void OpenSlices::close(int64_t end, const Sink& sink) {
  const int64_t depth = weights_.size(0);
  while (begin_ < end) {
    const int64_t slot = begin_ % depth, count = std::min({end - begin_, depth - slot, slices_at_once});
    const at::Tensor means = means_.narrow(1, slot, count);
    sink(begin_, means.to(at::kFloat, /*non_blocking=*/false, /*copy=*/true));
    means.zero_();
    weights_.narrow(0, slot, count).zero_();
    begin_ += count;
  }
}

}  // namespace medvol::trainers
