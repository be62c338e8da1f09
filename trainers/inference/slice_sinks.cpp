#include "trainers/inference/slice_sinks.h"

#include <algorithm>
#include <cmath>

#include <ATen/Parallel.h>

#include "framework/core/error.h"

namespace medvol::trainers {
namespace {

/// The label of the largest logit of each voxel, the first of equal ones. LibTorch's argmax over classes that stand
/// apart takes a tenth of a whole prediction.
void write_largest(const torch::Tensor& logits, const uint8_t* label_of, uint8_t* labels) {
  const torch::Tensor all = logits.contiguous();
  const int64_t classes = all.size(0), voxels = all.numel() / classes;
  const float* values = all.const_data_ptr<float>();
  at::parallel_for(0, voxels, 1 << 14, [&](int64_t begin, int64_t end) {
    std::vector<float> largest(values + begin, values + end);
    std::fill(labels + begin, labels + end, label_of[0]);
    for (int64_t k = 1; k < classes; ++k) {
      const float* of_class = values + k * voxels + begin;
      for (int64_t i = 0; i < end - begin; ++i) {
        const bool larger = of_class[i] > largest[static_cast<size_t>(i)];
        labels[begin + i] = larger ? label_of[k] : labels[begin + i];
        largest[static_cast<size_t>(i)] = larger ? of_class[i] : largest[static_cast<size_t>(i)];
      }
    }
  });
}

}  // namespace

LabelCollector::LabelCollector(const std::vector<int64_t>& labels, bool regions, std::array<int64_t, 3> network_zyx,
                               std::array<int64_t, 3> target_zyx, OutputRequest request, std::optional<int> apart)
    : label_of_(torch::tensor(labels).to(torch::kUInt8)),
      regions_(regions),
      source_(network_zyx),
      target_(target_zyx),
      apart_(apart) {
  MEDVOL_CHECK(*std::max_element(labels.begin(), labels.end()) < 256, "labels do not fit uint8");
  labels_ = torch::empty({target_[0], target_[1], target_[2]}, torch::kUInt8);
  if (request.confidence) confidence_ = torch::empty({target_[0], target_[1], target_[2]});
  if (request.probabilities) probabilities_ = torch::empty({label_of_.size(0), target_[0], target_[1], target_[2]});
}

void LabelCollector::write(int64_t first, const torch::Tensor& logits) {
  const int64_t count = logits.size(1);
  torch::Tensor labels = labels_.narrow(0, first, count);
  if (regions_) {
    labels.zero_();
    for (int64_t i = 0; i < logits.size(0); ++i) labels.masked_fill_(logits[i] > 0, label_of_[i]);
  } else {
    write_largest(logits, label_of_.const_data_ptr<uint8_t>(), labels.mutable_data_ptr<uint8_t>());
  }
  if (!confidence_.defined() && !probabilities_.defined()) return;
  const torch::Tensor share = regions_ ? torch::sigmoid(logits) : torch::softmax(logits, 0);
  if (confidence_.defined())
    confidence_.narrow(0, first, count).copy_(regions_ ? torch::maximum(share, 1 - share).amin(0) : share.amax(0));
  if (probabilities_.defined()) probabilities_.narrow(1, first, count).copy_(share);
}

torch::Tensor LabelCollector::in_plane(const torch::Tensor& logits) const {
  if (source_[1] == target_[1] && source_[2] == target_[2]) return logits;
  torch::Tensor slices = logits;
  if (apart_ && *apart_ > 0) {
    // That axis by nearest neighbour first; the linear step below finds it at its size.
    const int64_t axis = *apart_, in = source_[size_t(axis)], out = target_[size_t(axis)];
    const torch::Tensor at = (torch::arange(out, torch::kFloat64) + 0.5) * (double(in) / double(out)) - 0.5;
    slices = logits.index_select(axis + 1, at.round().clamp(0, double(in - 1)).to(torch::kInt64));
  }
  return torch::upsample_bilinear2d(slices, {target_[1], target_[2]},
                                    /*align_corners=*/false);  // [K, n, H', W']: n as channels
}

void LabelCollector::take(int64_t begin, const torch::Tensor& logits) {
  const torch::InferenceMode inference;
  MEDVOL_CHECK(begin == next_source_, "slice {} came, {} was next", begin, next_source_);
  next_source_ += logits.size(1);
  if (source_ == target_) return write(begin, logits);
  const torch::Tensor slices = in_plane(logits);
  const auto slice = [&](int64_t z) { return z < begin ? held_ : slices.narrow(1, z - begin, 1); };
  for (; next_target_ < target_[0]; ++next_target_) {
    const double at =
        (static_cast<double>(next_target_) + 0.5) * static_cast<double>(source_[0]) / static_cast<double>(target_[0]) -
        0.5;
    double clamped = std::clamp(at, 0.0, static_cast<double>(source_[0] - 1));
    if (apart_ == 0) clamped = std::nearbyint(clamped);
    const auto low = static_cast<int64_t>(std::floor(clamped));
    const int64_t high = std::min(low + 1, source_[0] - 1);
    if (high >= next_source_) break;
    const double share = clamped - static_cast<double>(low);
    write(next_target_, share > 0 ? torch::lerp(slice(low), slice(high), share) : slice(low));
  }
  held_ = slices.narrow(1, slices.size(1) - 1, 1).clone();
}

}  // namespace medvol::trainers
