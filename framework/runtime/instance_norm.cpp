#include "framework/runtime/instance_norm.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <tuple>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/instance_norm_native.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

namespace medvol::runtime {
namespace {

/// Values summed in float32 before the sums join others in float64, and the voxels of one task.
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

/// A plane is one channel of one image, plane = image · channels + channel; its voxels stand side by side, or each
/// voxel's channels do (channels-last).
struct Shape {
  int64_t images, channels, voxels;
  bool channels_last;

  explicit Shape(const at::Tensor& x)
      : images(x.size(0)),
        channels(x.size(1)),
        voxels(x.numel() / (x.size(0) * x.size(1))),
        channels_last(x.suggest_memory_format() != at::MemoryFormat::Contiguous) {}
  int64_t planes() const { return images * channels; }
  int64_t tasks() const { return (voxels + kTask - 1) / kTask; }
  /// Where the first voxel of a plane stands.
  int64_t start(int64_t plane) const {
    return channels_last ? plane / channels * channels * voxels + plane % channels : plane * voxels;
  }
};

/// work(image, first voxel, end) for parts of images, side by side.
template <class Work>
void for_each_part(const Shape& shape, const Work& work) {
  const int64_t tasks = shape.tasks();
  at::parallel_for(0, shape.images * tasks, 1, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t begin = i % tasks * kTask;
      work(i / tasks, begin, std::min(shape.voxels, begin + kTask));
    }
  });
}

/// Calls work with the number of lanes, as a constant where all are there.
template <class Work>
void with_lanes(int64_t lanes, const Work& work) {
  if (lanes == kLanes)
    work(std::integral_constant<int, kLanes>{});
  else
    work(static_cast<int>(lanes));
}

struct Sums {
  double first = 0, second = 0;
};

/// Adds what `pair(row, lane)` gives, of `width` ≤ 16 lanes and rows [begin, end), to each lane's sums.
template <class Pair>
void add_rows(int64_t begin, int64_t end, int64_t width, Sums* sums, const Pair& pair) {
  for (int64_t first = begin; first < end; first += kRun) {
    float one[kLanes] = {}, other[kLanes] = {};
    const int64_t last = std::min(end, first + kRun);
    with_lanes(width, [&](auto lanes) {
      for (int64_t row = first; row < last; ++row)
        for (int lane = 0; lane < lanes; ++lane) {
          const auto [a, b] = pair(row, lane);
          one[lane] += a;
          other[lane] += b;
        }
    });
    for (int lane = 0; lane < width; ++lane) {
      sums[lane].first += one[lane];
      sums[lane].second += other[lane];
    }
  }
}

/// Sums over the voxels of every plane of the two numbers `pair(offset, plane)`, in an order that depends on the shape
/// alone.
template <class Pair>
std::vector<Sums> plane_sums(const Shape& shape, const Pair& pair) {
  const int64_t channels = shape.channels, tasks = shape.tasks(), planes = shape.planes();
  std::vector<Sums> parts(static_cast<size_t>(tasks * planes));
  for_each_part(shape, [&](int64_t image, int64_t begin, int64_t end) {
    Sums* into = parts.data() + begin / kTask * planes;
    for (int64_t plane = image * channels; plane < (image + 1) * channels; plane += shape.channels_last ? kLanes : 1) {
      const int64_t start = shape.start(plane);
      if (shape.channels_last) {
        add_rows(begin, end, std::min<int64_t>(kLanes, (image + 1) * channels - plane), into + plane,
                 [&](int64_t row, int lane) { return pair(start + row * channels + lane, plane + lane); });
        continue;
      }
      Sums lanes[kLanes];
      const int64_t rows = (end - begin) / kLanes;
      add_rows(0, rows, kLanes, lanes,
               [&](int64_t row, int lane) { return pair(start + begin + row * kLanes + lane, plane); });
      add_rows(begin + rows * kLanes, end, 1, into + plane, [&](int64_t row, int) { return pair(start + row, plane); });
      for (const Sums& lane : lanes) {
        into[plane].first += lane.first;
        into[plane].second += lane.second;
      }
    }
  });
  std::vector<Sums> sums(parts.begin(), parts.begin() + planes);
  for (int64_t task = 1; task < tasks; ++task)
    for (int64_t plane = 0; plane < planes; ++plane) {
      sums[static_cast<size_t>(plane)].first += parts[static_cast<size_t>(task * planes + plane)].first;
      sums[static_cast<size_t>(plane)].second += parts[static_cast<size_t>(task * planes + plane)].second;
    }
  return sums;
}

