#include "trainers/adversarial/label_maps.h"

namespace medvol::trainers {

torch::Tensor class_maps(const torch::Tensor& labels, int64_t classes) {
  std::vector<int64_t> shape(static_cast<size_t>(labels.dim()) + 1, 1);
  shape[1] = classes;
  const torch::Tensor values = torch::arange(classes, torch::TensorOptions(torch::kInt64).device(labels.device()));
  return (labels.to(torch::kInt64).unsqueeze(1) == values.view(shape)).to(torch::kFloat32);
}

}  // namespace medvol::trainers
