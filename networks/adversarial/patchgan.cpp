#include "networks/adversarial/patchgan.h"

#include <algorithm>

#include "networks/adversarial/patch_limit.h"

namespace medvol::networks {

PatchGan::PatchGan(const PatchGanOptions& options, const DiscriminatorShape& shape) {
  PatchLimit limit(shape, /*least=*/3);
  const auto layer = [&](const std::string& name, int64_t in_channels, int64_t out_channels, bool halve, bool inner) {
    CriticLayerOptions critic{limit.convolution(in_channels, out_channels, halve)};
    critic.normalization = inner ? options.normalization : CriticNormalization::none;
    critic.spectral_norm = options.spectral_norm;
    critic.convolution.bias = critic.normalization == CriticNormalization::none;  // a norm would take it away
    if (name != "final_conv") critic.slope = options.negative_slope;
    layers_.push_back(register_module(name, CriticLayer(critic)));
  };
  int64_t channels = options.features;
  layer("initial_conv", shape.in_channels, channels, /*halve=*/true, /*inner=*/false);
  for (int64_t i = 0; i < options.layers; ++i) {
    const int64_t width = std::max(channels, std::min(2 * channels, options.max_features));
    layer(std::to_string(i), channels, width, /*halve=*/i + 1 < options.layers, /*inner=*/true);
    channels = width;
  }
  layer("final_conv", channels, 1, /*halve=*/false, /*inner=*/false);
  smallest_ = limit.smallest();
}

Judgement PatchGan::forward(const torch::Tensor& x) {
  require_at_least(x, smallest_, "patchgan");
  Judgement judgement;
  std::vector<torch::Tensor>& features = judgement.features.emplace_back();
  torch::Tensor y = x;
  for (CriticLayer& layer : layers_) features.push_back(y = layer->forward(y));
  features.pop_back();
  judgement.logits.push_back(y);
  return judgement;
}

void PatchGan::initialize(torch::Generator generator) { initialize_like_dcgan(*this, std::move(generator)); }

}  // namespace medvol::networks
