#include "trainers/super_resolution/super_resolution_evaluation.h"

#include <algorithm>
#include <limits>

#include "framework/core/error.h"
#include "framework/imaging/resample.h"
#include "losses/metrics/counts.h"
#include "losses/metrics/image_quality.h"
#include "losses/metrics/statistic.h"

namespace medvol::trainers {
namespace {

metrics::SsimOptions fitting(const torch::Tensor& image) {
  metrics::SsimOptions options;
  const auto sizes = image.sizes();
  const int64_t smallest = *std::min_element(sizes.begin(), sizes.end());
  options.window = std::min(options.window, smallest % 2 == 1 ? smallest : std::max<int64_t>(1, smallest - 1));
  return options;
}

/// Mean of a measure over the parts that are compared: the volume, or each slice.
template <class Measure>
double over_parts(const torch::Tensor& image, const torch::Tensor& reference, int64_t dimensions,
                  const Measure& measure) {
  if (dimensions == 3) return measure(image, reference);
  double sum = 0;
  for (int64_t z = 0; z < image.size(0); ++z) sum += measure(image[z], reference[z]);
  return sum / static_cast<double>(image.size(0));
}

/// The part of a label map [D, H, W] that an image [C, D, H, W] kept.
torch::Tensor kept(const torch::Tensor& labels, const torch::Tensor& image) {
  return labels.narrow(0, 0, image.size(1)).narrow(1, 0, image.size(2)).narrow(2, 0, image.size(3));
}

double segmenter_dice(const SuperResolutionJudge& judge, const torch::Tensor& image, const torch::Tensor& reference,
                      const std::string& id) {
  std::vector<double> values;
  for (const auto& one : metrics::count_structures(reference, judge.segmenter(image).to(torch::kCPU),
                                                   metrics::structures_of(judge.classes), judge.ignore_class, id))
    values.push_back(metrics::dice(one.counts));
  return metrics::describe(values).mean;
}

}  // namespace

ImageQuality image_quality(const torch::Tensor& image, const CasePair& pair, int64_t dimensions, bool multi_scale) {
  ImageQuality quality{.case_id = pair.id, .method = {}};
  if (!multi_scale) quality.ms_ssim = std::numeric_limits<double>::quiet_NaN();
  const auto share = 1.0 / static_cast<double>(image.size(0));
  for (int64_t channel = 0; channel < image.size(0); ++channel) {
    const torch::Tensor reference = pair.high[channel];
    const double range = (reference.max() - reference.min()).item<double>();
    if (!(range > 0))
      throw core::UserError(fmt::format("channel {} is constant: no image can be compared with it", channel), pair.id,
                            "take the case out of the held-out ones");
    quality.data_range += share * range;
    quality.psnr += share * metrics::psnr(image[channel], reference, range);
    quality.ssim += share * over_parts(image[channel], reference, dimensions, [&](const auto& x, const auto& y) {
                      return metrics::ssim(x, y, range, {}, fitting(y));
                    });
    if (multi_scale)
      quality.ms_ssim += share * over_parts(image[channel], reference, dimensions, [&](const auto& x, const auto& y) {
                           return metrics::ms_ssim(x, y, range, {}, fitting(y));
                         });
  }
  return quality;
}

torch::Tensor interpolated(const CasePair& pair, int order) {
  return imaging::resample_image(pair.low, {pair.high.size(1), pair.high.size(2), pair.high.size(3)}, order);
}

std::vector<ImageQuality> evaluate_super_resolution(const SuperResolutionJudge& judge, const WholeCases& cases,
                                                    const std::function<void(int64_t done)>& progress) {
  std::vector<ImageQuality> rows;
  for (int64_t i = 0; i < cases.count; ++i) {
    const WholeCase one = cases.read(i);
    const CasePair pair = case_pair(one, judge.degradation, judge.seed);
    const auto add = [&](const std::string& method, const torch::Tensor& image) {
      rows.push_back(image_quality(image, pair, judge.dimensions, /*multi_scale=*/true));
      rows.back().method = method;
      if (judge.segmenter) rows.back().dice = segmenter_dice(judge, image, kept(one.labels, pair.high), one.id);
    };
    add("network", judge.upscaler.upscale(pair.low));
    add("linear", interpolated(pair, 1));
    add("cubic_bspline", interpolated(pair, 3));
    if (judge.segmenter) {
      add("low_resolution", interpolated(pair, 0));
      add("reference", pair.high);
      rows.back().psnr = std::numeric_limits<double>::quiet_NaN();  // infinite
    }
    if (progress) progress(i + 1);
  }
  return rows;
}

ValidationResult SuperResolutionEvaluator::validate(const std::function<void(int64_t done)>& progress) {
  double psnr = 0, ssim = 0, psnr_linear = 0, ssim_linear = 0, range = 0;
  const auto share = 1.0 / static_cast<double>(cases_.count);
  for (int64_t i = 0; i < cases_.count; ++i) {
    const CasePair pair = case_pair(cases_.read(i), judge_.degradation, judge_.seed);
    const ImageQuality made = image_quality(judge_.upscaler.upscale(pair.low), pair, judge_.dimensions, false);
    const ImageQuality linear = image_quality(interpolated(pair, 1), pair, judge_.dimensions, false);
    psnr += share * made.psnr;
    ssim += share * made.ssim;
    psnr_linear += share * linear.psnr;
    ssim_linear += share * linear.ssim;
    range += share * made.data_range;
    if (progress) progress(i + 1);
  }
  ValidationResult result;
  result.measure = "psnr";
  result.score = psnr;
  result.selects = selects_;
  result.record = {{"ssim", ssim},
                   {"psnr_linear", psnr_linear},
                   {"ssim_linear", ssim_linear},
                   {"data_range", range},
                   {"data_range_is", "largest minus smallest intensity of each case's reference; the mean is given"},
                   {"cases", cases_.count}};
  result.scalars = {{"ssim", ssim}, {"psnr_linear", psnr_linear}, {"ssim_linear", ssim_linear}};
  return result;
}

}  // namespace medvol::trainers
