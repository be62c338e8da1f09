#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "framework/geometry/surface_distance.h"
#include "framework/runtime/execution_context.h"
#include "networks/mesh_network.h"
#include "trainers/mesh/mesh_sample.h"
#include "trainers/session/evaluator.h"

namespace medvol::trainers {

/// Distances of a surface to its reference, mm, before and after refinement.
struct MeshScore {
  geometry::SurfaceDistance before;    ///< of the segmenter's surface
  geometry::SurfaceDistance smoothed;  ///< of that surface after Taubin's smoothing, which learns nothing
  geometry::SurfaceDistance after;     ///< of the refined surface
  double flipped = 0;                  ///< share of faces that refinement turned by more than 90°
};

/// The structures of a case, each as much as the other.
struct CaseScore {
  std::string id;
  MeshScore mean;  ///< over the meshes; of no meaning without any
  int64_t meshes = 0;
  int64_t improved = 0;  ///< meshes whose mean distance is smaller after than before
};

/// Surface distances of held-out meshes before and after refinement. The score is minus the mean surface distance
/// after, over the structures of a case and then over cases; the log keeps before, smoothed and after, mean and HD95.
class MeshEvaluator : public Evaluator {
 public:
  /// `cases`: each with its samples; those without any count as cases, and nowhere else. `points`: drawn on each
  /// surface. `folder`: gets the meshes of the first case as PLY files at each validation; empty: none.
  MeshEvaluator(std::shared_ptr<networks::MeshNetwork> network, std::vector<MeshSamples> cases,
                const runtime::ExecutionContext& context, int64_t points, std::filesystem::path folder);

  int64_t cases() const override { return static_cast<int64_t>(cases_.size()); }
  ValidationResult validate(const std::function<void(int64_t done)>& progress) override;
  /// Of every case; those without meshes too.
  std::vector<CaseScore> scores(const std::function<void(int64_t done)>& progress);

 private:
  /// Distances that do not change while training, measured when first asked for.
  const MeshScore& fixed_score(size_t which, size_t sample);
  MeshScore score(size_t which, size_t sample);
  void write_meshes(const MeshSample& sample, const geometry::Mesh& refined) const;

  std::shared_ptr<networks::MeshNetwork> network_;
  std::vector<MeshSamples> cases_;
  std::vector<std::vector<MeshScore>> fixed_;
  runtime::ExecutionContext context_;
  int64_t points_;
  std::filesystem::path folder_;
};

}  // namespace medvol::trainers
