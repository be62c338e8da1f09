#include "networks/adversarial/register.h"

#include "networks/adversarial/multiscale.h"
#include "networks/adversarial/patchgan.h"
#include "networks/adversarial/pix2pix.h"
#include "networks/adversarial/segan.h"
#include "networks/adversarial/spade.h"

namespace medvol::networks {
namespace {

template <class Player, class Options, class Shape, class Registry>
void add(Registry& registry, const std::string& name, const std::string& doc) {
  registry.template add<Options>(
      name, doc, [](const Options& options, const Shape& shape) { return std::make_shared<Player>(options, shape); });
}

}  // namespace

void register_discriminators(DiscriminatorRegistry& registry) {
  add<PatchGan, PatchGanOptions, DiscriminatorShape>(registry, "patchgan", "PatchGAN, judges patches (2D, 3D)");
  add<MultiscalePatchGan, MultiscaleOptions, DiscriminatorShape>(registry, "multiscale",
                                                                 "PatchGANs at several scales, pix2pixHD (2D, 3D)");
  add<SeganCritic, SeganOptions, DiscriminatorShape>(registry, "segan",
                                                     "SegAN's critic, features for the multi-scale L1 (2D, 3D)");
}

void register_generators(NetworkRegistry& registry) {
  add<Spade, SpadeOptions, TaskShape>(registry, "spade", "SPADE, labels to image, label-adaptive norms (2D, 3D)");
  add<Pix2Pix, Pix2PixOptions, TaskShape>(registry, "pix2pix", "pix2pix's U-Net, labels to image (2D, 3D)");
}

}  // namespace medvol::networks
