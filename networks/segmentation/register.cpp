#include "networks/segmentation/register.h"

#include "networks/segmentation/unet.h"

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
}

}  // namespace medvol::networks
