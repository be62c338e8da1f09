#pragma once
#include <ATen/core/Tensor.h>

namespace medvol::losses {

/// Terms of a loss of surfaces, in mm, each a scalar that is differentiable in the vertices. Means stand where the
/// papers have sums, so that weights do not depend on the size of a mesh.

/// For each point of `from` [P, 3] the row of the nearest one of `to` [Q, 3], Q > 0: [P] int64. No gradient.
at::Tensor nearest_rows(const at::Tensor& from, const at::Tensor& to);

enum class ChamferPower { distance, squared };

/// Chamfer distance of two sets of points [P, 3] and [Q, 3] (Fan et al., CVPR 2017; Wang et al., Pixel2Mesh, ECCV 2018,
/// equation 2): mean_p min_q |p − q|^k + mean_q min_p |q − p|^k with k = 2 (squared, as published) or 1.
at::Tensor chamfer(const at::Tensor& points, const at::Tensor& targets, ChamferPower power);

/// Mean over edges of (|v_i − v_j| − rest)². Pixel2Mesh's edge length regularisation has rest = 0. `edges`: [2, E].
at::Tensor edge_length(const at::Tensor& vertices, const at::Tensor& edges, double rest);

/// Mean over vertices of |mean of neighbours − v|²: the uniform Laplacian as Voxel2Mesh smooths with (Wickramasinghe et
/// al., MICCAI 2020; Nealen et al. 2006). `edges` in both directions, as geometry::neighbour_edges.
at::Tensor laplacian(const at::Tensor& vertices, const at::Tensor& edges);

/// Mean over pairs of adjacent faces (geometry::adjacent_faces, [P, 2]) of 1 − cos of the angle between their normals:
/// 0 where it is flat, 2 where it is folded (Voxel2Mesh; Ravi et al., PyTorch3D, 2020). 0 without pairs.
at::Tensor normal_consistency(const at::Tensor& vertices, const at::Tensor& faces, const at::Tensor& adjacent);

}  // namespace medvol::losses
