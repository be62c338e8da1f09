#include "losses/segmentation/register.h"

#include "losses/segmentation/dice_cross_entropy.h"

namespace medvol::losses {
namespace {

template <class Loss, class Options>
void add(LossRegistry& registry, const std::string& name, const std::string& doc) {
  registry.add<Options>(name, doc, [](const Options& options, const LossContext& context) {
    return std::make_unique<Loss>(options, context);
  });
}

}  // namespace

void register_segmentation(LossRegistry& registry) {
  add<DiceCrossEntropy, DiceCrossEntropyOptions>(registry, "dice_ce", "soft Dice and cross-entropy, nnU-Net's default");
}

}  // namespace medvol::losses
