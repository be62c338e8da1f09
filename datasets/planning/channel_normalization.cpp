#include "datasets/planning/channel_normalization.h"

#include <algorithm>
#include <cctype>

namespace medvol::datasets {

plan::Normalization normalization_of(std::string channel) {
  std::transform(channel.begin(), channel.end(), channel.begin(), [](unsigned char c) { return std::tolower(c); });
  if (channel == "ct") return plan::Normalization::ct;
  if (channel == "nonorm") return plan::Normalization::none;
  if (channel == "rescale_to_0_1") return plan::Normalization::rescale_to_0_1;
  if (channel == "rgb_to_0_1") return plan::Normalization::rgb_to_0_1;
  return plan::Normalization::zscore;
}

}  // namespace medvol::datasets
