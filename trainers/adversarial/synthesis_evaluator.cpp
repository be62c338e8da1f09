#include "trainers/adversarial/synthesis_evaluator.h"

#include <algorithm>
#include <cmath>

#include "framework/core/logging.h"
#include "framework/imaging/picture.h"
#include "losses/metrics/image_quality.h"

namespace medvol::trainers {
namespace {

constexpr int64_t picture_rows = 192, gap = 4;

double percentile(const torch::Tensor& sorted, double share) {
  return sorted[static_cast<int64_t>(std::nearbyint(share * static_cast<double>(sorted.numel() - 1)))].item<double>();
}

/// From the 0.5th to the 99.5th percentile of all channels.
double intensity_span(const torch::Tensor& image) {
  const torch::Tensor sorted = std::get<0>(image.to(torch::kFloat32).flatten().sort());
  return percentile(sorted, 0.995) - percentile(sorted, 0.005);
}

double mean_span(const WholeCases& cases) {
  double sum = 0;
  for (int64_t i = 0; i < cases.count; ++i) sum += intensity_span(cases.read(i).image);
  return std::max(sum / static_cast<double>(cases.count), 1e-6);
}

/// The mean over channels.
double mean_psnr(const torch::Tensor& made, const torch::Tensor& real, double range) {
  double sum = 0;
  for (int64_t channel = 0; channel < real.size(0); ++channel)
    sum += metrics::psnr(made[channel], real[channel], range);
  return sum / static_cast<double>(real.size(0));
}

/// [K, 3] uint8: black, then hues a golden angle apart.
torch::Tensor palette(int64_t labels) {
  torch::Tensor colours = torch::zeros({labels, 3});
  for (int64_t label = 1; label < labels; ++label)
    for (int64_t part = 0; part < 3; ++part) {
      const double turn = 0.618034 * double(label - 1) + double(part) / 3;
      colours[label][part] = 140 + 100 * std::cos(2 * M_PI * turn);
    }
  return colours.to(torch::kUInt8);
}

torch::Tensor grey(const torch::Tensor& slice, double low, double high) {
  const torch::Tensor scaled = (slice.to(torch::kFloat32) - low) / std::max(high - low, 1e-6) * 255;
  return scaled.clamp(0, 255).to(torch::kUInt8).unsqueeze(-1).expand({-1, -1, 3});
}

}  // namespace

torch::Tensor synthesis_picture(const torch::Tensor& labels, const torch::Tensor& made, const torch::Tensor& real) {
  const int64_t z = (labels > 0).flatten(1).sum(1).argmax().item<int64_t>();
  const torch::Tensor slice = labels[z].to(torch::kInt64), real_slice = real[0][z].to(torch::kFloat32);
  const double low = real_slice.min().item<double>(), high = real_slice.max().item<double>();
  const torch::Tensor coloured =
      palette(labels.max().item<int64_t>() + 1).index_select(0, slice.flatten()).view({slice.size(0), -1, 3});
  const int64_t factor = std::max<int64_t>(1, picture_rows / slice.size(0));
  std::vector<torch::Tensor> parts;
  for (const torch::Tensor& part : {coloured, grey(made[0][z], low, high), grey(real_slice, low, high)}) {
    const torch::Tensor large = part.repeat_interleave(factor, 0).repeat_interleave(factor, 1);
    if (!parts.empty()) parts.push_back(torch::full({large.size(0), gap, 3}, 255, torch::kUInt8));
    parts.push_back(large);
  }
  return torch::cat(parts, 1).contiguous();
}

SynthesisEvaluator::SynthesisEvaluator(Synthesiser synthesiser, WholeCases cases)
    : synthesiser_(std::move(synthesiser)), cases_(std::move(cases)) {}

ValidationResult SynthesisEvaluator::validate(const std::function<void(int64_t done)>& progress) {
  if (!data_range_) data_range_ = mean_span(cases_);
  double psnr = 0, spread = 0;
  for (int64_t i = 0; i < cases_.count; ++i) {
    const WholeCase one = cases_.read(i);
    const torch::Tensor real = one.image.to(torch::kFloat32);
    const torch::Tensor made = synthesiser_.image(one.labels, static_cast<uint64_t>(i));
    psnr += mean_psnr(made, real, *data_range_);
    spread += (made.std() / real.std().clamp_min(1e-12)).item<double>();
    if (i == 0) sample_ = Sample{one.id, one.labels.clone(), made, real.clone()};
    if (progress) progress(i + 1);
  }
  const auto count = static_cast<double>(cases_.count);
  ValidationResult result;
  result.measure = "psnr";
  result.score = psnr / count;
  result.selects = false;
  result.record = {{"data_range", *data_range_}, {"spread", spread / count}, {"cases", cases_.count}};
  result.scalars = {{"spread", spread / count}};
  return result;
}

void SynthesisPictures::validated(const Progress& progress, const ValidationResult&) {
  const auto& sample = evaluator_.sample();
  if (!sample) return;
  try {
    std::filesystem::create_directories(folder_);
    imaging::write_png(folder_ / fmt::format("step_{:08}.png", progress.step),
                       synthesis_picture(sample->labels, sample->made, sample->real));
  } catch (const std::exception& error) {
    core::log_warning("the sample was not drawn: {}", error.what());
  }
}

}  // namespace medvol::trainers
