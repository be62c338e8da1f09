#include "losses/segmentation/class_sums.h"

#include "framework/core/error.h"

namespace medvol::losses {

torch::Tensor one_hot(const torch::Tensor& target, const torch::Tensor& like) {
  return torch::zeros_like(like).scatter_(1, target.unsqueeze(1), 1.0);
}

torch::Tensor counted_voxels(const torch::Tensor& weight, const torch::Tensor& like) {
  return weight.defined() ? (weight > 0).unsqueeze(1).to(like.dtype()) : torch::Tensor();
}

ClassSums class_sums(const torch::Tensor& prediction, const torch::Tensor& reference, const torch::Tensor& weight,
                     const ClassSumsOptions& options) {
  MEDVOL_CHECK(prediction.sizes() == reference.sizes(), "prediction and reference do not fit");
  const int64_t first = options.include_background ? 0 : 1;
  MEDVOL_CHECK(prediction.size(1) > first, "no class is left of {}", prediction.size(1));
  const torch::Tensor p = prediction.narrow(1, first, prediction.size(1) - first);
  const torch::Tensor g = reference.narrow(1, first, reference.size(1) - first);
  const torch::Tensor w = weight.defined() ? weight.unsqueeze(1).to(p.dtype()) : torch::Tensor();
  std::vector<int64_t> axes;
  if (options.batch) axes.push_back(0);
  for (int64_t axis = 2; axis < p.dim(); ++axis) axes.push_back(axis);
  const auto sum = [&](const torch::Tensor& x) { return (w.defined() ? x * w : x).sum(axes); };
  const ClassSums own{sum(p * g), sum(options.squared ? p.square() : p), sum(options.squared ? g.square() : g)};
  if (!options.batch || !options.batch_sum) return own;
  const torch::Tensor all = options.batch_sum(torch::stack({own.both, own.prediction, own.reference}));
  return {all[0], all[1], all[2]};
}

}  // namespace medvol::losses
