#include "losses/segmentation/lovasz.h"

#include "losses/precision.h"
#include "losses/segmentation/class_sums.h"
#include "losses/segmentation/cross_entropy.h"
#include "losses/weighted_mean.h"

namespace medvol::losses {
namespace {

/// Mean over the present classes of the Lovász extension; error, reference: [K, voxels]; weight: [voxels] or undefined.
torch::Tensor lovasz_extension(const torch::Tensor& error, const torch::Tensor& reference,
                               const torch::Tensor& weight) {
  const auto [sorted, order] = error.sort(1, true);
  const torch::Tensor truth = reference.gather(1, order);
  const torch::Tensor counts =
      weight.defined() ? weight.index_select(0, order.flatten()).view_as(truth) : torch::Tensor();
  const torch::Tensor inside = counts.defined() ? truth * counts : truth;
  const torch::Tensor outside = (counts.defined() ? counts : torch::ones_like(truth)) - inside;
  const torch::Tensor total = inside.sum(1, true);
  const torch::Tensor both = total - inside.cumsum(1);
  const torch::Tensor united = total + outside.cumsum(1);
  const torch::Tensor jaccard = 1 - both / united.clamp_min(1e-8);
  const torch::Tensor growth = torch::cat({jaccard.narrow(1, 0, 1), jaccard.diff(1, 1)}, 1);
  const torch::Tensor present = (total.squeeze(1) > 0).to(error.dtype());
  return ((sorted * growth).sum(1) * present).sum() / present.sum().clamp_min(1);
}

}  // namespace

Lovasz::Lovasz(const LovaszOptions& options, const LossContext& context) : options_(options) {
  if (!options_.batch) options_.batch = context.batch_dice;
}

torch::Tensor Lovasz::operator()(const torch::Tensor& logits, const torch::Tensor& target,
                                 const torch::Tensor& weight) const {
  const torch::Tensor log_probabilities = torch::log_softmax(at_least_float32(logits), 1);
  const torch::Tensor prediction = log_probabilities.exp();
  const int64_t first = options_.include_background ? 0 : 1, classes = prediction.size(1) - first;
  const torch::Tensor reference = one_hot(target, prediction).narrow(1, first, classes);
  const torch::Tensor error = (reference - prediction.narrow(1, first, classes)).abs();
  const torch::Tensor counts = weight.defined() ? weight.to(prediction.dtype()) : weight;
  torch::Tensor loss;
  if (*options_.batch) {
    const auto joined = [](const torch::Tensor& x) { return x.transpose(0, 1).flatten(1); };
    loss = lovasz_extension(joined(error), joined(reference), counts.defined() ? counts.flatten() : counts);
  } else {
    std::vector<torch::Tensor> each;
    for (int64_t n = 0; n < error.size(0); ++n)
      each.push_back(lovasz_extension(error[n].flatten(1), reference[n].flatten(1),
                                      counts.defined() ? counts[n].flatten() : counts));
    loss = torch::stack(each).mean();
  }
  if (options_.cross_entropy_weight == 0) return loss;
  return loss + options_.cross_entropy_weight * weighted_mean(cross_entropy(log_probabilities, target), weight);
}

}  // namespace medvol::losses
