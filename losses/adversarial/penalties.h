#pragma once
#include <functional>

#include <torch/types.h>

/// Penalties of a discriminator's gradients with respect to its input. Both keep the graph of that gradient, so that
/// the discriminator's weights can be trained by them: call them outside autocast and not under NoGradGuard.
namespace medvol::losses {

/// The gradient penalty of WGAN-GP (Gulrajani et al., NeurIPS 2017), without its factor (the paper's is 10):
///   E[(‖∇ critic(x)‖₂ − 1)²] at x = u real + (1 − u) fake, u uniform in [0, 1), one for each sample, from `generator`
/// (a CPU one). real, fake: [N, …] of one shape; critic: [N, …] → logits [N] or [N, …], of which a sample's score is
/// the mean. Neither image gets a gradient.
torch::Tensor gradient_penalty(const std::function<torch::Tensor(torch::Tensor)>& critic, const torch::Tensor& real,
                               const torch::Tensor& fake, torch::Generator generator);

/// R1 (Mescheder, Geiger and Nowozin, ICML 2018), without its factor γ: ½ E[‖∇ critic(real)‖²]. real_logits: [N] or
/// [N, …], made from `real`: [N, …], which requires gradients.
torch::Tensor r1_penalty(const torch::Tensor& real_logits, const torch::Tensor& real);

}  // namespace medvol::losses
