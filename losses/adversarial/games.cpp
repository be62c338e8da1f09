#include "losses/adversarial/games.h"

#include "framework/core/error.h"
#include "losses/adversarial/feature_matching.h"
#include "losses/precision.h"

namespace medvol::losses {
namespace {

using torch::softplus;  // -log σ(x) = softplus(-x), and -log(1 - σ(x)) = softplus(x)

/// The mean over scales of term(logits).
template <class Term>
torch::Tensor over_scales(const CriticOutput& output, Term term) {
  if (output.logits.empty())
    throw core::UserError("the discriminator gives features and no logits", "adversarial_loss",
                          "discriminator=segan goes with adversarial_loss=multiscale_l1");
  torch::Tensor total;
  for (const torch::Tensor& logits : output.logits) {
    const torch::Tensor mean = term(at_least_float32(logits)).mean();
    total = total.defined() ? total + mean : mean;
  }
  return total / static_cast<double>(output.logits.size());
}

/// The mean over scales of softplus(mean of `low` − high) + softplus(low − mean of `high`): `high` should be higher.
torch::Tensor relative(const CriticOutput& high, const CriticOutput& low) {
  MEDVOL_CHECK(high.logits.size() == low.logits.size(), "critics of different scales");
  if (high.logits.empty())
    throw core::UserError("the discriminator gives features and no logits", "adversarial_loss",
                          "discriminator=segan goes with adversarial_loss=multiscale_l1");
  torch::Tensor total;
  for (size_t i = 0; i < high.logits.size(); ++i) {
    const torch::Tensor up = at_least_float32(high.logits[i]), down = at_least_float32(low.logits[i]);
    const torch::Tensor term = softplus(down.mean() - up).mean() + softplus(down - up.mean()).mean();
    total = total.defined() ? total + term : term;
  }
  return total / static_cast<double>(high.logits.size());
}

torch::Tensor minus_mean(const CriticOutput& output) {
  return over_scales(output, [](const torch::Tensor& x) { return -x; });
}

}  // namespace

torch::Tensor NonSaturating::discriminator(const CriticOutput& real, const CriticOutput& fake) const {
  const double smoothing = options_.label_smoothing;
  const auto called_real = [smoothing](const torch::Tensor& x) {
    return (1 - smoothing) * softplus(-x) + smoothing * softplus(x);
  };
  return over_scales(real, called_real) + over_scales(fake, [](const torch::Tensor& x) { return softplus(x); });
}

torch::Tensor NonSaturating::generator(const CriticOutput&, const CriticOutput& fake) const {
  return over_scales(fake, [](const torch::Tensor& x) { return softplus(-x); });
}

torch::Tensor LeastSquares::discriminator(const CriticOutput& real, const CriticOutput& fake) const {
  return 0.5 * over_scales(real, [](const torch::Tensor& x) { return (x - 1).square(); }) +
         0.5 * over_scales(fake, [](const torch::Tensor& x) { return x.square(); });
}

torch::Tensor LeastSquares::generator(const CriticOutput&, const CriticOutput& fake) const {
  return 0.5 * over_scales(fake, [](const torch::Tensor& x) { return (x - 1).square(); });
}

torch::Tensor Hinge::discriminator(const CriticOutput& real, const CriticOutput& fake) const {
  return over_scales(real, [](const torch::Tensor& x) { return torch::relu(1 - x); }) +
         over_scales(fake, [](const torch::Tensor& x) { return torch::relu(1 + x); });
}

torch::Tensor Hinge::generator(const CriticOutput&, const CriticOutput& fake) const { return minus_mean(fake); }

torch::Tensor Wasserstein::discriminator(const CriticOutput& real, const CriticOutput& fake) const {
  return minus_mean(real) - minus_mean(fake);
}

torch::Tensor Wasserstein::generator(const CriticOutput&, const CriticOutput& fake) const { return minus_mean(fake); }

torch::Tensor Relativistic::discriminator(const CriticOutput& real, const CriticOutput& fake) const {
  return relative(real, fake);
}

torch::Tensor Relativistic::generator(const CriticOutput& real, const CriticOutput& fake) const {
  return relative(fake, real);
}

torch::Tensor MultiscaleL1::discriminator(const CriticOutput& real, const CriticOutput& fake) const {
  return -feature_distance(real.features, fake.features);
}

torch::Tensor MultiscaleL1::generator(const CriticOutput& real, const CriticOutput& fake) const {
  return feature_matching(real.features, fake.features);
}

}  // namespace medvol::losses
