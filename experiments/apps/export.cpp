#include "experiments/apps/assembly.h"
#include "experiments/apps/configuration.h"
#include "experiments/apps/export_run.h"
#include "framework/core/units.h"
#include "networks/export/onnx.h"
#include "networks/export/torchscript.h"

namespace medvol::apps {
namespace {

struct ExportOptions {
  std::optional<std::filesystem::path> run, output;
  std::string format = "torchscript";
  Weights checkpoint = Weights::automatic;
  std::optional<int64_t> prune;
  std::string licence;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("run", run, "run directory to export", config::required());
    visit("output", output, "file to write", config::required());
    visit("format", format, "of the file", config::one_of({"torchscript", "onnx"}));
    visit("checkpoint", checkpoint, "which weights; auto: the best validated, else the moving average, else the last");
    visit("prune", prune, "keep so many levels of unet_plus_plus (its L1 to L4): faster, somewhat less exact",
          config::at_least(1));
    visit("licence", licence, "under which the weights may be used, such as CC-BY-4.0; the file says it");
  }
};

}  // namespace

void export_run(const std::filesystem::path& run, const std::filesystem::path& output, const ExportSettings& settings) {
  TrainedNetwork trained = load_trained_network(run, settings.checkpoint);
  if (settings.prune) trained.network->prune(*settings.prune);
  trained.metadata.licence = settings.licence;
  std::vector<int64_t> shape{1, trained.shape.in_channels};
  for (size_t axis = 0; axis < trained.shape.patch_size.size(); ++axis)
    shape.push_back(trained.shape.patch_size[axis] /
                    (trained.metadata.upsampling.empty() ? 1 : trained.metadata.upsampling[axis]));
  const std::map<std::string, std::string> bundle{{trainers::bundle_entry, trainers::bundle_text(trained.metadata)}};
  if (settings.format == "onnx")
    networks::write_onnx(*trained.network, shape, output, {.version = trained.metadata.version, .metadata = bundle});
  else
    networks::write_torchscript(*trained.network, shape, output, bundle);
}

int export_model(const Arguments& arguments) {
  const config::HelpPage page{
      "export",
      "Writes one file that carries a run's network with its weights, normalisation, spacing, "
      "patch, classes and version. `medvol "
      "predict model=FILE` gives the masks that the training program gives, byte for byte; "
      "Python's torch.jit.load reads it too. format=onnx (opset 17) is for onnxruntime and what else "
      "reads ONNX; the description stands in its metadata.",
      {"medvol export run=outputs/hippo format=torchscript output=hippocampus.pt",
       "medvol export run=outputs/hippo format=onnx output=hippocampus.onnx"}};
  return run_command<ExportOptions>(page, arguments, ExportOptions{}, [](const ExportOptions& options) {
    export_run(*options.run, *options.output, {options.checkpoint, options.format, options.prune, options.licence});
    fmt::print("{}: {}\n", options.output->string(), core::bytes_text(std::filesystem::file_size(*options.output)));
  });
}

}  // namespace medvol::apps
