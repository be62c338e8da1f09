#pragma once
#include <vector>

#include "framework/config/fields.h"
#include "networks/blocks/conv_unit.h"
#include "networks/network.h"

namespace medvol::networks {

enum class SrganNormalization { batch, instance, none };
config::EnumNames<SrganNormalization> enum_names(SrganNormalization);

struct SrganOptions {
  int64_t features = 64;
  int64_t blocks = 16;
  int64_t outer_kernel = 9;
  SrganNormalization normalization = SrganNormalization::batch;
  bool icnr = false;
  bool residual_interpolation = true;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("features", features, "channels everywhere inside", config::positive());
    visit("blocks", blocks, "residual blocks of two convolutions", config::positive());
    visit("outer_kernel", outer_kernel, "kernel of the first and of the last convolution, odd; 9³ costs much in 3D",
          config::positive());
    visit("normalization", normalization, "batch (as published), instance, or none (EDSR, Lim et al. 2017)");
    visit("icnr", icnr, "sub-pixels start alike (Aitken et al. 2017): no checkerboard at the start");
    visit(
        "residual_interpolation", residual_interpolation,
        "add the linearly interpolated input, so that the network learns the difference: it starts near interpolation "
        "and keeps the intensities' scale; false: as published");
  }
};

/// SRGAN's generator, SRResNet (Ledig et al., CVPR 2017): residual blocks of 3×3 convolutions with PReLU at the input's
/// resolution, a skip around them all, and sub-pixel up-sampling in steps of 2 (or 3). 2D and 3D from one source; an
/// axis whose factor in TaskShape.upsampling is 1 keeps its size, so that {4, 1, 1} is through-plane super-resolution.
/// No tanh at the end: intensities have no bounds.
class Srgan : public Network {
 public:
  /// Throws core::UserError when a factor is not made of twos and threes, outer_kernel is even, or the interpolated
  /// input has other channels than the output.
  Srgan(const SrganOptions& options, const TaskShape& shape);
  /// x: [N, C, (D,) H, W] of any size → one image, `upsampling()` times as large.
  std::vector<torch::Tensor> forward(const torch::Tensor& x) override;
  std::vector<int64_t> multiple_of() const override;
  std::vector<std::vector<int64_t>> head_strides() const override;
  std::vector<int64_t> upsampling() const override { return factors_; }
  void initialize(torch::Generator generator) override;

 private:
  class Block;
  class Step;

  SrganOptions options_;
  std::vector<int64_t> factors_;
  ConvUnit conv_first_{nullptr}, conv_body_{nullptr};
  Convolution conv_last_{nullptr};
  std::vector<std::shared_ptr<Block>> body_;
  std::vector<std::shared_ptr<Step>> up_;
};

}  // namespace medvol::networks
