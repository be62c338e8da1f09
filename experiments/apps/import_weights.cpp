#include <fmt/ranges.h>

#include "experiments/apps/assembly.h"
#include "experiments/apps/configuration.h"
#include "experiments/apps/task_shape.h"
#include "experiments/apps/version.h"
#include "framework/runtime/philox.h"
#include "networks/weights/named_weights.h"
#include "networks/weights/weight_file.h"

namespace medvol::apps {
namespace {

struct ImportOptions {
  std::filesystem::path from, output;
  networks::NetworkChoice network{registries().networks, "unet"};
  std::optional<std::filesystem::path> run, plan;
  std::string configuration;
  int64_t dimensions = 3;
  std::optional<int64_t> in_channels, out_channels;
  std::vector<int64_t> patch_size, features_per_stage, upsampling;
  std::vector<std::string> allow;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("from", from, "the weights: .safetensors, or .pt and .pth of torch.save, such as nnU-Net's checkpoint",
          config::required());
    visit("output", output, "safetensors file to write; `train pretrained.from=` takes it", config::required());
    visit("network", network, "which network they belong to, with its options: network.name=vnet");
    visit("run", run, "take network and shape from this run directory; null: from the options here");
    visit("plan", plan, "take the shape from this plan (nnU-Net's plans.json too); null: from the options here");
    visit("configuration", configuration, "which one of the plan; empty: 3d_fullres");
    visit("dimensions", dimensions, "2 or 3, without a plan", config::between(2, 3));
    visit("in_channels", in_channels, "of the input; null: the plan's, else 1", config::at_least(1));
    visit("out_channels", out_channels, "classes, background included; null: the plan's, else 2", config::at_least(1));
    visit("patch_size", patch_size, "in tensor order, for networks of one fixed size; empty: the plan's",
          config::at_least(1));
    visit("features_per_stage", features_per_stage,
          "of networks that follow a plan, without one: kernels 3, strides 2, two convolutions; empty: six stages, 32, "
          "64, … up to 320 (2D: 512)",
          config::at_least(1));
    visit("upsampling", upsampling, "output size over input size, an axis; empty: ones", config::at_least(1));
    visit("allow", allow,
          "beginnings of names that may miss or differ, such as decoder.seg_layers; they are made anew");
  }
};

networks::TaskShape shape_of(const ImportOptions& options) {
  if (options.run) return read_task_shape(*options.run / "network.json");
  const auto usual = [&] {
    const auto axes = static_cast<size_t>(options.dimensions);
    return usual_shape(options.dimensions, options.features_per_stage.empty() ? usual_features(axes, /*stages=*/6)
                                                                              : options.features_per_stage);
  };
  networks::TaskShape shape =
      options.plan ? task_shape(plan::read_plan(*options.plan, options.configuration)) : usual();
  if (options.in_channels) shape.in_channels = *options.in_channels;
  if (options.out_channels) shape.out_channels = *options.out_channels;
  if (!options.patch_size.empty()) shape.patch_size = options.patch_size;
  if (!options.upsampling.empty()) shape.upsampling = options.upsampling;
  shape.in_channels = std::max<int64_t>(shape.in_channels, 1);  // nnU-Net's plan names no channels
  return shape;
}

std::shared_ptr<networks::Network> build_network(const ImportOptions& options) {
  const networks::TaskShape shape = shape_of(options);
  const auto network = options.run ? read_run_configuration(run::RunPaths(*options.run)).options.network.build(shape)
                                   : options.network.build(shape);
  runtime::HardwareOptions hardware;
  hardware.device = "cpu";
  network->initialize(runtime::ExecutionContext::resolve(hardware, 0).generator(runtime::purpose_weights));
  return network;
}

void import_file(const ImportOptions& options) {
  const networks::WeightFile file = networks::read_weight_file(options.from);
  const auto network = build_network(options);
  const networks::MatchReport report = networks::match_weights(*network, file.tensors);
  if (!file.entry.empty()) fmt::print("weights under       {}\n", file.entry);
  if (!file.stripped.empty()) fmt::print("taken off each name {}\n", file.stripped);
  fmt::print("fit                 {} of the network's {} tensors\n", report.loaded.size(),
             networks::named_tensors(*network).size());
  if (!report.aliases.empty()) fmt::print("second names        {} of tensors that fit\n", report.aliases.size());
  fmt::print("{}", report.text());
  networks::load_named_weights(*network, file.tensors, options.from.string(), options.allow);
  networks::write_weight_file(*network, options.output,
                              {{"from", options.from.filename().string()}, {"medvol_version", program_version()}});
  fmt::print("{}: {} parameters\n", options.output.string(), network->parameter_count());
}

}  // namespace

int import_weights(const Arguments& arguments) {
  const config::HelpPage page{
      "import-weights",
      "Loads weights that were trained elsewhere into a network of medvol, by name, says every name that does not fit, "
      "and writes them as safetensors. Nothing of the file is executed: a pickle that would run code is refused.",
      {"medvol import-weights from=checkpoint_final.pth network.name=unet plan=plans.json in_channels=1 out_channels=3 "
       "output=weights.safetensors",
       "medvol import-weights from=model.pt network.name=segresnet in_channels=4 out_channels=3 "
       "output=weights.safetensors",
       "medvol import-weights from=other.safetensors run=outputs/hippo allow=[decoder.seg_layers] "
       "output=weights.safetensors"}};
  return run_command<ImportOptions>(page, plain_lists(arguments, {"allow"}), ImportOptions{}, import_file);
}

}  // namespace medvol::apps
