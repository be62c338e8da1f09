#pragma once
#include <string>
#include <vector>

#include "networks/blocks/convolution.h"
#include "networks/discriminator.h"

namespace medvol::networks {

/// How often each axis of the patch can be halved. Convolutions are asked for from the image on.
class PatchLimit {
 public:
  /// An axis is halved only while `least` voxels remain; an empty patch_size has no limit.
  PatchLimit(const DiscriminatorShape& shape, int64_t least);
  /// 4×4, of stride 2 where it is to halve; on axes at their limit of kernel 3 and stride 1.
  ConvolutionOptions convolution(int64_t in_channels, int64_t out_channels, bool halve);
  /// The smallest image that the convolutions given so far take, in tensor order.
  std::vector<int64_t> smallest() const;

 private:
  int64_t least_;
  std::vector<int64_t> size_;  ///< what remains of the patch
  std::vector<int64_t> halved_;
  std::vector<bool> thin_;  ///< below `least` from the beginning: never a kernel of 4
};

/// Throws core::UserError unless every spatial size of x [N, C, (D,) H, W] is at least `smallest`.
void require_at_least(const torch::Tensor& x, const std::vector<int64_t>& smallest, const std::string& name);

}  // namespace medvol::networks