/// out = value(offset, plane) everywhere.
template <class Value, class Make>
void fill(Value* out, const Shape& shape, const Make& value) {
  const int64_t channels = shape.channels;
  const auto lanes_at = [&](int64_t offset, int64_t plane, int64_t step, int64_t width) {
    with_lanes(width, [&](auto lanes) {
      float made[kLanes];  // apart from `out`: nothing aliases
      for (int lane = 0; lane < lanes; ++lane) made[lane] = value(offset + lane, plane + step * lane);
      for (int lane = 0; lane < lanes; ++lane) narrow(made[lane], out[offset + lane]);
    });
  };
  for_each_part(shape, [&](int64_t image, int64_t begin, int64_t end) {
    const int64_t first = image * channels;
    if (shape.channels_last) {
      for (int64_t row = image * shape.voxels + begin; row < image * shape.voxels + end; ++row)
        for (int64_t channel = 0; channel < channels; channel += kLanes)
          lanes_at(row * channels + channel, first + channel, 1, std::min<int64_t>(kLanes, channels - channel));
    } else {
      for (int64_t plane = first; plane < first + channels; ++plane)
        for (int64_t voxel = begin; voxel < end; voxel += kLanes)
          lanes_at(plane * shape.voxels + voxel, plane, 0, std::min<int64_t>(kLanes, end - voxel));
    }
  });
}

at::Tensor tensor_of(const std::optional<at::Tensor>& one) { return one.value_or(at::Tensor()); }
const float* data_of(const at::Tensor& tensor) { return tensor.defined() ? tensor.const_data_ptr<float>() : nullptr; }

/// y = (x − mean)/√(variance + ε)·weight + bias of every plane; mean and 1/√(variance + ε), float32 [planes].
template <class Value>
void normalise(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double epsilon, at::Tensor& y,
               at::Tensor& mean, at::Tensor& rate) {
  const Shape shape(x);
  const Value* in = x.const_data_ptr<Value>();
  const auto planes = static_cast<size_t>(shape.planes());
  std::vector<float> shift(planes), scale(planes), offset(planes);  // sums of what lies near 0: no digits cancel
  for (size_t plane = 0; plane < planes; ++plane) shift[plane] = widen(in[shape.start(static_cast<int64_t>(plane))]);
  const std::vector<Sums> sums = plane_sums(shape, [in, from = shift.data()](int64_t i, int64_t plane) {
    const float apart = widen(in[i]) - from[plane];
    return std::pair(apart, apart * apart);
  });
  auto* means = mean.mutable_data_ptr<float>();
  auto* rates = rate.mutable_data_ptr<float>();
  const float *weights = data_of(weight), *biases = data_of(bias);
  for (size_t plane = 0; plane < planes; ++plane) {
    const auto count = static_cast<double>(shape.voxels);
    const size_t channel = plane % static_cast<size_t>(shape.channels);
    const double apart = sums[plane].first / count;
    const double variance = std::max(0.0, sums[plane].second / count - apart * apart);
    means[plane] = static_cast<float>(static_cast<double>(shift[plane]) + apart);
    const double one = 1 / std::sqrt(variance + epsilon);
    rates[plane] = static_cast<float>(one);
    scale[plane] = static_cast<float>(weights ? static_cast<double>(weights[channel]) * one : one);
    offset[plane] = biases ? biases[channel] : 0.0f;
  }
  fill(y.mutable_data_ptr<Value>(), shape,
       [in, means, by = scale.data(), plus = offset.data()](int64_t i, int64_t plane) {
         return (widen(in[i]) - means[plane]) * by[plane] + plus[plane];
       });
}

