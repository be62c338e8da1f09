#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "datasets/loading/batch_source.h"
#include "networks/mesh_network.h"
#include "trainers/mesh/mesh_evaluator.h"
#include "trainers/mesh/mesh_step.h"
#include "trainers/session/task.h"

namespace medvol::trainers {

/// The networks that `trainer.mesh_network` can name.
const networks::MeshNetworkRegistry& mesh_networks();

struct MeshRefinementOptions : TrainerOptions {
  std::filesystem::path segmentations;
  networks::MeshNetworkChoice mesh_network{mesh_networks(), "graph_refiner"};
  VertexFeatureOptions features;
  losses::MeshLossOptions loss;
  int64_t points = 3000, evaluation_points = 5000;

  template <class Visitor>
  void fields(Visitor& visit) {
    TrainerOptions::fields(visit);
    visit("segmentations", segmentations,
          "folder of the label maps that a segmenter predicted for all cases, training and held out, as `medvol "
          "predict` writes them: <case>.nii.gz");
    visit("mesh_network", mesh_network, "what moves the vertices; `network` is not used");
    visit("features", features, "what the network is told of each vertex");
    visit("loss", loss, "weights of the loss' terms");
    visit("points", points, "points drawn anew for every batch on the moved and on the reference surface, each",
          config::at_least(1));
    visit("evaluation_points", evaluation_points, "points on each surface, from which distances are measured",
          config::at_least(1));
  }
};

/// Moves the vertices of a segmenter's surfaces towards those of the reference. All meshes are made before the first
/// step and stay in memory: 4 kB a thousand vertices and feature.
class MeshRefinementTask : public Task {
 public:
  /// Throws core::UserError when label maps are missing or do not fit, or when there is no mesh to train on.
  MeshRefinementTask(const MeshRefinementOptions& options, const TaskContext& context);
  const TrainerOptions& options() const override { return options_; }
  networks::TaskShape network_shape() const override { return shape_; }
  std::string own_network() const override { return options_.mesh_network.name(); }
  torch::nn::Module& module() override { return *network_; }
  Step& step() override { return *step_; }
  datasets::BatchSource& source() override { return source_; }
  Evaluator& evaluator() override { return *evaluator_; }
  /// Surface distances of the refined, the segmenter's and the smoothed surfaces, of every held-out case with a mesh.
  Measurements measure(const std::function<void(double)>& progress) override;

  /// For export: what is trained, the shape it was built for, and what it is told of a vertex.
  networks::MeshNetwork& mesh_network() { return *network_; }
  const networks::MeshShape& mesh_shape() const { return mesh_shape_; }
  const VertexFeatureOptions& features() const { return options_.features; }

 private:
  std::vector<MeshSamples> make_samples(const WholeCases& cases) const;

  MeshRefinementOptions options_;
  runtime::ExecutionContext context_;
  std::vector<int64_t> labels_;
  WholeCases held_out_;
  networks::TaskShape shape_;
  networks::MeshShape mesh_shape_;
  std::shared_ptr<networks::MeshNetwork> network_;
  datasets::IndexSource source_;
  std::unique_ptr<MeshStep> step_;
  std::unique_ptr<MeshEvaluator> evaluator_;
};

}  // namespace medvol::trainers
