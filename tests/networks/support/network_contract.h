#pragma once
#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>
#include <torch/utils.h>

#include "framework/runtime/amx.h"
#include "networks/network.h"
#include "tests/support/support.h"

/// What every network promises, checked in one call, and the closed formula by which a network here and its peer in
/// Python get the same parameters and input. tests/networks/golden/closed_formula.py is the same in Python.
namespace medvol::tests {

/// 0.1·sin(0.37·k + 0.11·i + 1)·s of element i, as closed_formula.py says; double inside, float32 out.
inline void fill_tensor_by_formula(const std::string& name, int64_t k, const torch::Tensor& tensor) {
  const auto ends_with = [&](const std::string& end) {
    return name.size() >= end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
  };
  const bool vector = tensor.dim() < 2;
  const torch::Tensor i = torch::arange(tensor.numel(), torch::kFloat64);
  torch::Tensor value = 0.1 * torch::sin(0.37 * static_cast<double>(k) + 0.11 * i + 1.0);
  if (ends_with("running_var"))
    value = 1.0 + value.abs();
  else if (vector && ends_with("weight"))
    value = 1.0 + value;
  else if (!vector)
    value = value / std::sqrt(static_cast<double>(tensor.numel() / tensor.size(0)) / 10.0);
  const torch::NoGradGuard no_grad;
  tensor.copy_(value.view(tensor.sizes()));
}

/// Fills all parameters and floating-point buffers, numbered in the order of their sorted names.
inline void fill_by_formula(torch::nn::Module& module) {
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& item : module.named_parameters()) tensors.emplace(item.key(), item.value());
  for (const auto& item : module.named_buffers())
    if (item.value().is_floating_point()) tensors.emplace(item.key(), item.value());
  int64_t k = 0;
  for (const auto& [name, tensor] : tensors) fill_tensor_by_formula(name, k++, tensor);
}

/// sin(0.013·i) + 0.5·cos(0.0071·i) of element i, float32.
inline torch::Tensor formula_input(const std::vector<int64_t>& shape) {
  const torch::Tensor i = torch::arange(c10::multiply_integers(shape), torch::kFloat64);
  return (torch::sin(0.013 * i) + 0.5 * torch::cos(0.0071 * i)).to(torch::kFloat32).view(shape);
}

/// The fields of a file of closed_formula.py's write_golden, by name. A relative path starts at tests/networks/golden.
inline std::map<std::string, std::vector<double>> read_golden(const std::filesystem::path& path) {
  std::istringstream file(read_file(source_root() / "tests" / "networks" / "golden" / path));
  std::map<std::string, std::vector<double>> fields;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    if (line.empty() || line[0] == '#' || !(words >> name)) continue;
    for (double value = 0; words >> value;) fields[name].push_back(value);
  }
  return fields;
}

/// Compares with a golden file: the shape, every stored value and the largest magnitude to `tolerance` of the largest
/// magnitude, and the sum to `tolerance` of the sum of magnitudes.
inline void expect_matches_golden(const torch::Tensor& tensor, const std::filesystem::path& path,
                                  double tolerance = 1e-4) {
  auto fields = read_golden(path);
  const std::vector<int64_t> shape(fields["shape"].begin(), fields["shape"].end());
  ASSERT_EQ(tensor.sizes(), torch::IntArrayRef(shape)) << path;
  const double largest = fields.at("largest").at(0);
  const torch::Tensor flat = tensor.detach().to(torch::kCPU, torch::kFloat64).reshape(-1);
  const torch::Tensor golden = torch::tensor(fields.at("values"), torch::kFloat64);
  const torch::Tensor mine = flat.slice(0, 0, flat.numel(), static_cast<int64_t>(fields.at("stride").at(0)));
  ASSERT_EQ(mine.numel(), golden.numel()) << path;
  EXPECT_LE((mine - golden).abs().max().item<double>(), tolerance * largest) << path;
  EXPECT_NEAR(flat.abs().max().item<double>(), largest, tolerance * largest) << path;
  EXPECT_NEAR(flat.sum().item<double>(), fields.at("sum").at(0), tolerance * fields.at("sum_of_magnitudes").at(0))
      << path;
}

/// The network, filled by formula and in evaluation, has the peer's parameter count and, at the golden's input size,
/// the peer's output. `spatial`: size of the formula's input, of one sample.
inline void expect_equals_peer(networks::Network& network, int64_t in_channels, std::vector<int64_t> spatial,
                               const std::filesystem::path& path, double tolerance = 1e-4) {
  const torch::NoGradGuard no_grad;
  fill_by_formula(network);
  network.eval();
  spatial.insert(spatial.begin(), {1, in_channels});
  expect_matches_golden(network.forward(formula_input(spatial)).front(), path, tolerance);
  EXPECT_EQ(network.parameter_count(), static_cast<int64_t>(read_golden(path).at("parameters").at(0))) << path;
}

