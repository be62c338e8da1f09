#include "trainers/mesh/mesh_refinement_task.h"

#include <iterator>
#include <map>
#include <string>

#include "framework/core/error.h"
#include "framework/core/logging.h"
#include "framework/imaging/image_io.h"
#include "networks/graph/register.h"

namespace medvol::trainers {
namespace {

/// Case → its predicted label map.
std::map<std::string, std::filesystem::path> label_maps_in(const std::filesystem::path& folder) {
  if (folder.empty())
    throw core::UserError("there is nothing to refine", "trainer.segmentations",
                          "give the folder of a segmenter's label maps: medvol predict model=<run> …");
  if (!std::filesystem::is_directory(folder))
    throw core::UserError("is no folder", folder.string(), "trainer.segmentations names one of label maps");
  std::map<std::string, std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (imaging::is_image_path(entry.path())) found.emplace(imaging::image_stem(entry.path()), entry.path());
  return found;
}

std::vector<MeshSample> all_samples(std::vector<MeshSamples> cases) {
  std::vector<MeshSample> samples;
  int64_t missed = 0;
  for (MeshSamples& one : cases) {
    std::move(one.samples.begin(), one.samples.end(), std::back_inserter(samples));
    missed += one.missed;
  }
  if (missed > 0) core::log_warning("{} structures of the training cases were not predicted and are left out", missed);
  if (samples.empty())
    throw core::UserError("no structure of the training cases was predicted", "trainer.segmentations",
                          "the label maps must hold the labels of the data set");
  return samples;
}

}  // namespace

const networks::MeshNetworkRegistry& mesh_networks() {
  static const networks::MeshNetworkRegistry all = [] {
    networks::MeshNetworkRegistry made("mesh network");
    networks::register_graph(made);
    return made;
  }();
  return all;
}

std::vector<MeshSamples> MeshRefinementTask::make_samples(const WholeCases& cases) const {
  const std::map<std::string, std::filesystem::path> paths = label_maps_in(options_.segmentations);
  std::vector<MeshSamples> result;
  for (int64_t i = 0; i < cases.count; ++i) {
    const WholeCase one = cases.read(i);
    const auto path = paths.find(one.id);
    if (path == paths.end())
      throw core::UserError("no predicted label map of case " + one.id, options_.segmentations.string(),
                            "predict all cases of the data set, training and held out, into this folder");
    result.push_back(make_mesh_samples({.id = one.id,
                                        .image = {one.image, one.transform.network_geometry()},
                                        .prediction = imaging::read_labels(path->second),
                                        .reference = {one.reference(), one.transform.file_geometry()}},
                                       labels_, options_.features));
  }
  return result;
}

MeshRefinementTask::MeshRefinementTask(const MeshRefinementOptions& options, const TaskContext& context)
    : options_(options), context_(context.context), held_out_(context.held_out), shape_(context.shape) {
  for (const auto& [label, name] : context.plan.labels) labels_.push_back(label);
  mesh_shape_.in_features =
      vertex_feature_count(options_.features, shape_.in_channels, static_cast<int64_t>(labels_.size()));
  network_ = options_.mesh_network.build(mesh_shape_);
  network_->initialize(context_.generator(runtime::purpose_weights));
  MeshStepOptions step;
  static_cast<StepOptions&>(step) = options_;
  step.loss = options_.loss;
  step.points = options_.points;
  step_ = std::make_unique<MeshStep>(network_, all_samples(make_samples(context.training)), context.optimizer(),
                                     context_, step);
  evaluator_ =
      std::make_unique<MeshEvaluator>(network_, make_samples(spread_evenly(held_out_, options_.validation_cases)),
                                      context_, options_.evaluation_points, context.samples);
}

Measurements MeshRefinementTask::measure(const std::function<void(double)>& progress) {
  MeshEvaluator evaluator(network_, make_samples(held_out_), context_, options_.evaluation_points, {});
  Measurements result;
  result.methods = {"refined", "segmenter", "smoothed"};
  result.baselines = {"segmenter", "smoothed"};
  result.measures = {{"surface_distance", "mean surface distance (mm)", /*higher_is_better=*/false, 3},
                     {"hd95", "HD95 (mm)", /*higher_is_better=*/false, 3}};
  result.notes = {fmt::format(
      "Exact distances of {} points on each surface to the other, marching-cubes surfaces of the label maps; both "
      "directions count alike, HD95 is the larger of the two. Mean over the structures that segmenter and reference "
      "both hold. Smoothed: Taubin, 10 iterations.",
      options_.evaluation_points)};
  const double count = static_cast<double>(evaluator.cases());
  const auto told = [&](int64_t done) {
    if (progress) progress(static_cast<double>(done) / count);
  };
  for (const CaseScore& one : evaluator.scores(told)) {
    if (one.meshes == 0) continue;
    const auto add = [&](const char* method, const geometry::SurfaceDistance& distance) {
      result.values.push_back({one.id, method, "surface_distance", distance.mean});
      result.values.push_back({one.id, method, "hd95", distance.hd95});
    };
    add("refined", one.mean.after);
    add("segmenter", one.mean.before);
    add("smoothed", one.mean.smoothed);
  }
  return result;
}

}  // namespace medvol::trainers
