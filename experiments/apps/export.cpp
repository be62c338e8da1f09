#include "experiments/apps/assembly.h"
#include "experiments/apps/commands.h"
#include "experiments/apps/export_run.h"
#include "framework/core/units.h"

namespace medvol::apps {
namespace {

struct ExportOptions {
  std::optional<std::filesystem::path> run, output;
  std::string format = "torchscript";
  Weights checkpoint = Weights::automatic;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("run", run, "run directory to export", config::required());
    visit("output", output, "file to write", config::required());
    visit("format", format, "of the file", config::one_of({"torchscript"}));
    visit("checkpoint", checkpoint, "which weights; auto: the best validated, else the last");
  }
};

}  // namespace

void export_run(const std::filesystem::path& run, Weights weights, const std::filesystem::path& output) {
  const TrainedNetwork trained = load_trained_network(run, weights);
  std::vector<int64_t> shape{1, static_cast<int64_t>(trained.metadata.plan.channel_names.size())};
  shape.insert(shape.end(), trained.metadata.plan.patch_size.begin(), trained.metadata.plan.patch_size.end());
  networks::write_torchscript(*trained.network, shape, output,
                              {{trainers::bundle_entry, trainers::bundle_text(trained.metadata)}});
}

int export_model(const Arguments& arguments) {
  const config::HelpPage page{"export",
                              "Writes one file that carries a run's network with its weights, normalisation, spacing, "
                              "patch, classes and version. `medvol "
                              "predict model=FILE` gives the masks that the training program gives, byte for byte; "
                              "Python's torch.jit.load reads it too.",
                              {"medvol export run=outputs/hippo format=torchscript output=hippocampus.pt"}};
  return run_command<ExportOptions>(page, arguments, ExportOptions{}, [](const ExportOptions& options) {
    export_run(*options.run, options.checkpoint, *options.output);
    fmt::print("{}: {}\n", options.output->string(), core::bytes_text(std::filesystem::file_size(*options.output)));
  });
}

}  // namespace medvol::apps
