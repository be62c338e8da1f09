#pragma once
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

namespace medvol::networks {

/// Group normalisation with a learned scale and shift (Wu and He, ECCV 2018), for any number of spatial axes.
class GroupNormImpl : public torch::nn::Module {
 public:
  /// `channels` is a multiple of `groups`.
  GroupNormImpl(int64_t groups, int64_t channels, double epsilon = 1e-5);
  torch::Tensor forward(const torch::Tensor& x);
  /// Scale 1, shift 0.
  void initialize();

 private:
  int64_t groups_;
  double epsilon_;
  torch::Tensor weight_, bias_;
};
TORCH_MODULE(GroupNorm);

}  // namespace medvol::networks
