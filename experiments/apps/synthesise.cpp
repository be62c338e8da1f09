#include "experiments/apps/assembly.h"
#include "experiments/apps/configuration.h"
#include "experiments/apps/task_context.h"
#include "framework/core/units.h"
#include "framework/imaging/image_io.h"
#include "framework/runtime/progress_bar.h"
#include "framework/runtime/stop_signal.h"
#include "framework/runtime/stopwatch.h"
#include "framework/storage/atomic_file.h"
#include "trainers/adversarial/synthesiser.h"

namespace medvol::apps {
namespace {

struct SynthesiseOptions {
  std::optional<std::filesystem::path> model, output;
  Weights checkpoint = Weights::automatic;
  int64_t count = 100, seed = 1;
  trainers::DeformationOptions deformation;
  runtime::HardwareOptions hardware;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("model", model, "run directory of trainer=synthesis", config::required());
    visit("output", output, "folder for the data set, new or empty", config::required());
    visit("checkpoint", checkpoint, "which weights; auto: the best validated, else the moving average, else the last");
    visit("count", count, "cases to make; the label maps of the run's own training cases are taken in turn",
          config::at_least(1));
    visit("seed", seed, "of deformations and noise", config::at_least(0));
    visit("deformation", deformation, "new anatomies from the label maps; zeros keep them as they are");
    visit("hardware", hardware, "device, precision, threads");
  }
};

/// nnU-Net's dataset.json of what is written.
nlohmann::ordered_json declaration(const PreparedExperiment& prepared, int64_t count, const std::string& from) {
  nlohmann::ordered_json json{{"name", prepared.dataset.name + "_synthetic"},
                              {"description", "made by medvol synthesise from " + from},
                              {"numTraining", count},
                              {"file_ending", ".nii.gz"},
                              {"labels", {{"background", 0}}}};
  for (size_t channel = 0; channel < prepared.dataset.channel_names.size(); ++channel)
    json["channel_names"][std::to_string(channel)] = prepared.dataset.channel_names[channel];
  for (const auto& [value, name] : prepared.dataset.labels)
    if (prepared.dataset.regions.empty()) json["labels"][name] = value;
  for (const plan::Region& region : prepared.dataset.regions) {
    json["labels"][region.name] = region.labels;
    json["regions_class_order"].push_back(region.painted);
  }
  if (prepared.dataset.ignore_label) json["labels"]["ignore"] = *prepared.dataset.ignore_label;
  return json;
}

void refuse_full_folder(const std::filesystem::path& folder) {
  if (std::filesystem::exists(folder) && !std::filesystem::is_empty(folder))
    throw core::UserError("is not empty", folder.string(), "give a new folder: nothing is overwritten");
}

/// Classes as the labels of files.
torch::Tensor labels_of(const torch::Tensor& classes, const plan::Plan& plan) {
  std::vector<int64_t> known = plan.class_labels();
  if (plan.ignore_label) known.push_back(*plan.ignore_label);
  const torch::Tensor table = torch::tensor(known).to(torch::kUInt8);
  return table.index_select(0, classes.flatten().to(torch::kInt64)).view(classes.sizes());
}

/// The image with one file a channel, and its label map, as nnU-Net names them.
void write_case(const std::filesystem::path& root, const std::string& id, const torch::Tensor& image,
                const torch::Tensor& labels, const imaging::Geometry& geometry) {
  for (int64_t channel = 0; channel < image.size(0); ++channel)
    imaging::write_image(root / "imagesTr" / fmt::format("{}_{:04}.nii.gz", id, channel),
                         {image.narrow(0, channel, 1).contiguous(), geometry});
  imaging::write_labels(root / "labelsTr" / (id + ".nii.gz"), {labels, geometry});
}

void run(const SynthesiseOptions& options) {
  const runtime::StopSignal signals;
  refuse_full_folder(*options.output);
  const run::RunPaths directory(*options.model);
  const TrainedNetwork trained = load_trained_network(*options.model, options.checkpoint);
  if (trained.metadata.kind != "synthesis")
    throw core::UserError(fmt::format("is a run of trainer={}", trained.metadata.kind), options.model->string(),
                          "images are made by a run of trainer=synthesis");
  const runtime::ExecutionContext context =
      runtime::ExecutionContext::resolve(options.hardware, static_cast<uint64_t>(options.seed));
  context.activate();
  trained.network->to(context.device);
  const ExperimentOptions experiment = read_run_configuration(directory).options;
  const PreparedExperiment prepared = prepare_experiment(experiment, trained.metadata.plan);
  const trainers::Synthesiser synthesiser(
      [network = trained.network](const torch::Tensor& x) { return network->forward(x).front(); }, trained.shape,
      prepared.plan, trained.metadata.inference, context);
  runtime::ProgressBar bar("synthesising");
  const runtime::Stopwatch watch;
  for (int64_t index = 0; index < options.count; ++index) {
    if (runtime::StopSignal::requested())
      throw core::Interrupted(
          fmt::format("stopped after {} of {} cases; the folder has no dataset.json and is to be "
                      "removed",
                      index, options.count));
    const std::string& from = prepared.split.train[static_cast<size_t>(index) % prepared.split.train.size()];
    const trainers::MadeCase made =
        synthesiser.make(prepared.store.labels(from), options.deformation, static_cast<uint64_t>(index));
    write_case(*options.output, fmt::format("synthetic_{:05}", index), synthesiser.raw_intensities(made.image),
               labels_of(made.labels, prepared.plan), prepared.store.transform(from).network_geometry());
    bar.update(static_cast<double>(index + 1) / static_cast<double>(options.count), from);
  }
  // Last: a folder with it is complete.
  storage::write_atomic(*options.output / "dataset.json",
                        declaration(prepared, options.count, directory.root().string()).dump(2) + "\n");
  bar.finish(fmt::format("{} cases in {} → {}", options.count, core::duration_text(watch.seconds()),
                         options.output->string()));
}

}  // namespace

int synthesise(const Arguments& arguments) {
  const config::HelpPage page{
      "synthesise",
      "Makes a labelled data set in nnU-Net's layout with a generator of trainer=synthesis: label maps of the run's "
      "own "
      "training cases, deformed into new anatomies, and an image painted for each. It is an ordinary data set; "
      "dataset.synthetic_root and dataset.synthetic_fraction mix it into a training.",
      {"medvol synthesise model=outputs/painter count=200 output=outputs/made",
       "medvol train experiment=hippocampus dataset.root=/data/Task04_Hippocampus training_cases=20 "
       "dataset.synthetic_root=outputs/made dataset.synthetic_fraction=0.5"}};
  return run_command<SynthesiseOptions>(page, arguments, SynthesiseOptions{}, run);
}

}  // namespace medvol::apps
