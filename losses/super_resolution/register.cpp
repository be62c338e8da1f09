#include "losses/super_resolution/register.h"

#include "losses/super_resolution/perceptual.h"
#include "losses/super_resolution/pixel.h"
#include "losses/super_resolution/similarity.h"

namespace medvol::losses {
namespace {

template <class Loss, class Options>
void add(ImageLossRegistry& registry, const std::string& name, const std::string& doc) {
  registry.add<Options>(name, doc, [](const Options& options, const ImageLossContext& context) {
    return std::make_unique<Loss>(options, context);
  });
}

}  // namespace

void register_image_losses(ImageLossRegistry& registry) {
  add<L1, L1Options>(registry, "l1", "mean absolute difference");
  add<L2, L2Options>(registry, "l2", "mean squared difference");
  add<Charbonnier, CharbonnierOptions>(registry, "charbonnier", "L1 that is smooth at zero");
  add<Ssim, metrics::SsimOptions>(registry, "ssim", "1 - structural similarity");
  add<MsSsim, metrics::SsimOptions>(registry, "ms_ssim", "1 - structural similarity over scales");
  add<L1Ssim, L1SsimOptions>(registry, "l1_ssim", "L1 and a share of 1 - structural similarity");
  add<Perceptual, PerceptualOptions>(registry, "perceptual", "difference of a network's features");
}

}  // namespace medvol::losses
