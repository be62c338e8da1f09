#include <fmt/ranges.h>
#include <torch/script.h>

#include <utility>

#include "experiments/apps/assembly.h"
#include "experiments/apps/configuration.h"
#include "framework/core/units.h"
#include "framework/storage/file_error.h"
#include "networks/export/onnx_file/onnx_bytes.h"
#include "networks/weights/weight_file.h"

namespace medvol::apps {
namespace {

struct DescribeOptions {
  std::filesystem::path model;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("model", model, "run directory, exported .pt or .onnx, or weights", config::required());
  }
};

template <class... Values>
void line(const char* what, fmt::format_string<Values...> format, Values&&... values) {
  fmt::print("{:<15} {}\n", what, fmt::format(format, std::forward<Values>(values)...));
}

void print_bundle(const trainers::BundleMetadata& bundle) {
  line("made by", "medvol {}, trainer {}", bundle.version, bundle.kind);
  if (!bundle.run.empty()) line("run", "{}", bundle.run);
  line("network", "{}", bundle.network);
  line("licence", "{}", bundle.licence.empty() ? "not stated" : bundle.licence);
  if (!bundle.fixed_size.empty()) line("only size", "{}", fmt::join(bundle.fixed_size, " × "));
  if (!bundle.upsampling.empty()) line("up-sampling", "{}", fmt::join(bundle.upsampling, " × "));
  const plan::Plan& plan = bundle.plan;
  line("data set", "{}, {}", plan.dataset_name, plan.configuration);
  line("patch", "{} voxels (tensor order)", fmt::join(plan.patch_size, " × "));
  line("spacing", "{} mm", fmt::join(plan.spacing, " × "));
  for (size_t channel = 0; channel < plan.channel_names.size(); ++channel)
    line(channel == 0 ? "channels" : "", "{}: {}{}", plan.channel_names[channel],
         plan::normalization_name(plan.normalization.at(channel)),
         plan.normalize_inside_mask.at(channel) ? ", inside the mask" : "");
  const char* what = "classes";
  for (const auto& [value, name] : plan.labels) line(std::exchange(what, ""), "{} {}", value, name);
  what = "regions";
  for (const plan::Region& region : plan.regions)
    line(std::exchange(what, ""), "{}: labels {}, painted {}", region.name, fmt::join(region.labels, ", "),
         region.painted);
  line("prediction", "window step {}, {}{}, computed in {}", bundle.inference.step,
       bundle.inference.gaussian ? "Gaussian weights" : "equal weights", bundle.inference.mirror ? ", mirrored" : "",
       bundle.precision);
}

void describe_run(const std::filesystem::path& run) {
  const TrainedNetwork trained = load_trained_network(run, Weights::automatic);
  line("run directory", "{}", run.string());
  line("parameters", "{}", trained.network->parameter_count());
  print_bundle(trained.metadata);
}

void print_port(const char* what, const networks::OnnxPort& port) {
  std::vector<std::string> dims;
  for (const auto& dim : port.dims)
    dims.push_back(std::holds_alternative<int64_t>(dim) ? std::to_string(std::get<int64_t>(dim))
                                                        : std::get<std::string>(dim));
  line(what, "{} [{}]", port.name, fmt::join(dims, ", "));
}

void describe_onnx(const std::filesystem::path& path, const std::string& bytes) {
  const networks::OnnxSummary summary = networks::summarize_onnx(bytes, path.string());
  line("ONNX", "opset {}, {} nodes, written by {}", summary.opset, summary.nodes, summary.producer);
  line("numbers", "{} in parameters and constants", summary.parameters);
  for (const auto& port : summary.inputs) print_port("input", port);
  for (const auto& port : summary.outputs) print_port("output", port);
  const auto bundle = summary.metadata.find(trainers::bundle_entry);
  if (bundle != summary.metadata.end()) print_bundle(trainers::parse_bundle(bundle->second, path.string()));
}

void describe_weights(const std::filesystem::path& path) {
  const networks::WeightFile file = networks::read_weight_file(path);
  int64_t count = 0;
  for (const auto& [name, tensor] : file.tensors) count += tensor.numel();
  line("weights", "{} tensors, {} numbers{}", file.tensors.size(), count,
       file.entry.empty() ? "" : ", under " + file.entry);
  for (const auto& [name, tensor] : file.tensors)
    line("", "{} [{}] {}", name, fmt::join(tensor.sizes(), ", "), c10::toString(tensor.scalar_type()));
}

/// False when it is no TorchScript.
bool describe_torchscript(const std::filesystem::path& path) {
  torch::jit::ExtraFilesMap extra{{trainers::bundle_entry, ""}};
  torch::jit::Module module;
  try {
    module = torch::jit::load(path.string(), c10::kCPU, extra);
  } catch (const c10::Error&) {
    return false;
  }
  int64_t count = 0;
  for (const torch::Tensor& parameter : module.parameters()) count += parameter.numel();
  line("TorchScript", "{}", core::bytes_text(std::filesystem::file_size(path)));
  line("parameters", "{}", count);
  if (!extra[trainers::bundle_entry].empty())
    print_bundle(trainers::parse_bundle(extra[trainers::bundle_entry], path.string()));
  return true;
}

void describe_file(const std::filesystem::path& path) {
  const std::string bytes = storage::read_bytes(path);
  const bool zip = bytes.starts_with("PK"), safetensors = bytes.size() > 8 && bytes[8] == '{';
  if (zip && describe_torchscript(path)) return;
  if (zip || safetensors || bytes.starts_with("\x80")) return describe_weights(path);
  describe_onnx(path, bytes);
}

}  // namespace

int describe(const Arguments& arguments) {
  const config::HelpPage page{
      "describe",
      "What is inside a run directory, an exported file or a file of weights: network, parameters, patch, spacing, "
      "classes, normalisation, version and licence.",
      {"medvol describe model=hippocampus.pt", "medvol describe model=outputs/hippo"}};
  return run_command<DescribeOptions>(page, arguments, DescribeOptions{}, [](const DescribeOptions& options) {
    if (std::filesystem::is_directory(options.model))
      describe_run(options.model);
    else
      describe_file(options.model);
  });
}

}  // namespace medvol::apps
