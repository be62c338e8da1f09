#include "losses/adversarial/penalties.h"

#include <torch/csrc/autograd/autograd.h>

#include "framework/core/error.h"
#include "losses/precision.h"

namespace medvol::losses {
namespace {

/// ‖∇‖² of each sample's mean logit: [N].
torch::Tensor squared_gradient(const torch::Tensor& logits, const torch::Tensor& x) {
  const torch::Tensor score = at_least_float32(logits).reshape({x.size(0), -1}).mean(1).sum();
  const torch::Tensor gradient =
      torch::autograd::grad({score}, {x}, {}, /*retain_graph=*/true, /*create_graph=*/true)[0];
  return at_least_float32(gradient).flatten(1).square().sum(1);
}

}  // namespace

torch::Tensor gradient_penalty(const std::function<torch::Tensor(torch::Tensor)>& critic, const torch::Tensor& real,
                               const torch::Tensor& fake, torch::Generator generator) {
  MEDVOL_CHECK(real.sizes() == fake.sizes(), "real and generated images do not fit");
  std::vector<int64_t> shape(static_cast<size_t>(real.dim()), 1);
  shape[0] = real.size(0);
  const torch::Tensor share = torch::rand(shape, std::move(generator), torch::kFloat32).to(real.options());
  const torch::Tensor x = (share * real.detach() + (1 - share) * fake.detach()).requires_grad_();
  // A root's slope is infinite at 0, where a critic that is flat would begin.
  const torch::Tensor norm = (squared_gradient(critic(x), x) + 1e-12).sqrt();
  return (norm - 1).square().mean();
}

torch::Tensor r1_penalty(const torch::Tensor& real_logits, const torch::Tensor& real) {
  MEDVOL_CHECK(real.requires_grad(), "the real images were not asked for gradients");
  return 0.5 * squared_gradient(real_logits, real).mean();
}

}  // namespace medvol::losses
