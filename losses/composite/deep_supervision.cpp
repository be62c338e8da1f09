#include "losses/composite/deep_supervision.h"

#include "framework/core/error.h"

namespace medvol::losses {
namespace {

torch::Tensor coarser(torch::Tensor labels, const std::vector<int64_t>& stride) {
  for (size_t axis = 0; axis < stride.size(); ++axis)
    labels = labels.slice(static_cast<int64_t>(axis) + 1, stride[axis] / 2, c10::nullopt, stride[axis]);
  return labels.contiguous();
}

}  // namespace

std::vector<double> deep_supervision_weights(size_t heads) {
  std::vector<double> weights(heads);
  double sum = 0;
  for (size_t i = 0; i < heads; ++i)
    sum += weights[i] = heads > 1 && i + 1 == heads ? 0.0 : std::ldexp(1.0, -static_cast<int>(i));
  for (double& weight : weights) weight /= sum;
  return weights;
}

DeepSupervision::DeepSupervision(std::unique_ptr<Loss> loss, std::vector<std::vector<int64_t>> head_strides,
                                 std::optional<int64_t> ignore_label)
    : loss_(std::move(loss)), head_strides_(std::move(head_strides)), ignore_label_(ignore_label) {}

torch::Tensor DeepSupervision::operator()(const std::vector<torch::Tensor>& heads, const torch::Tensor& target) const {
  MEDVOL_CHECK(!heads.empty() && heads.size() <= head_strides_.size(), "{} heads, {} strides", heads.size(),
               head_strides_.size());
  torch::Tensor labels = target, mask;
  if (ignore_label_) {
    mask = target != *ignore_label_;
    labels = target.masked_fill(mask.logical_not(), 0);
  }
  const std::vector<double> weights = deep_supervision_weights(heads.size());
  torch::Tensor total;
  for (size_t i = 0; i < heads.size(); ++i) {
    if (weights[i] == 0) continue;
    const torch::Tensor head_mask = mask.defined() ? coarser(mask, head_strides_[i]) : mask;
    const torch::Tensor term = weights[i] * (*loss_)(heads[i], coarser(labels, head_strides_[i]), head_mask);
    total = total.defined() ? total + term : term;
  }
  return total;
}

}  // namespace medvol::losses
