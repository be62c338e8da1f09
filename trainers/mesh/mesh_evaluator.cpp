#include "trainers/mesh/mesh_evaluator.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "framework/core/error.h"
#include "framework/core/logging.h"
#include "framework/geometry/mesh_files.h"
#include "framework/geometry/smoothing.h"
#include "framework/storage/atomic_file.h"
#include "trainers/mesh/mesh_step.h"

namespace medvol::trainers {
namespace {

double flipped_share(const geometry::Mesh& before, const geometry::Mesh& after) {
  const torch::Tensor first = geometry::face_vectors(before.vertices, before.faces);
  const torch::Tensor second = geometry::face_vectors(after.vertices, after.faces);
  return ((first * second).sum(1) < 0).to(torch::kFloat64).mean().item<double>();
}

/// Adds `share` of a score to a mean.
void add_share(MeshScore& sum, const MeshScore& score, double share) {
  const auto add = [share](geometry::SurfaceDistance& to, const geometry::SurfaceDistance& from) {
    to.mean += share * from.mean;
    to.hd95 += share * from.hd95;
    to.maximum += share * from.maximum;
  };
  add(sum.before, score.before);
  add(sum.smoothed, score.smoothed);
  add(sum.after, score.after);
  sum.flipped += share * score.flipped;
}

}  // namespace

MeshEvaluator::MeshEvaluator(std::shared_ptr<networks::MeshNetwork> network, std::vector<MeshSamples> cases,
                             const runtime::ExecutionContext& context, int64_t points, std::filesystem::path folder)
    : network_(std::move(network)),
      cases_(std::move(cases)),
      fixed_(cases_.size()),
      context_(context),
      points_(points),
      folder_(std::move(folder)) {}

const MeshScore& MeshEvaluator::fixed_score(size_t which, size_t sample) {
  std::vector<MeshScore>& known = fixed_[which];
  for (size_t i = known.size(); i <= sample; ++i) {
    const MeshSample& one = cases_[which].samples[i];
    MeshScore measured;
    measured.before = geometry::surface_distance(one.predicted, one.reference, points_);
    measured.smoothed = geometry::surface_distance(geometry::taubin_smoothed(one.predicted), one.reference, points_);
    known.push_back(measured);
  }
  return known[sample];
}

MeshScore MeshEvaluator::score(size_t which, size_t sample) {
  const MeshSample& one = cases_[which].samples[sample];
  MeshScore result = fixed_score(which, sample);
  const geometry::Mesh refined = refined_mesh(*network_, one, context_);
  result.after = geometry::surface_distance(refined, one.reference, points_);
  result.flipped = flipped_share(one.predicted, refined);
  if (which == 0 && !folder_.empty()) write_meshes(one, refined);
  return result;
}

void MeshEvaluator::write_meshes(const MeshSample& sample, const geometry::Mesh& refined) const {
  const auto write = [&](const char* what, const geometry::Mesh& mesh) {
    storage::write_atomic(folder_ / fmt::format("{}_label{}_{}.ply", sample.id, sample.label, what),
                          geometry::ply_bytes(mesh));
  };
  try {
    std::filesystem::create_directories(folder_);
    write("predicted", sample.predicted);
    write("refined", refined);
    write("reference", sample.reference);
  } catch (const std::exception& error) {  // samples are not worth a run
    core::log_warning("the sample was not written: {}", error.what());
  }
}

std::vector<CaseScore> MeshEvaluator::scores(const std::function<void(int64_t done)>& progress) {
  std::vector<CaseScore> result;
  for (size_t c = 0; c < cases_.size(); ++c) {
    CaseScore one{.id = cases_[c].id, .mean = {}, .meshes = static_cast<int64_t>(cases_[c].samples.size())};
    for (size_t s = 0; s < cases_[c].samples.size(); ++s) {
      const MeshScore mesh = score(c, s);
      add_share(one.mean, mesh, 1 / static_cast<double>(one.meshes));
      one.improved += mesh.after.mean < mesh.before.mean;
    }
    result.push_back(one);
    if (progress) progress(static_cast<int64_t>(c) + 1);
  }
  return result;
}

ValidationResult MeshEvaluator::validate(const std::function<void(int64_t done)>& progress) {
  const std::vector<CaseScore> all = scores(progress);
  const auto scored = std::count_if(all.begin(), all.end(), [](const CaseScore& one) { return one.meshes > 0; });
  MeshScore mean;
  int64_t meshes = 0, improved = 0, missed = 0, invented = 0;
  for (const CaseScore& one : all) {
    if (one.meshes > 0) add_share(mean, one.mean, 1 / static_cast<double>(scored));
    meshes += one.meshes;
    improved += one.improved;
  }
  for (const MeshSamples& one : cases_) {
    missed += one.missed;
    invented += one.invented;
  }
  if (scored == 0) add_share(mean, mean, std::numeric_limits<double>::quiet_NaN());
  ValidationResult result;
  result.measure = "minus_surface_distance_mm";
  result.score = -mean.after.mean;
  result.scalars = {
      {"surface_distance_before_mm", mean.before.mean}, {"surface_distance_smoothed_mm", mean.smoothed.mean},
      {"surface_distance_after_mm", mean.after.mean},   {"hd95_before_mm", mean.before.hd95},
      {"hd95_smoothed_mm", mean.smoothed.hd95},         {"hd95_after_mm", mean.after.hd95}};
  for (const auto& [name, value] : result.scalars) result.record[name] = value;
  result.record.update({{"cases", cases()},
                        {"meshes", meshes},
                        {"improved", improved},
                        {"missed", missed},
                        {"invented", invented},
                        {"flipped_faces", mean.flipped}});
  return result;
}

}  // namespace medvol::trainers
