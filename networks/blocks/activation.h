#pragma once
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

namespace medvol::networks {

/// `prelu` has learned slopes (He et al. 2015), `elu` is of scale 1 (Clevert et al. 2016).
enum class ActivationKind { none, relu, leaky_relu, prelu, elu };

struct ActivationOptions {
  ActivationKind kind = ActivationKind::leaky_relu;
  double slope = 0.01;  ///< of leaky ReLU; where PReLU starts
  int64_t slopes = 1;   ///< of PReLU: 1, or one a channel
};

/// A pointwise non-linearity; PReLU's slopes are its parameter `weight`.
class ActivationImpl : public torch::nn::Module {
 public:
  explicit ActivationImpl(const ActivationOptions& options = {});
  torch::Tensor forward(const torch::Tensor& x);

 private:
  ActivationOptions options_;
  torch::Tensor weight_;
};
TORCH_MODULE(Activation);

}  // namespace medvol::networks
