#include "networks/network.h"

namespace medvol::networks {

int64_t Network::parameter_count() const {
  int64_t count = 0;
  for (const torch::Tensor& parameter : parameters()) count += parameter.numel();
  return count;
}

}  // namespace medvol::networks
