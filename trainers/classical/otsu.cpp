#include "trainers/classical/otsu.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"

namespace medvol::trainers {
namespace {

constexpr int64_t bins = 128;

at::Tensor standardised(const at::Tensor& image) {
  MEDVOL_CHECK(image.dim() == 4, "an image is [C, D, H, W]");
  const at::Tensor first = image[0].to(at::kDouble);
  return (first - first.mean()) / std::max(first.std(false).item<double>(), 1e-8);
}

/// Sums over bins 0 … i of voxels and of voxels times intensity.
struct Cumulated {
  std::vector<double> weight{0}, moment{0};

  /// Of the bins from `begin` up to `end`: weight times squared mean. Between-band variance is its sum less a constant.
  double score(int64_t begin, int64_t end) const {
    const double w = weight[size_t(end)] - weight[size_t(begin)], m = moment[size_t(end)] - moment[size_t(begin)];
    return w > 0 ? m * m / w : 0;
  }
};

Cumulated histogram(const at::Tensor& image, double low, double width) {
  const at::Tensor values = image.to(at::kDouble).contiguous();
  std::vector<double> counts(bins, 0);
  const double* value = values.const_data_ptr<double>();
  for (int64_t i = 0; i < values.numel(); ++i)
    counts[size_t(std::clamp<int64_t>(static_cast<int64_t>((value[i] - low) / width), 0, bins - 1))] += 1;
  Cumulated sums;
  for (int64_t bin = 0; bin < bins; ++bin) {
    sums.weight.push_back(sums.weight.back() + counts[size_t(bin)]);
    sums.moment.push_back(sums.moment.back() + counts[size_t(bin)] * (double(bin) + 0.5));
  }
  return sums;
}

/// The ends of the bands in bins, best in sum of scores.
std::vector<int64_t> best_ends(const Cumulated& sums, int64_t bands) {
  std::vector<std::vector<double>> best(size_t(bands + 1), std::vector<double>(bins + 1, -1));
  std::vector<std::vector<int64_t>> begin(size_t(bands + 1), std::vector<int64_t>(bins + 1, 0));
  best[0][0] = 0;
  for (int64_t band = 1; band <= bands; ++band)
    for (int64_t end = band; end <= bins; ++end)
      for (int64_t from = band - 1; from < end; ++from) {
        const double before = best[size_t(band - 1)][size_t(from)];
        const double score = before + sums.score(from, end);
        if (before >= 0 && score > best[size_t(band)][size_t(end)]) {
          best[size_t(band)][size_t(end)] = score;
          begin[size_t(band)][size_t(end)] = from;
        }
      }
  std::vector<int64_t> ends;
  for (int64_t band = bands, end = bins; band > 0; end = begin[size_t(band)][size_t(end)], --band) ends.push_back(end);
  std::reverse(ends.begin(), ends.end());
  return ends;
}

}  // namespace

std::vector<double> otsu_thresholds(const at::Tensor& image, int64_t bands) {
  MEDVOL_CHECK(bands >= 2 && bands <= bins, "{} bands", bands);
  const double low = image.min().item<double>(), high = image.max().item<double>();
  if (!(high > low)) return std::vector<double>(size_t(bands - 1), low);
  const double width = (high - low) / double(bins);
  std::vector<int64_t> ends = best_ends(histogram(image, low, width), bands);
  ends.pop_back();
  std::vector<double> thresholds;
  for (const int64_t end : ends) thresholds.push_back(low + double(end) * width);
  return thresholds;
}

at::Tensor largest_component(const at::Tensor& mask) {
  MEDVOL_CHECK(mask.dim() == 3 && mask.scalar_type() == at::kBool, "a mask is bool [D, H, W]");
  const at::Tensor input = mask.contiguous();
  const bool* inside = input.const_data_ptr<bool>();
  const int64_t depth = mask.size(0), height = mask.size(1), width = mask.size(2), voxels = mask.numel();
  std::vector<char> seen(size_t(voxels), 0);
  std::vector<int64_t> largest, component;
  for (int64_t start = 0; start < voxels; ++start) {
    if (!inside[start] || seen[size_t(start)]) continue;
    component.assign(1, start);
    seen[size_t(start)] = 1;
    for (size_t i = 0; i < component.size(); ++i) {
      const int64_t at = component[i], x = at % width, y = at / width % height, z = at / width / height;
      const auto visit = [&](bool exists, int64_t next) {
        if (!exists || !inside[next] || seen[size_t(next)]) return;
        seen[size_t(next)] = 1;
        component.push_back(next);
      };
      visit(x > 0, at - 1), visit(x + 1 < width, at + 1);
      visit(y > 0, at - width), visit(y + 1 < height, at + width);
      visit(z > 0, at - width * height), visit(z + 1 < depth, at + width * height);
    }
    if (component.size() > largest.size()) largest.swap(component);
  }
  at::Tensor result = at::zeros(mask.sizes(), at::kBool);
  bool* out = result.data_ptr<bool>();
  for (const int64_t voxel : largest) out[voxel] = true;
  return result;
}

OtsuBaseline::OtsuBaseline(int64_t classes) : classes_(classes) { MEDVOL_CHECK(classes >= 2, "{} classes", classes); }

void OtsuBaseline::learn(const at::Tensor& image, const at::Tensor& labels) {
  const at::Tensor values = standardised(image);
  for (int64_t label = 1; label < classes_; ++label) {
    const at::Tensor organ = values.masked_select(labels == label);
    if (organ.numel() == 0) continue;
    learned_[label].sum += organ.mean().item<double>();
    ++learned_[label].cases;
  }
}

at::Tensor OtsuBaseline::predict(const at::Tensor& image) const {
  const at::Tensor values = standardised(image);
  std::vector<double> edges = otsu_thresholds(values, classes_);
  edges.insert(edges.begin(), -INFINITY);
  edges.push_back(INFINITY);

  struct Claim {
    double distance;  ///< of the organ's mean from the band's
    int64_t label;
    at::Tensor component;
  };
  std::vector<Claim> claims;
  for (const auto& [label, mean] : learned_) {
    const double intensity = mean.sum / double(mean.cases);
    Claim claim{INFINITY, label, at::Tensor()};
    for (size_t band = 0; band + 1 < edges.size(); ++band) {
      const at::Tensor mask = (values >= edges[band]).logical_and(values < edges[band + 1]);
      if (!mask.any().item<bool>()) continue;
      const double distance = std::abs(values.masked_select(mask).mean().item<double>() - intensity);
      if (distance < claim.distance) claim = {distance, label, mask};
    }
    if (claim.component.defined()) claim.component = largest_component(claim.component);
    claims.push_back(std::move(claim));
  }
  // The best fitting is painted last and keeps what others claimed too.
  std::stable_sort(claims.begin(), claims.end(),
                   [](const Claim& a, const Claim& b) { return a.distance > b.distance; });
  at::Tensor result = at::zeros(values.sizes(), at::kByte);
  for (const Claim& claim : claims)
    if (claim.component.defined()) result.masked_fill_(claim.component, claim.label);
  return result;
}

}  // namespace medvol::trainers
