#pragma once
#include "framework/config/fields.h"
#include "losses/adversarial_loss.h"

/// Games of logits. r and f are the discriminator's logits of the real and of the generated batch; E is the mean over
/// the batch and, where a logit judges a patch, over space; scales are averaged.
namespace medvol::losses {

struct NonSaturatingOptions {
  double label_smoothing = 0;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("label_smoothing", label_smoothing,
          "real images are called real with 1 minus this (Salimans et al. 2016: 0.1)", config::below(0, 1));
  }
};

/// The first game, in its non-saturating form (Goodfellow et al., NeurIPS 2014). With target t = 1 − label smoothing:
///   discriminator −E[t log σ(r) + (1 − t) log(1 − σ(r))] − E[log(1 − σ(f))],  generator −E[log σ(f)]
class NonSaturating : public AdversarialLoss {
 public:
  explicit NonSaturating(const NonSaturatingOptions& options) : options_(options) {}
  torch::Tensor discriminator(const CriticOutput& real, const CriticOutput& fake) const override;
  torch::Tensor generator(const CriticOutput& real, const CriticOutput& fake) const override;

 private:
  NonSaturatingOptions options_;
};

/// An entry that has nothing to choose.
struct PlainGameOptions {
  template <class Visitor>
  void fields(Visitor&) {}
};

/// Least squares (Mao et al., ICCV 2017, equation 9): discriminator ½ E[(r − 1)²] + ½ E[f²], generator ½ E[(f − 1)²].
class LeastSquares : public AdversarialLoss {
 public:
  explicit LeastSquares(const PlainGameOptions&) {}
  torch::Tensor discriminator(const CriticOutput& real, const CriticOutput& fake) const override;
  torch::Tensor generator(const CriticOutput& real, const CriticOutput& fake) const override;
};

/// Hinge (Lim and Ye, "Geometric GAN", 2017): discriminator E[max(0, 1 − r)] + E[max(0, 1 + f)], generator −E[f].
class Hinge : public AdversarialLoss {
 public:
  explicit Hinge(const PlainGameOptions&) {}
  torch::Tensor discriminator(const CriticOutput& real, const CriticOutput& fake) const override;
  torch::Tensor generator(const CriticOutput& real, const CriticOutput& fake) const override;
};

/// Wasserstein distance (Arjovsky, Chintala and Bottou, ICML 2017): discriminator E[f] − E[r], generator −E[f]. The
/// discriminator must be near 1-Lipschitz: a gradient penalty (penalties.h) or spectral normalisation sees to it.
class Wasserstein : public AdversarialLoss {
 public:
  explicit Wasserstein(const PlainGameOptions&) {}
  torch::Tensor discriminator(const CriticOutput& real, const CriticOutput& fake) const override;
  torch::Tensor generator(const CriticOutput& real, const CriticOutput& fake) const override;
};

/// Relativistic average game (Jolicoeur-Martineau, ICLR 2019; ESRGAN): is an image more real than the mean of the
/// others? discriminator −E[log σ(r − E f)] − E[log(1 − σ(f − E r))], generator the same with r and f changed over.
class Relativistic : public AdversarialLoss {
 public:
  explicit Relativistic(const PlainGameOptions&) {}
  torch::Tensor discriminator(const CriticOutput& real, const CriticOutput& fake) const override;
  torch::Tensor generator(const CriticOutput& real, const CriticOutput& fake) const override;
};

/// SegAN's multi-scale L1 (Xue et al., Neuroinformatics 2018): the mean absolute difference of the discriminator's
/// features of both, which the generator makes small and the discriminator large. Takes no logits. The discriminator's
/// side is unbounded: it needs spectral normalisation or clipped weights.
class MultiscaleL1 : public AdversarialLoss {
 public:
  explicit MultiscaleL1(const PlainGameOptions&) {}
  torch::Tensor discriminator(const CriticOutput& real, const CriticOutput& fake) const override;
  torch::Tensor generator(const CriticOutput& real, const CriticOutput& fake) const override;
};

}  // namespace medvol::losses
