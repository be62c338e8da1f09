#include "networks/adversarial/segan.h"

#include <algorithm>

#include "networks/adversarial/patch_limit.h"

namespace medvol::networks {

SeganCritic::SeganCritic(const SeganOptions& options, const DiscriminatorShape& shape) {
  PatchLimit limit(shape, /*least=*/2);
  auto layers = register_module("layers", torch::nn::ModuleList());
  int64_t channels = shape.in_channels;
  for (int64_t i = 0; i < options.layers; ++i) {
    const int64_t width = i == 0 ? options.features : std::max(channels, std::min(2 * channels, options.max_features));
    CriticLayerOptions critic{limit.convolution(channels, width, /*halve=*/true)};
    critic.normalization = i == 0 ? CriticNormalization::none : options.normalization;
    critic.spectral_norm = options.spectral_norm;
    critic.convolution.bias = critic.normalization == CriticNormalization::none;  // a norm would take it away
    critic.slope = options.negative_slope;
    layers_.emplace_back(critic);
    layers->push_back(layers_.back());
    channels = width;
  }
  smallest_ = limit.smallest();
}

Judgement SeganCritic::forward(const torch::Tensor& x) {
  require_at_least(x, smallest_, "segan");
  Judgement judgement;
  std::vector<torch::Tensor>& features = judgement.features.emplace_back();
  features.push_back(x);
  for (CriticLayer& layer : layers_) features.push_back(layer->forward(features.back()));
  return judgement;
}

void SeganCritic::initialize(torch::Generator generator) { initialize_like_dcgan(*this, std::move(generator)); }

}  // namespace medvol::networks
