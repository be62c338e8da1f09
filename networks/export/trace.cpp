#include "networks/export/trace.h"

#include <typeinfo>

#include <c10/util/Type.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/frontend/tracer.h>

#include "framework/core/error.h"

namespace medvol::networks {
namespace {

/// The same tensors under the same names: the tracer knows a parameter by its tensor object.
torch::jit::Module mirror(const torch::nn::Module& module, const std::shared_ptr<torch::jit::CompilationUnit>& unit) {
  torch::jit::Module result(c10::QualifiedName("__torch__.medvol.Network"), unit, /*shouldMangle=*/true);
  for (const auto& item : module.named_parameters(/*recurse=*/false))
    result.register_parameter(item.key(), item.value(), false);
  for (const auto& item : module.named_buffers(/*recurse=*/false)) result.register_buffer(item.key(), item.value());
  for (const auto& item : module.named_children()) result.register_module(item.key(), mirror(*item.value(), unit));
  return result;
}

/// "medvol::networks::UNet" → "UNet"
std::string short_name(const torch::nn::Module& network) {
  const std::string name = c10::demangle(typeid(network).name());
  return name.substr(name.rfind(':') == std::string::npos ? 0 : name.rfind(':') + 1);
}

}  // namespace

Traceable traceable(Network& network, const std::vector<int64_t>& input_shape) {
  MEDVOL_CHECK(input_shape.size() == 4 || input_shape.size() == 5, "{} axes", input_shape.size());
  std::vector<std::string> in(input_shape.size()), out(input_shape.size());
  in[0] = out[0] = "batch";
  if (!network.fixed_size()) {
    const std::vector<std::string> names{"depth", "height", "width"};
    const std::vector<int64_t> factors = network.upsampling();
    for (size_t axis = 2; axis < in.size(); ++axis) {
      in[axis] = names[axis + 3 - in.size()];
      const bool enlarged = !factors.empty() && factors[axis - 2] != 1;
      out[axis] = enlarged ? fmt::format("{}_times_{}", in[axis], factors[axis - 2]) : in[axis];
    }
  }
  return {.name = short_name(network),
          .module = network,
          .forward = [&network](const std::vector<torch::Tensor>& x) { return network.forward(x.at(0)).at(0); },
          .inputs = {{"image", in}},
          .examples = {torch::zeros(input_shape)},
          .output = {"prediction", out}};
}

Traceable traceable(MeshNetwork& network, int64_t in_features) {
  // Any mesh does: sizes are not looked at. A ring of five vertices.
  const torch::Tensor from = torch::arange(5, torch::kLong), to = from.roll(1);
  return {
      .name = short_name(network),
      .module = network,
      .forward = [&network](const std::vector<torch::Tensor>& x) { return network.forward(x.at(0), x.at(1)); },
      .inputs = {{"features", {"vertices", ""}}, {"edges", {"", "edges"}}},
      .examples = {torch::zeros({5, in_features}), torch::cat({torch::stack({from, to}), torch::stack({to, from})}, 1)},
      .output = {"offsets", {"vertices", ""}}};
}

Trace trace(const Traceable& subject) {
  const torch::NoGradGuard no_grad;
  subject.module.eval();
  torch::jit::Module self = mirror(subject.module, std::make_shared<torch::jit::CompilationUnit>());
  const auto forward = [&](const torch::jit::Stack& inputs) {
    std::vector<torch::Tensor> tensors;
    for (const c10::IValue& input : inputs) tensors.push_back(input.toTensor());
    return torch::jit::Stack{subject.forward(tensors)};
  };
  std::vector<std::string> names;
  for (const Port& port : subject.inputs) names.push_back(port.name);
  const auto traced = torch::jit::tracer::trace(
      torch::jit::Stack(subject.examples.begin(), subject.examples.end()), forward,
      [](const torch::Tensor&) { return ""; },
      /*strict=*/true, /*force_outplace=*/false, &self, names);
  return {self, traced.first->graph};
}

}  // namespace medvol::networks
