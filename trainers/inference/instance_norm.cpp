#include "trainers/inference/instance_norm.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/instance_norm_native.h>
#include <c10/core/InferenceMode.h>
#include <torch/library.h>

namespace medvol::trainers {
namespace {

/// Values summed in float32 before the sums join others in float64, and the values of one task.
constexpr int64_t kRun = 256, kTask = 64 * kRun;
constexpr int kLanes = 16;

float widen(float value) { return value; }
float widen(c10::BFloat16 value) { return std::bit_cast<float>(uint32_t{value.x} << 16); }
void narrow(float value, float& out) { out = value; }
void narrow(float value, c10::BFloat16& out) {
  const auto bits = std::bit_cast<uint32_t>(value);  // to the nearest, halves to even
  const uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
  out.x = static_cast<uint16_t>(value == value ? rounded : 0x7fc0u);
}

/// Sum and sum of squares of what values lie apart from a shift near them, so that no digits cancel.
struct Moments {
  double sum = 0, squares = 0;
};

/// Adds sum and sum of squares of (value − shift) for `width` ≤ 16 neighbouring channels over rows [begin, end).
template <class Value>
void add_rows(const Value* values, int64_t stride, int64_t begin, int64_t end, const float* shift, int width,
              Moments* moments) {
  for (int64_t first = begin; first < end; first += kRun) {
    float sum[kLanes] = {}, squares[kLanes] = {};
    const int64_t last = std::min(end, first + kRun);
    const auto run = [&](auto lanes) {
      for (int64_t row = first; row < last; ++row) {
        const Value* at = values + row * stride;
        for (int lane = 0; lane < lanes; ++lane) {
          const float apart = widen(at[lane]) - shift[lane];
          sum[lane] += apart;
          squares[lane] += apart * apart;
        }
      }
    };
    if (width == kLanes)
      run(std::integral_constant<int, kLanes>{});
    else
      run(width);
    for (int lane = 0; lane < width; ++lane) {
      moments[lane].sum += sum[lane];
      moments[lane].squares += squares[lane];
    }
  }
}

/// The same of one channel whose values stand side by side.
template <class Value>
void add_plane(const Value* values, int64_t begin, int64_t end, float shift, Moments& moments) {
  float shifts[kLanes];
  std::fill(std::begin(shifts), std::end(shifts), shift);
  Moments lanes[kLanes];
  const int64_t rows = (end - begin) / kLanes;
  add_rows(values + begin, kLanes, 0, rows, shifts, kLanes, lanes);
  for (const Moments& lane : lanes) {
    moments.sum += lane.sum;
    moments.squares += lane.squares;
  }
  for (int64_t i = begin + rows * kLanes; i < end; ++i) {
    const double apart = widen(values[i]) - shift;
    moments.sum += apart;
    moments.squares += apart * apart;
  }
}

struct Shape {
  int64_t images, channels, voxels;
  bool channels_last;
  int64_t tasks() const { return (voxels + kTask - 1) / kTask; }
};

/// Of every image and channel: y = (x − mean)·scale + offset.
struct Affine {
  std::vector<float> mean, scale, offset;
};

template <class Value>
Affine affine_of(const Value* values, const Shape& shape, const float* weight, const float* bias, double epsilon) {
  const int64_t channels = shape.channels, tasks = shape.tasks(), planes = shape.images * channels;
  const auto start = [&](int64_t image, int64_t channel) {
    return values + image * channels * shape.voxels + channel * (shape.channels_last ? 1 : shape.voxels);
  };
  std::vector<Moments> moments(static_cast<size_t>(tasks * planes));
  const auto one_task = [&](int64_t image, int64_t task) {
    const int64_t begin = task * kTask, end = std::min(shape.voxels, begin + kTask);
    Moments* into = moments.data() + (task * shape.images + image) * channels;
    float shift[kLanes];
    for (int64_t channel = 0; channel < channels; channel += shape.channels_last ? kLanes : 1) {
      const Value* first = start(image, channel);
      if (!shape.channels_last) {
        add_plane(first, begin, end, widen(*first), into[channel]);
        continue;
      }
      const int width = static_cast<int>(std::min<int64_t>(kLanes, channels - channel));
      for (int lane = 0; lane < width; ++lane) shift[lane] = widen(first[lane]);
      add_rows(first, channels, begin, end, shift, width, into + channel);
    }
  };
  at::parallel_for(0, shape.images * tasks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) one_task(i / tasks, i % tasks);
  });
  Affine affine;
  for (auto* list : {&affine.mean, &affine.scale, &affine.offset}) list->resize(static_cast<size_t>(planes));
  for (int64_t plane = 0; plane < planes; ++plane) {
    const int64_t image = plane / channels, channel = plane % channels;
    Moments all;
    for (int64_t task = 0; task < tasks; ++task) {
      all.sum += moments[static_cast<size_t>(task * planes + plane)].sum;
      all.squares += moments[static_cast<size_t>(task * planes + plane)].squares;
    }
    const auto count = static_cast<double>(shape.voxels);
    const double apart = all.sum / count, variance = std::max(0.0, all.squares / count - apart * apart);
    affine.mean[static_cast<size_t>(plane)] =
        static_cast<float>(static_cast<double>(widen(*start(image, channel))) + apart);
    affine.scale[static_cast<size_t>(plane)] =
        static_cast<float>((weight ? static_cast<double>(weight[channel]) : 1.0) / std::sqrt(variance + epsilon));
    affine.offset[static_cast<size_t>(plane)] = bias ? bias[channel] : 0.0f;
  }
  return affine;
}

