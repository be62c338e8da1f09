#pragma once
#include <functional>

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

namespace medvol::networks {

/// Batch normalisation with a learned scale and shift (Ioffe and Szegedy 2015), for two or three spatial axes: the
/// batch's moments in training, running ones (momentum 0.1) in evaluation. Names as PyTorch's.
class BatchNormImpl : public torch::nn::Module {
 public:
  explicit BatchNormImpl(int64_t channels, double epsilon = 1e-5);
  torch::Tensor forward(const torch::Tensor& x);
  /// From now on the batch's moments are those of all processes that share the batch (SyncBatchNorm): `sum` sums over
  /// them, forward and backward.
  void synchronise(std::function<torch::Tensor(const torch::Tensor&)> sum) { sum_ = std::move(sum); }

 private:
  torch::Tensor forward_together(const torch::Tensor& x);

  std::function<torch::Tensor(const torch::Tensor&)> sum_;
  double epsilon_;
  torch::Tensor weight_, bias_, running_mean_, running_var_, num_batches_tracked_;
};
TORCH_MODULE(BatchNorm);

}  // namespace medvol::networks
