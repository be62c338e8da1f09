#include "networks/network.h"

#include "framework/core/error.h"

namespace medvol::networks {

int64_t Network::parameter_count() const {
  int64_t count = 0;
  for (const torch::Tensor& parameter : parameters()) count += parameter.numel();
  return count;
}

void Network::prune(int64_t) {
  throw core::UserError("this network has no levels to prune", "prune", "unet_plus_plus has: its L1 to L4");
}

}  // namespace medvol::networks
