#include "networks/super_resolution/register.h"

#include "networks/super_resolution/esrgan.h"
#include "networks/super_resolution/srgan.h"

namespace medvol::networks {
namespace {

template <class Network, class Options>
void add(NetworkRegistry& registry, const std::string& name, const std::string& doc) {
  registry.add<Options>(name, doc, [](const Options& options, const TaskShape& shape) {
    return std::make_shared<Network>(options, shape);
  });
}

}  // namespace

void register_super_resolution(NetworkRegistry& registry) {
  add<Srgan, SrganOptions>(registry, "srgan", "SRGAN's generator SRResNet, sub-pixel up-sampling (2D, 3D)");
  add<Esrgan, EsrganOptions>(registry, "esrgan", "ESRGAN's generator of residual dense blocks, no norm (2D, 3D)");
}

}  // namespace medvol::networks
