#include "networks/segmentation/register.h"

#include "networks/segmentation/attention_unet.h"
#include "networks/segmentation/recurrent_unet.h"
#include "networks/segmentation/residual_unet.h"
#include "networks/segmentation/segresnet.h"
#include "networks/segmentation/unet.h"
#include "networks/segmentation/unet_plus_plus.h"
#include "networks/segmentation/unetr.h"
#include "networks/segmentation/vnet.h"

namespace medvol::networks {
namespace {

template <class Network, class Options>
void add(NetworkRegistry& registry, const std::string& name, const std::string& doc) {
  registry.add<Options>(name, doc, [](const Options& options, const TaskShape& shape) {
    return std::make_shared<Network>(options, shape);
  });
}

}  // namespace

void register_segmentation(NetworkRegistry& registry) {
  add<UNet, UNetOptions>(registry, "unet", "U-Net, nnU-Net's plain encoder-decoder with deep supervision (2D, 3D)");
  add<ResidualUNet, ResidualUNetOptions>(registry, "residual_unet", "U-Net with nnU-Net's residual encoder (2D, 3D)");
  add<UNetPlusPlus, UNetPlusPlusOptions>(registry, "unet_plus_plus", "U-Net++, nested dense skips, prunable (2D, 3D)");
  add<VNet, VNetOptions>(registry, "vnet", "V-Net, residual stages of 5³ kernels (2D, 3D)");
  add<AttentionUNet, AttentionUNetOptions>(registry, "attention_unet", "U-Net with gated skips (2D, 3D)");
  add<SegResNet, SegResNetOptions>(registry, "segresnet", "SegResNet, residual with group norm, without VAE (2D, 3D)");
  add<Unetr, UnetrOptions>(registry, "unetr", "UNETR, transformer encoder at the plan's patch alone (2D, 3D)");
  add<RecurrentUNet, RecurrentUNetOptions>(registry, "recurrent_unet",
                                           "2.5D U-Net, bidirectional ConvLSTM along the slices (3D)");
}

}  // namespace medvol::networks
