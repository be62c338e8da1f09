#include "losses/adversarial/feature_matching.h"

#include "framework/core/error.h"
#include "losses/precision.h"

namespace medvol::losses {

torch::Tensor feature_distance(const ScaleFeatures& real, const ScaleFeatures& fake) {
  MEDVOL_CHECK(!real.empty() && real.size() == fake.size(), "{} and {} scales", real.size(), fake.size());
  torch::Tensor total;
  for (size_t scale = 0; scale < real.size(); ++scale) {
    const size_t layers = real[scale].size();
    MEDVOL_CHECK(layers > 0 && layers == fake[scale].size(), "{} and {} layers", layers, fake[scale].size());
    const double share = 1.0 / static_cast<double>(layers * real.size());
    for (size_t i = 0; i < layers; ++i) {
      const torch::Tensor difference = at_least_float32(real[scale][i]) - at_least_float32(fake[scale][i]);
      const torch::Tensor term = share * difference.abs().mean();
      total = total.defined() ? total + term : term;
    }
  }
  return total;
}

torch::Tensor feature_matching(const ScaleFeatures& real, const ScaleFeatures& fake) {
  ScaleFeatures fixed = real;
  for (auto& scale : fixed)
    for (torch::Tensor& features : scale) features = features.detach();
  return feature_distance(fixed, fake);
}

}  // namespace medvol::losses
