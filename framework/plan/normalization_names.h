#pragma once
#include <string>
#include <utility>
#include <vector>

#include "framework/plan/plan.h"

namespace medvol::plan {

/// Class names of nnU-Net's normalisers.
inline const std::vector<std::pair<std::string, Normalization>>& normalization_names() {
  static const std::vector<std::pair<std::string, Normalization>> names = {
      {"ZScoreNormalization", Normalization::zscore},
      {"CTNormalization", Normalization::ct},
      {"NoNormalization", Normalization::none},
      {"RescaleTo01Normalization", Normalization::rescale_to_0_1},
      {"RGBTo01Normalization", Normalization::rgb_to_0_1}};
  return names;
}

}  // namespace medvol::plan
