#pragma once
#include <vector>

#include "framework/config/fields.h"
#include "networks/blocks/convolution.h"
#include "networks/network.h"

namespace medvol::networks {

struct EsrganOptions {
  int64_t features = 64;
  int64_t blocks = 23;
  int64_t growth = 32;
  double residual_scaling = 0.2;
  double negative_slope = 0.2;
  bool residual_interpolation = true;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("features", features, "channels between the blocks", config::positive());
    visit("blocks", blocks, "residual-in-residual dense blocks (RRDB)", config::positive());
    visit("growth", growth, "channels that each convolution of a dense block adds", config::positive());
    visit("residual_scaling", residual_scaling, "of each block's residual", config::positive());
    visit("negative_slope", negative_slope, "of the leaky ReLU", config::at_least(0));
    visit(
        "residual_interpolation", residual_interpolation,
        "add the linearly interpolated input, so that the network learns the difference: it starts near interpolation "
        "and keeps the intensities' scale; false: as published");
  }
};

/// ESRGAN's generator, RRDBNet (Wang et al., ECCV 2018 workshops): dense blocks of five convolutions, three to an RRDB,
/// scaled residuals around each, no normalisation; nearest up-sampling and a convolution for each step of 2 (or 3).
/// Modules are named as the authors' later program (BasicSR) names them: `conv_first`, `body.0.rdb1.conv1`,
/// `conv_body`, `conv_up1`, `conv_hr`, `conv_last`. 2D and 3D from one source; an axis whose factor in
/// TaskShape.upsampling is 1 keeps its size.
class Esrgan : public Network {
 public:
  /// Throws core::UserError when a factor is not made of twos and threes, or the interpolated input has other channels
  /// than the output.
  Esrgan(const EsrganOptions& options, const TaskShape& shape);
  /// x: [N, C, (D,) H, W] of any size → one image, `upsampling()` times as large.
  std::vector<torch::Tensor> forward(const torch::Tensor& x) override;
  std::vector<int64_t> multiple_of() const override;
  std::vector<std::vector<int64_t>> head_strides() const override;
  std::vector<int64_t> upsampling() const override { return factors_; }
  void initialize(torch::Generator generator) override;

 private:
  class DenseBlock;
  class Rrdb;

  torch::Tensor activated(const torch::Tensor& x) const;

  EsrganOptions options_;
  std::vector<int64_t> factors_;
  std::vector<std::vector<int64_t>> steps_;
  Convolution conv_first_{nullptr}, conv_body_{nullptr}, conv_hr_{nullptr}, conv_last_{nullptr};
  std::vector<std::shared_ptr<Rrdb>> body_;
  std::vector<Convolution> conv_up_;  ///< one a step
};

}  // namespace medvol::networks
