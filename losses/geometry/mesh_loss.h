#pragma once
#include <map>
#include <string>

#include "framework/config/fields.h"
#include "framework/geometry/mesh.h"
#include "losses/geometry/mesh_terms.h"

namespace medvol::losses {

config::EnumNames<ChamferPower> enum_names(ChamferPower);

struct MeshLossOptions {
  double chamfer_weight = 1;
  ChamferPower chamfer_power = ChamferPower::squared;
  double edge_weight = 0.1, laplacian_weight = 0.1, normal_weight = 0.1;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("chamfer_weight", chamfer_weight, "factor of the Chamfer distance to the reference surface",
          config::at_least(0));
    visit("chamfer_power", chamfer_power, "squared (mm², as published) or distance (mm, outliers weigh less)");
    visit("edge_weight", edge_weight, "factor of the edges' squared deviation from their mean length before refinement",
          config::at_least(0));
    visit("laplacian_weight", laplacian_weight, "factor of the squared uniform Laplacian: smoothness",
          config::at_least(0));
    visit("normal_weight", normal_weight, "factor of 1 − cos between the normals of adjacent faces: smoothness",
          config::at_least(0));
  }
};

/// What does not change of a mesh while its vertices move.
struct MeshConnections {
  at::Tensor faces;        ///< [F, 3]
  at::Tensor edges;        ///< [2, 2E], as geometry::neighbour_edges
  at::Tensor adjacent;     ///< [P, 2], as geometry::adjacent_faces
  double rest_length = 0;  ///< mean edge length before refinement, mm

  static MeshConnections of(const geometry::Mesh& mesh);
};

/// Voxel2Mesh's sum (Wickramasinghe et al. 2020, equation 1): Chamfer + edge length + Laplacian + normal consistency.
class MeshLoss {
 public:
  explicit MeshLoss(const MeshLossOptions& options) : options_(options) {}

  struct Result {
    at::Tensor total;                         ///< scalar, differentiable
    std::map<std::string, at::Tensor> terms;  ///< unweighted and detached: chamfer, edge, laplacian, normal
  };
  /// `vertices` [V, 3]: moved; `points` [P, 3]: sampled on the moved surface, of the same graph; `targets` [Q, 3]: of
  /// the reference surface. All mm, float32 or float64. A term with weight 0 is not computed.
  Result operator()(const at::Tensor& vertices, const MeshConnections& mesh, const at::Tensor& points,
                    const at::Tensor& targets) const;

 private:
  MeshLossOptions options_;
};

}  // namespace medvol::losses
