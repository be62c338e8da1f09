#include "trainers/mesh/mesh_step.h"

#include <numeric>
#include <utility>

#include "framework/core/error.h"
#include "framework/geometry/surface_sampling.h"
#include "framework/runtime/philox.h"
#include "framework/runtime/stopwatch.h"

namespace medvol::trainers {
namespace {

/// Streams of orders and of points have different indices: those of orders are odd.
uint64_t order_stream(int64_t round) { return 2 * static_cast<uint64_t>(round) + 1; }
uint64_t points_stream(int64_t batch) { return 2 * static_cast<uint64_t>(batch); }

torch::Tensor offsets(networks::MeshNetwork& network, const MeshSample& sample,
                      const runtime::ExecutionContext& context) {
  const runtime::AutocastGuard autocast(context);
  return network.forward(sample.features.to(context.device), sample.connections.edges.to(context.device));
}

torch::Tensor local(const torch::Tensor& points, const MeshSample& sample, const runtime::ExecutionContext& context) {
  return (points - sample.centre).to(context.device, torch::kFloat32);
}

}  // namespace

MeshStep::MeshStep(std::shared_ptr<networks::MeshNetwork> network, std::vector<MeshSample> samples,
                   std::unique_ptr<Optimizer> optimizer, const runtime::ExecutionContext& context,
                   const MeshStepOptions& options)
    : network_(std::move(network)),
      samples_(std::move(samples)),
      context_(context),
      options_(options),
      loss_(options.loss),
      learner_(network_, std::move(optimizer), context.device,
               {.gradient_clip = options.gradient_clip, .ema_decay = options.ema_decay}) {
  MEDVOL_CHECK(!samples_.empty(), "no meshes to train on");
}

const MeshSample& MeshStep::sample_of(int64_t index) const {
  const int64_t count = static_cast<int64_t>(samples_.size());
  runtime::Philox random(context_.seed, runtime::purpose_mesh, order_stream(index / count));
  std::vector<size_t> order(samples_.size());
  std::iota(order.begin(), order.end(), 0);
  for (size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random.below(i + 1)]);
  return samples_[order[static_cast<size_t>(index % count)]];
}

void MeshStep::accumulate(const StepBatch& batch) {
  runtime::Stopwatch watch;
  const MeshSample& sample = sample_of(batch.index);
  runtime::Philox random(context_.seed, runtime::purpose_mesh, points_stream(batch.index));
  const geometry::SurfaceSample on_predicted = geometry::sample_surface(sample.predicted, options_.points, random);
  const geometry::SurfaceSample on_reference = geometry::sample_surface(sample.reference, options_.points, random);
  const torch::Tensor targets =
      geometry::sampled_points(on_reference, sample.reference.vertices, sample.reference.faces);
  const losses::MeshConnections& held = sample.connections;
  const losses::MeshConnections connections{held.faces.to(context_.device), held.edges.to(context_.device),
                                            held.adjacent.to(context_.device), held.rest_length};
  const torch::Tensor moved = local(sample.predicted.vertices, sample, context_) + offsets(*network_, sample, context_);
  const losses::MeshLoss::Result result =
      loss_(moved, connections, geometry::sampled_points(on_predicted, moved, connections.faces),
            local(targets, sample, context_));
  const torch::Tensor loss = result.total / static_cast<double>(options_.accumulate);
  times_.forward += watch.restart();
  loss.backward();
  times_.backward += watch.restart();
  loss_sum_ = loss_sum_.defined() ? loss_sum_ + loss.detach() : loss.detach();
  for (const auto& [name, value] : result.terms) {
    torch::Tensor& sum = term_sums_[name];
    sum = sum.defined() ? sum + value : value;
  }
}

StepResult MeshStep::finish() {
  MEDVOL_CHECK(loss_sum_.defined(), "finish() before accumulate()");
  runtime::Stopwatch watch;
  StepResult result;
  result.loss = loss_sum_.item<double>();
  for (const auto& [name, sum] : term_sums_)
    result.terms[name] = sum.item<double>() / static_cast<double>(options_.accumulate);
  learner_.finish(clock_.rate_factor, result);
  loss_sum_.reset();
  term_sums_.clear();
  times_.update = watch.seconds();
  result.times = times_;
  times_ = {};
  return result;
}

geometry::Mesh refined_mesh(networks::MeshNetwork& network, const MeshSample& sample,
                            const runtime::ExecutionContext& context) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor moved = offsets(network, sample, context).to(torch::kCPU, torch::kFloat64);
  return {sample.predicted.vertices + moved, sample.predicted.faces};
}

}  // namespace medvol::trainers
