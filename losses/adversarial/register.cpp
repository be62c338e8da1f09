#include "losses/adversarial/register.h"

#include "losses/adversarial/games.h"

namespace medvol::losses {
namespace {

template <class Loss, class Options>
void add(AdversarialLossRegistry& registry, const std::string& name, const std::string& doc) {
  registry.add<Options>(name, doc, [](const Options& options) { return std::make_unique<Loss>(options); });
}

}  // namespace

void register_adversarial_losses(AdversarialLossRegistry& registry) {
  add<NonSaturating, NonSaturatingOptions>(registry, "non_saturating", "the first game, by cross-entropy");
  add<LeastSquares, PlainGameOptions>(registry, "least_squares", "squared distance of the logits to 1 and 0");
  add<Hinge, PlainGameOptions>(registry, "hinge", "margins of the logits");
  add<Wasserstein, PlainGameOptions>(registry, "wasserstein", "difference of mean logits; needs a gradient penalty");
  add<Relativistic, PlainGameOptions>(registry, "relativistic", "more real than the mean of the others (ESRGAN)");
  add<MultiscaleL1, PlainGameOptions>(registry, "multiscale_l1", "distance of the discriminator's features (SegAN)");
}

}  // namespace medvol::losses
