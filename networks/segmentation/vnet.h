#pragma once
#include <memory>
#include <vector>

#include "framework/config/fields.h"
#include "networks/network.h"

namespace medvol::networks {

enum class VNetActivation { prelu, elu };
config::EnumNames<VNetActivation> enum_names(VNetActivation);

/// Empty lists: as published, with as many of the five stages, and with such strides, as the plan has.
struct VNetOptions {
  std::vector<int64_t> features_per_stage = {};
  std::vector<std::vector<int64_t>> kernel_sizes = {};
  std::vector<std::vector<int64_t>> strides = {};
  std::vector<int64_t> convolutions_per_stage_encoder = {};
  std::vector<int64_t> convolutions_per_stage_decoder = {};
  VNetActivation activation = VNetActivation::prelu;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("features_per_stage", features_per_stage,
          "channels of each stage, finest first; empty: 16, 32, 64, 128, 256, as many as the plan has stages",
          config::positive());
    visit("kernel_sizes", kernel_sizes,
          "kernel of each stage, one number an axis (z, y, x); empty: 5, and 1 on axes where the plan's is 1",
          config::positive());
    visit("strides", strides,
          "size and stride of the convolution into each stage; the first is all ones; empty: from "
          "the plan",
          config::positive());
    visit("convolutions_per_stage_encoder", convolutions_per_stage_encoder,
          "of every stage but the first, which has one; empty: 2, 3, 3, 3 (MONAI: 1, 2, 3, 2)", config::positive());
    visit("convolutions_per_stage_decoder", convolutions_per_stage_decoder,
          "one less than stages, coarsest first; empty: 3, 3, 2, 1 (MONAI: 2, 2, 1, 1)", config::positive());
    visit("activation", activation, "prelu, as published, or elu, MONAI's default");
  }
};

/// V-Net (Milletari et al., 3DV 2016): stages of 5³ convolutions that learn residuals, 2³ convolutions of stride 2
/// down, transposed ones up, PReLU, one head at full resolution and no deep supervision. Batch normalisation after
/// every convolution is not of the paper; it is of all its implementations, and so is the 5³ convolution to classes
/// before the last 1³. The input is repeated to the width of the first stage for its residual. No dropout. Parameter
/// names, count and outputs equal MONAI's VNet of the same numbers of convolutions. 2D and 3D from one source.
class VNet : public Network {
 public:
  /// Throws core::UserError when lists differ in length.
  VNet(const VNetOptions& options, const TaskShape& shape);
  std::vector<torch::Tensor> forward(const torch::Tensor& x) override;
  std::vector<int64_t> multiple_of() const override;
  std::vector<std::vector<int64_t>> head_strides() const override;
  void initialize(torch::Generator generator) override;

 private:
  class Unit;
  class Stage;
  class Output;

  VNetOptions options_;
  std::shared_ptr<Unit> input_;
  std::vector<std::shared_ptr<Stage>> down_, up_;  ///< in the order in which they are computed
  std::shared_ptr<Output> output_;
};

}  // namespace medvol::networks