/// With g the gradient of y, x̂ = (x − mean)·rate and n voxels: of bias Σg, of weight Σg·x̂, of x
/// weight·rate·(g − Σg/n − x̂·Σ(g·x̂)/n).
template <class Value>
void backward(const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& mean,
              const at::Tensor& rate, at::Tensor& of_x, at::Tensor& of_weight, at::Tensor& of_bias) {
  const Shape shape(x);
  const Value *in = x.const_data_ptr<Value>(), *g = gradient.const_data_ptr<Value>();
  const float *means = data_of(mean), *rates = data_of(rate), *weights = data_of(weight);
  const std::vector<Sums> sums = plane_sums(shape, [=](int64_t i, int64_t plane) {
    const float one = widen(g[i]);
    return std::pair(one, one * (widen(in[i]) - means[plane]));
  });
  const auto planes = static_cast<size_t>(shape.planes()), channels = static_cast<size_t>(shape.channels);
  std::vector<double> weight_sums(channels), bias_sums(channels);
  std::vector<float> by_g(planes), by_x(planes), plus(planes);
  for (size_t plane = 0; plane < planes; ++plane) {
    const auto count = static_cast<double>(shape.voxels), one = static_cast<double>(rates[plane]);
    const double along = sums[plane].second * one;  // Σg·x̂
    weight_sums[plane % channels] += along;
    bias_sums[plane % channels] += sums[plane].first;
    const double scale = weights ? static_cast<double>(weights[plane % channels]) * one : one;
    by_g[plane] = static_cast<float>(scale);
    by_x[plane] = static_cast<float>(-scale * along / count * one);
    plus[plane] = static_cast<float>(-scale * sums[plane].first / count);
  }
  for (size_t channel = 0; channel < channels; ++channel) {
    if (of_weight.defined()) of_weight.mutable_data_ptr<float>()[channel] = static_cast<float>(weight_sums[channel]);
    if (of_bias.defined()) of_bias.mutable_data_ptr<float>()[channel] = static_cast<float>(bias_sums[channel]);
  }
  if (!of_x.defined()) return;
  fill(of_x.mutable_data_ptr<Value>(), shape,
       [=, a = by_g.data(), b = by_x.data(), c = plus.data()](int64_t i, int64_t plane) {
         return a[plane] * widen(g[i]) + b[plane] * (widen(in[i]) - means[plane]) + c[plane];
       });
}

template <class Work>
void with_type(const at::Tensor& x, const Work& work) {
  x.scalar_type() == at::kFloat ? work(float{}) : work(c10::BFloat16{});
}

struct Normalised {
  at::Tensor y, mean, rate;
};

Normalised normalised(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double epsilon) {
  const at::Tensor in = x.contiguous(x.suggest_memory_format());
  const auto planes = at::empty({x.size(0) * x.size(1)}, x.options().dtype(at::kFloat));
  Normalised made{at::empty_like(in), planes, at::empty_like(planes)};
  with_type(x,
            [&](auto value) { normalise<decltype(value)>(in, weight, bias, epsilon, made.y, made.mean, made.rate); });
  return made;
}

at::Tensor libtorchs(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double epsilon) {
  return at::native::instance_norm(x, weight, bias, {}, {}, /*use_input_stats=*/true, /*momentum=*/0.0, epsilon,
                                   /*cudnn_enabled=*/false);
}

