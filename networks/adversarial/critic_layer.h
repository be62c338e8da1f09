#pragma once
#include <optional>
#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "framework/config/fields.h"
#include "networks/adversarial/spectral_convolution.h"
#include "networks/blocks/batch_norm.h"
#include "networks/blocks/convolution.h"

namespace medvol::networks {

/// `instance` without scale and shift.
enum class CriticNormalization { batch, instance, none };
config::EnumNames<CriticNormalization> enum_names(CriticNormalization);

struct CriticLayerOptions {
  ConvolutionOptions convolution;
  CriticNormalization normalization = CriticNormalization::none;
  bool spectral_norm = false;
  std::optional<double> slope;  ///< of the leaky ReLU; nothing: no non-linearity
};

/// Convolution → norm → leaky ReLU, a discriminator's layer; `conv`, `adn.N` as MONAI names them.
class CriticLayerImpl : public torch::nn::Module {
 public:
  explicit CriticLayerImpl(const CriticLayerOptions& options);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  CriticNormalization normalization_;
  std::optional<double> slope_;
  Convolution plain_{nullptr};
  SpectralConvolution spectral_{nullptr};
  BatchNorm batch_norm_{nullptr};
};
TORCH_MODULE(CriticLayer);

/// DCGAN's initialisation (Radford et al. 2016), Isola's and MONAI's too: weights normal of deviation 0.02, scales of
/// norms normal about 1, biases and shifts 0; running moments at their start; spectral vectors found anew. In the order
/// of names.
void initialize_like_dcgan(torch::nn::Module& module, torch::Generator generator);

}  // namespace medvol::networks
