#include "networks/export/torchscript.h"

#include <sstream>

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/script.h>

#include "framework/storage/atomic_file.h"

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

}  // namespace

void write_torchscript(Network& network, const std::vector<int64_t>& input_shape, const std::filesystem::path& path,
                       const std::map<std::string, std::string>& extra_files) {
  const torch::NoGradGuard no_grad;
  network.eval();
  torch::jit::Module self = mirror(network, std::make_shared<torch::jit::CompilationUnit>());
  const auto forward = [&](torch::jit::Stack inputs) {
    return torch::jit::Stack{network.forward(inputs.at(0).toTensor()).at(0)};
  };
  const auto traced =
      torch::jit::tracer::trace({torch::zeros(input_shape)}, forward, [](const torch::Tensor&) { return ""; },
                                /*strict=*/true, /*force_outplace=*/false, &self, {"image"});
  auto function = self._ivalue()->compilation_unit()->create_function(
      c10::QualifiedName(*self.type()->name(), "forward"), traced.first->graph);
  self.type()->addMethod(function);
  std::ostringstream bytes;
  self.save(bytes, torch::jit::ExtraFilesMap(extra_files.begin(), extra_files.end()));
  storage::write_atomic(path, bytes.str());
}

}  // namespace medvol::networks
