// Every network of the registries, written as TorchScript and as ONNX at one size and run at another.
#include <gtest/gtest.h>
#include <torch/script.h>

#include "framework/config/source.h"
#include "networks/adversarial/register.h"
#include "networks/export/onnx.h"
#include "networks/export/torchscript.h"
#include "networks/graph/register.h"
#include "networks/segmentation/register.h"
#include "networks/super_resolution/register.h"
#include "tests/networks/export/onnx_runtime.h"
#include "tests/networks/support/network_contract.h"

namespace medvol::networks {
namespace {

/// Options that make a network small enough for a test; others take the plan's small features.
const std::map<std::string, std::string> small_options{
    {"unetr", "{feature_size: 4, hidden_size: 32, mlp_dim: 32, num_heads: 2, layers: 4}"},
    {"segresnet", "{init_filters: 8, blocks_down: [1, 1, 1], blocks_up: [1, 1]}"},
    {"residual_unet", "{blocks_per_stage: [1, 1, 1]}"},
    {"spade", "{features: 4, hidden: 4}"},
    {"pix2pix", "{features: 4, max_features: 16}"},
    {"srgan", "{features: 8, blocks: 1}"},
    {"esrgan", "{features: 8, blocks: 1, growth: 4}"},
    {"vnet", "{features_per_stage: [4, 8, 8]}"}};

struct Subject {
  std::string name;
  std::shared_ptr<Network> network;
};

/// Every network of a registry in 2D and 3D, where it has the dimension.
std::vector<Subject> networks_of(const NetworkRegistry& registry) {
  std::vector<Subject> result;
  for (const auto& entry : registry.entries()) {
    const size_t before = result.size();
    std::string refusal;
    for (const int64_t dimensions : {2, 3}) {
      const auto options = small_options.find(entry.name);
      config::Diagnostics found;
      const auto build = entry
                             .bind(options == small_options.end() ? config::Node::map()
                                                                  : config::parse_yaml(options->second, entry.name),
                                   entry.name, found)
                             .first;
      try {
        TaskShape shape = tests::task_shape(dimensions, {4, 8, 8}, 2, 2);
        shape.patch_size.assign(static_cast<size_t>(dimensions), 16);  // what networks of a fixed size take
        shape.patch_size.back() = 32;
        shape.upsampling.assign(static_cast<size_t>(dimensions), 2);  // of super-resolution
        shape.upsampling[0] = 4;
        auto network = build(shape);
        network->initialize(at::make_generator<at::CPUGeneratorImpl>(2));
        network->eval();
        result.push_back({fmt::format("{}_{}d", entry.name, dimensions), network});
      } catch (const core::UserError& error) {
        refusal = error.what();  // such as: only in 3D
      }
    }
    EXPECT_GT(result.size(), before) << entry.name << ": " << refusal;
  }
  return result;
}

/// The size to trace with, and another one with two images: only the batch differs where the size is fixed.
std::pair<std::vector<int64_t>, std::vector<int64_t>> sizes_for(const Network& network) {
  std::vector<int64_t> traced{1, 2}, other{2, 2};
  const auto fixed = network.fixed_size();
  std::vector<int64_t> base = fixed ? *fixed : network.multiple_of();
  if (!fixed)
    for (int64_t& size : base) size *= size < 4 ? 4 : 2;
  for (size_t axis = 0; axis < base.size(); ++axis) {
    traced.push_back(base[axis]);
    other.push_back(!fixed && axis == 0 ? 3 * base[axis] : base[axis]);
  }
  return {traced, other};
}

TEST(EveryNetwork, GivesTheSameAsTorchScriptAndAsOnnx) {
  MEDVOL_NEEDS_ONNXRUNTIME();
  const torch::NoGradGuard no_grad;
  const tests::contract::OneThread one_thread;
  const tests::TemporaryFolder folder;
  NetworkRegistry registry("network");
  register_segmentation(registry);
  register_super_resolution(registry);
  register_generators(registry);
  torch::jit::setGraphExecutorOptimize(false);  // a single run is not worth its seconds
  std::vector<tests::OnnxJob> jobs;
  std::vector<std::pair<std::string, torch::Tensor>> expected;
  for (const auto& [name, network] : networks_of(registry)) {
    SCOPED_TRACE(name);
    const auto [traced, other] = sizes_for(*network);
    const torch::Tensor x = tests::formula_input(other);
    const torch::Tensor y = network->forward(x).front();
    write_torchscript(*network, traced, folder / "m.pt", {});
    torch::jit::Module script = torch::jit::load((folder / "m.pt").string());
    EXPECT_TRUE(script.forward({x}).toTensor().equal(y)) << "TorchScript of " << name;
    jobs.push_back({folder / (name + ".onnx"), {{"image", x}}});
    expected.emplace_back(name, y);
    write_onnx(*network, traced, jobs.back().model, {});
  }
  torch::jit::setGraphExecutorOptimize(true);
  const auto outputs = tests::run_onnx(jobs);
  for (size_t i = 0; i < jobs.size(); ++i) {
    const double difference = tests::relative_difference(outputs[i].at("prediction"), expected[i].second);
    EXPECT_LE(difference, 1e-4) << expected[i].first;
    fmt::print("{:<28} TorchScript: the same bits   ONNX: {:.1e} of the largest value\n", expected[i].first,
               difference);
  }
}

TEST(EveryNetwork, OnMeshesGivesTheSameOnAnotherMesh) {
  MEDVOL_NEEDS_ONNXRUNTIME();
  const torch::NoGradGuard no_grad;
  const tests::TemporaryFolder folder;
  MeshNetworkRegistry registry("mesh network");
  register_graph(registry);
  for (const auto& entry : registry.entries()) {
    config::Diagnostics found;
    const auto network = entry.bind(config::Node::map(), entry.name, found).first({.in_features = 6});
    tests::fill_by_formula(*network);
    // Two triangles that share an edge, and a vertex alone.
    const torch::Tensor half = torch::tensor({0, 1, 1, 2, 2, 0, 1, 3, 3, 2}, torch::kLong).view({5, 2}).t();
    const torch::Tensor edges = torch::cat({half, half.flip({0})}, 1), features = tests::formula_input({5, 6});
    const torch::Tensor expected = network->forward(features, edges);
    write_torchscript(traceable(*network, 6), folder / "m.pt", {});
    EXPECT_TRUE(torch::jit::load((folder / "m.pt").string()).forward({features, edges}).toTensor().equal(expected));
    write_onnx(traceable(*network, 6), folder / "m.onnx", {});
    const auto outputs = tests::run_onnx({{folder / "m.onnx", {{"features", features}, {"edges", edges}}}});
    const double difference = tests::relative_difference(outputs[0].at("offsets"), expected);
    EXPECT_LE(difference, 1e-4);
    fmt::print("{:<28} TorchScript: the same bits   ONNX: {:.1e} of the largest value\n", entry.name, difference);
  }
}

}  // namespace
}  // namespace medvol::networks