template <class Value>
void apply(const Value* __restrict in, Value* __restrict out, const Shape& shape, const Affine& affine) {
  const int64_t channels = shape.channels, tasks = shape.tasks();
  const auto rows = [&](int64_t image, int64_t begin, int64_t end) {
    const float* mean = affine.mean.data() + image * channels;
    const float* scale = affine.scale.data() + image * channels;
    const float* offset = affine.offset.data() + image * channels;
    for (int64_t row = image * shape.voxels + begin; row < image * shape.voxels + end; ++row) {
      const Value* __restrict from = in + row * channels;
      Value* __restrict to = out + row * channels;
      for (int64_t channel = 0; channel < channels; ++channel)
        narrow((widen(from[channel]) - mean[channel]) * scale[channel] + offset[channel], to[channel]);
    }
  };
  const auto planes = [&](int64_t image, int64_t begin, int64_t end) {
    for (int64_t plane = image * channels; plane < (image + 1) * channels; ++plane) {
      const auto of = static_cast<size_t>(plane);
      const float mean = affine.mean[of], scale = affine.scale[of], offset = affine.offset[of];
      const Value* __restrict from = in + plane * shape.voxels;
      Value* __restrict to = out + plane * shape.voxels;
      for (int64_t i = begin; i < end; ++i) narrow((widen(from[i]) - mean) * scale + offset, to[i]);
    }
  };
  at::parallel_for(0, shape.images * tasks, 1, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t begin = i % tasks * kTask, end = std::min(shape.voxels, begin + kTask);
      shape.channels_last ? rows(i / tasks, begin, end) : planes(i / tasks, begin, end);
    }
  });
}

template <class Value>
void normalise(const at::Tensor& x, const at::Tensor& out, const Shape& shape, const float* weight, const float* bias,
               double epsilon) {
  const Affine affine = affine_of(x.const_data_ptr<Value>(), shape, weight, bias, epsilon);
  apply(x.const_data_ptr<Value>(), out.mutable_data_ptr<Value>(), shape, affine);
}

at::Tensor instance_norm(const at::Tensor& x, const std::optional<at::Tensor>& weight,
                         const std::optional<at::Tensor>& bias, const std::optional<at::Tensor>& running_mean,
                         const std::optional<at::Tensor>& running_variance, bool use_input_stats, double momentum,
                         double epsilon, bool cudnn_enabled) {
  const auto defined = [](const std::optional<at::Tensor>& tensor) { return tensor && tensor->defined(); };
  const auto usable = [&](const std::optional<at::Tensor>& tensor) {
    return !defined(tensor) || (tensor->scalar_type() == at::kFloat && tensor->is_contiguous());
  };
  const auto format = x.suggest_memory_format();
  const bool ours = c10::InferenceMode::is_enabled() && use_input_stats && !defined(running_mean) &&
                    !defined(running_variance) && usable(weight) && usable(bias) && x.dim() > 2 && x.numel() > 0 &&
                    (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
  if (!ours || x.numel() == x.size(0) * x.size(1))  // LibTorch refuses images of one voxel, and says so
    return at::native::instance_norm(x, weight, bias, running_mean, running_variance, use_input_stats, momentum,
                                     epsilon, cudnn_enabled);
  const at::Tensor in = x.contiguous(format), out = at::empty_like(in);
  const Shape shape{x.size(0), x.size(1), x.numel() / (x.size(0) * x.size(1)), format != at::MemoryFormat::Contiguous};
  const float* scale = defined(weight) ? weight->const_data_ptr<float>() : nullptr;
  const float* offset = defined(bias) ? bias->const_data_ptr<float>() : nullptr;
  if (x.scalar_type() == at::kFloat)
    normalise<float>(in, out, shape, scale, offset, epsilon);
  else
    normalise<c10::BFloat16>(in, out, shape, scale, offset, epsilon);
  return out;
}

}  // namespace

void use_fast_instance_norm() {
  // With a kernel of its own for CPUs the operator would lose the derivative that LibTorch composes for it: that way is
  // named as well.
  static const auto libraries = [] {
    std::vector<torch::Library> made;
    made.emplace_back(torch::Library::IMPL, "aten", c10::DispatchKey::AutogradCPU, __FILE__, __LINE__);
    made.back().impl("instance_norm", TORCH_FN(at::native::instance_norm));
    made.emplace_back(torch::Library::IMPL, "aten", c10::DispatchKey::CPU, __FILE__, __LINE__);
    made.back().impl("instance_norm", TORCH_FN(instance_norm));
    return made;
  }();
}

}  // namespace medvol::trainers
