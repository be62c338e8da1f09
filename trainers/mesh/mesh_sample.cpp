#include "trainers/mesh/mesh_sample.h"

#include "framework/core/error.h"
#include "framework/geometry/isosurface.h"

namespace medvol::trainers {
namespace {

void check_case(const MeshCase& one) {
  if (one.reference.geometry.dimensions != 3)
    throw core::UserError("the images are two-dimensional", one.id, "only surfaces of 3D structures can be refined");
  if (!one.prediction.geometry.matches(one.reference.geometry))
    throw core::UserError(fmt::format("the predicted label map ({}) and the reference ({}) lie on different grids",
                                      one.prediction.geometry.text(), one.reference.geometry.text()),
                          one.id, "trainer.segmentations must hold what `medvol predict` wrote for this data set");
}

}  // namespace

MeshSamples make_mesh_samples(const MeshCase& one, const std::vector<int64_t>& labels,
                              const VertexFeatureOptions& options) {
  check_case(one);
  MeshSamples result;
  result.id = one.id;
  for (size_t i = 0; i < labels.size(); ++i) {
    const geometry::Mesh predicted = geometry::label_surface(one.prediction, labels[i]);
    const geometry::Mesh reference = geometry::label_surface(one.reference, labels[i]);
    if (predicted.face_count() == 0 && reference.face_count() > 0) ++result.missed;
    if (predicted.face_count() > 0 && reference.face_count() == 0) ++result.invented;
    if (predicted.face_count() == 0 || reference.face_count() == 0) continue;
    result.samples.push_back({.id = one.id,
                              .label = labels[i],
                              .predicted = predicted,
                              .reference = reference,
                              .features = vertex_features(predicted, one.image, static_cast<int64_t>(i),
                                                          static_cast<int64_t>(labels.size()), options),
                              .connections = losses::MeshConnections::of(predicted),
                              .centre = predicted.vertices.mean(0)});
  }
  return result;
}

}  // namespace medvol::trainers