/// What check_network needs to know of a network.
struct NetworkCheck {
  std::function<std::shared_ptr<networks::Network>()> build = {};
  int64_t in_channels = 1, out_channels = 3;
  /// Spatial sizes to try; empty: two that are different multiples of multiple_of() on each axis, odd ones among them,
  /// or the network's fixed size.
  std::vector<std::vector<int64_t>> sizes = {};
  /// Parameters whose gradient is nought but for rounding, such as a bias before an instance norm: asked by name.
  std::function<bool(const std::string&)> without_effect = [](const std::string&) { return false; };
  /// Gradients at the closed formula's parameters, for networks whose initialisation closes branches with noughts.
  bool gradients_by_formula = false;
  double bf16_tolerance = 0.05;  ///< norm of the difference over the norm of the float32 output
  int64_t batch = 2;
};

namespace contract {

/// Before main: oneDNN may read at its first use what this sets, and a float32 test may come before one in bf16.
inline const runtime::Amx kAmx = runtime::prepare_amx();

inline torch::Generator generator(uint64_t seed) { return at::make_generator<at::CPUGeneratorImpl>(seed); }

inline torch::Tensor input(const NetworkCheck& check, std::vector<int64_t> size) {
  size.insert(size.begin(), {check.batch, check.in_channels});
  return torch::empty(size).normal_(0.0, 1.0, generator(7));
}

inline std::vector<std::vector<int64_t>> sizes(const NetworkCheck& check, const networks::Network& network) {
  if (!check.sizes.empty()) return check.sizes;
  if (const auto fixed = network.fixed_size()) return {*fixed};
  std::vector<int64_t> first = network.multiple_of(), second = first;
  for (size_t axis = 0; axis < first.size(); ++axis) {
    first[axis] *= static_cast<int64_t>(axis) % 3 + 1;
    second[axis] *= axis == 0 ? 3 : 1;
  }
  return {first, second};
}

/// Every head has the classes, and the size that head_strides() and upsampling() say.
inline void expect_head_sizes(const NetworkCheck& check, networks::Network& network, const torch::Tensor& x) {
  std::vector<int64_t> upsampling = network.upsampling();
  upsampling.resize(static_cast<size_t>(x.dim() - 2), 1);
  const auto strides = network.head_strides();
  for (const bool training : {true, false}) {
    network.train(training);
    const auto heads = network.forward(x);
    ASSERT_EQ(heads.size(), training ? strides.size() : 1u);
    for (size_t head = 0; head < heads.size(); ++head) {
      ASSERT_EQ(heads[head].dim(), x.dim());
      EXPECT_EQ(heads[head].size(0), x.size(0));
      EXPECT_EQ(heads[head].size(1), check.out_channels);
      for (size_t axis = 0; axis < upsampling.size(); ++axis) {
        const int64_t expected = x.size(static_cast<int64_t>(axis) + 2) * upsampling[axis];
        EXPECT_EQ(heads[head].size(static_cast<int64_t>(axis) + 2) * strides[head][axis], expected)
            << "head " << head << ", axis " << axis << (training ? ", training" : ", evaluation");
      }
      EXPECT_TRUE(heads[head].isfinite().all().item<bool>());
    }
  }
}

/// Gradients of a random sum of all heads, by the parameters' names.
inline std::map<std::string, torch::Tensor> gradients(networks::Network& network, const torch::Tensor& x) {
  network.train();
  torch::manual_seed(9);  // of dropout
  torch::Tensor sum = torch::zeros({});
  for (const torch::Tensor& head : network.forward(x))
    sum = sum + (head * torch::empty(head.sizes()).normal_(0.0, 1.0, generator(9))).sum();
  sum.backward();
  std::map<std::string, torch::Tensor> found;
  for (const auto& item : network.named_parameters()) found.emplace(item.key(), item.value().grad());
  network.zero_grad(/*set_to_none=*/true);
  return found;
}

/// The batch in the order of memory that CPUs train and predict in.
inline torch::Tensor channels_last(const torch::Tensor& x) {
  const auto format = x.dim() == 5 ? torch::MemoryFormat::ChannelsLast3d : torch::MemoryFormat::ChannelsLast;
  return torch::empty(x.sizes(), x.options(), format).copy_(x);
}

/// Finite, not nought, and the same in both orders of memory but for rounding.
inline void expect_gradients(const NetworkCheck& check, networks::Network& network, const torch::Tensor& x) {
  const auto found = gradients(network, x), other = gradients(network, channels_last(x));
  double difference = 0, size = 0;
  for (const auto& [name, gradient] : found) {
    ASSERT_TRUE(gradient.defined()) << name;
    EXPECT_TRUE(gradient.isfinite().all().item<bool>()) << name;
    difference += (gradient - other.at(name)).square().sum().item<double>();
    size += gradient.square().sum().item<double>();
    if (check.without_effect(name)) continue;
    EXPECT_GT(gradient.abs().max().item<float>(), 0) << name;
  }
  EXPECT_LE(std::sqrt(difference), 5e-3 * std::sqrt(size)) << "channels-last";
}

inline void expect_bf16_close(const NetworkCheck& check, networks::Network& network, const torch::Tensor& x) {
  const torch::NoGradGuard no_grad;
  network.eval();
  const torch::Tensor exact = network.forward(x).front();
  EXPECT_TRUE(network.forward(x).front().equal(exact)) << "float32 does not repeat";
  const auto before = at::autocast::get_autocast_dtype(at::kCPU);
  at::autocast::set_autocast_enabled(at::kCPU, true);
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  const torch::Tensor rounded = network.forward(x).front().to(torch::kFloat32);
  at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(at::kCPU, false);
  at::autocast::set_autocast_dtype(at::kCPU, before);
  const double difference = (rounded - exact).norm().item<double>();
  EXPECT_LE(difference, check.bf16_tolerance * exact.norm().item<double>()) << "bf16";
  EXPECT_GT(difference, 0) << "autocast changed nothing";
}

/// The same output in both orders of memory but for rounding.
inline void expect_takes_channels_last(networks::Network& network, const torch::Tensor& x) {
  const torch::InferenceMode inference;
  network.eval();
  const torch::Tensor expected = network.forward(x).front();
  const double difference = (network.forward(channels_last(x)).front() - expected).norm().item<double>();
  EXPECT_LE(difference, 1e-3 * expected.norm().item<double>()) << "channels-last";
}

inline void expect_initialisation_repeats(const NetworkCheck& check) {
  const auto first = check.build(), second = check.build(), other = check.build();
  first->initialize(generator(5));
  torch::rand({3});  // the global generator must not matter
  second->initialize(generator(5));
  other->initialize(generator(6));
  const auto parameters = first->named_parameters(), others = other->named_parameters();
  bool differs = false;
  for (const auto& item : second->named_parameters()) {
    EXPECT_TRUE(item.value().equal(parameters[item.key()])) << item.key();
    differs = differs || !item.value().equal(others[item.key()]);
  }
  EXPECT_TRUE(differs) << "the generator has no effect";
}

/// One thread while it lives: a second one only waits on tensors as small as these.
class OneThread {
 public:
  OneThread() : before_(at::get_num_threads()) { at::set_num_threads(1); }
  ~OneThread() { at::set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

}  // namespace contract

/// The promises of networks/network.h: sizes of all heads in training and in evaluation, a finite gradient for every
/// parameter that is not nought, both orders of memory alike, bf16 near float32, float32 and the initialisation the
/// same bits again.
inline void check_network(const NetworkCheck& check) {
  const contract::OneThread one_thread;
  const auto network = check.build();
  network->initialize(contract::generator(1));
  const auto sizes = contract::sizes(check, *network);
  for (const auto& size : sizes) contract::expect_head_sizes(check, *network, contract::input(check, size));
  contract::expect_takes_channels_last(*network, contract::input(check, sizes.front()));
  contract::expect_bf16_close(check, *network, contract::input(check, sizes.front()));
  if (check.gradients_by_formula) fill_by_formula(*network);
  contract::expect_gradients(check, *network, contract::input(check, sizes.front()));
  contract::expect_initialisation_repeats(check);
}

/// nnU-Net's shape for a patch: kernels of 3, halved on every axis at each stage but the first, two convolutions.
inline networks::TaskShape task_shape(int64_t dimensions, const std::vector<int64_t>& features, int64_t in_channels = 1,
                                      int64_t out_channels = 3) {
  const auto axes = static_cast<size_t>(dimensions);
  networks::TaskShape shape;
  shape.dimensions = dimensions;
  shape.in_channels = in_channels;
  shape.out_channels = out_channels;
  shape.features_per_stage = features;
  shape.kernel_sizes.assign(features.size(), std::vector<int64_t>(axes, 3));
  shape.strides.assign(features.size(), std::vector<int64_t>(axes, 2));
  shape.strides[0].assign(axes, 1);
  shape.convolutions_per_stage_encoder.assign(features.size(), 2);
  shape.convolutions_per_stage_decoder.assign(features.size() - 1, 2);
  shape.patch_size.assign(axes, int64_t{8} << features.size());
  return shape;
}

}  // namespace medvol::tests