class InstanceNorm : public torch::autograd::Function<InstanceNorm> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            const std::optional<at::Tensor>& weight, const std::optional<at::Tensor>& bias,
                            double epsilon) {
    Normalised made = normalised(x, tensor_of(weight), tensor_of(bias), epsilon);
    context->save_for_backward({x, tensor_of(weight), tensor_of(bias), made.mean, made.rate});
    context->saved_data["epsilon"] = epsilon;
    return made.y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &bias = saved[2];
    if (at::GradMode::is_enabled()) return differentiable(context, saved, gradients[0]);
    const auto format = x.suggest_memory_format();
    const at::Tensor in = x.contiguous(format), gradient = gradients[0].contiguous(format);
    at::Tensor of_x = x.requires_grad() ? at::empty_like(in) : at::Tensor();
    at::Tensor of_weight = weight.defined() ? at::empty_like(weight) : at::Tensor();
    at::Tensor of_bias = bias.defined() ? at::empty_like(bias) : at::Tensor();
    with_type(x, [&](auto value) {
      runtime::backward<decltype(value)>(gradient, in, weight, saved[3], saved[4], of_x, of_weight, of_bias);
    });
    return {of_x, of_weight, of_bias, at::Tensor()};
  }

 private:
  /// The gradient as LibTorch's own operators make it, which have a derivative themselves.
  static torch::autograd::variable_list differentiable(torch::autograd::AutogradContext* context,
                                                       const torch::autograd::variable_list& saved,
                                                       const at::Tensor& gradient) {
    const at::Tensor y = libtorchs(saved[0], saved[1], saved[2], context->saved_data["epsilon"].toDouble());
    torch::autograd::variable_list inputs, made(4);
    std::vector<size_t> places;
    for (size_t i = 0; i < 3; ++i)
      if (saved[i].defined() && saved[i].requires_grad()) {
        inputs.push_back(saved[i]);
        places.push_back(i);
      }
    const auto found = torch::autograd::grad({y}, inputs, {gradient}, /*retain_graph=*/true, /*create_graph=*/true);
    for (size_t i = 0; i < places.size(); ++i) made[places[i]] = found[i];
    return made;
  }
};

at::Tensor instance_norm(const at::Tensor& x, const std::optional<at::Tensor>& weight,
                         const std::optional<at::Tensor>& bias, const std::optional<at::Tensor>& running_mean,
                         const std::optional<at::Tensor>& running_variance, bool use_input_stats, double momentum,
                         double epsilon, bool cudnn_enabled) {
  const auto usable = [](const at::Tensor& one) {
    return !one.defined() || (one.scalar_type() == at::kFloat && one.is_contiguous());
  };
  const at::Tensor scale = tensor_of(weight), offset = tensor_of(bias);
  const bool ours = use_input_stats && !tensor_of(running_mean).defined() && !tensor_of(running_variance).defined() &&
                    usable(scale) && usable(offset) && x.dim() > 2 && x.numel() > 0 &&
                    (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
  if (!ours || x.numel() == x.size(0) * x.size(1))  // LibTorch refuses images of one voxel, and says so
    return at::native::instance_norm(x, weight, bias, running_mean, running_variance, use_input_stats, momentum,
                                     epsilon, cudnn_enabled);
  const bool learns =
      at::GradMode::is_enabled() && (x.requires_grad() || scale.requires_grad() || offset.requires_grad());
  return learns ? InstanceNorm::apply(x, weight, bias, epsilon) : normalised(x, scale, offset, epsilon).y;
}

}  // namespace

void use_fast_instance_norm() {
  static const auto libraries = [] {
    std::vector<torch::Library> made;
    for (const auto key : {c10::DispatchKey::AutogradCPU, c10::DispatchKey::CPU}) {
      made.emplace_back(torch::Library::IMPL, "aten", key, __FILE__, __LINE__);
      made.back().impl("instance_norm", TORCH_FN(instance_norm));
    }
    return made;
  }();
}

}  // namespace medvol::runtime
