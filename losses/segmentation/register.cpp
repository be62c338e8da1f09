#include "losses/segmentation/register.h"

#include "losses/segmentation/boundary.h"
#include "losses/segmentation/centerline_dice.h"
#include "losses/segmentation/cross_entropy.h"
#include "losses/segmentation/dice.h"
#include "losses/segmentation/dice_binary_cross_entropy.h"
#include "losses/segmentation/dice_cross_entropy.h"
#include "losses/segmentation/lovasz.h"
#include "losses/segmentation/tversky.h"

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
  add<DiceBinaryCrossEntropy, DiceBinaryCrossEntropyOptions>(
      registry, "dice_bce", "soft Dice and binary cross-entropy of regions that may overlap");
  add<Dice, DiceOptions>(registry, "dice", "soft Dice alone");
  add<GeneralizedDice, GeneralizedDiceOptions>(registry, "generalized_dice", "Dice that weighs classes by their size");
  add<Focal, FocalOptions>(registry, "focal", "cross-entropy that easy voxels fade from");
  add<TopKCrossEntropy, TopKCrossEntropyOptions>(registry, "topk_ce", "cross-entropy of the worst voxels");
  add<Tversky, TverskyOptions>(registry, "tversky", "Dice with a price each for false positives and negatives");
  add<FocalTversky, FocalTverskyOptions>(registry, "focal_tversky",
                                         "Tversky with more weight on classes that lack much");
  add<Boundary, BoundaryOptions>(registry, "boundary", "distance to the reference's boundary, with generalised Dice");
  add<Hausdorff, HausdorffOptions>(registry, "hausdorff", "Hausdorff distance by distance transforms, with Dice");
  add<CenterlineDice, CenterlineDiceOptions>(registry, "cldice",
                                             "overlap of centre lines, for vessels and other tubes");
  add<Lovasz, LovaszOptions>(registry, "lovasz", "convex surrogate of the mean IoU");
}

}  // namespace medvol::losses
