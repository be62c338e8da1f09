#include "trainers/super_resolution/sample_pictures.h"

#include <algorithm>

#include "framework/core/logging.h"
#include "framework/imaging/picture.h"

namespace medvol::trainers {
namespace {

constexpr int64_t least_height = 200;

}  // namespace

torch::Tensor comparison_picture(const CasePair& pair, const torch::Tensor& made,
                                 const std::array<int64_t, 3>& factors_zyx) {
  const auto axis = std::min_element(factors_zyx.begin(), factors_zyx.end()) - factors_zyx.begin();
  torch::Tensor blocks = pair.low;
  for (size_t i = 0; i < 3; ++i) blocks = blocks.repeat_interleave(factors_zyx[i], static_cast<int64_t>(i) + 1);
  // A few bright vessels must not make all else dark.
  const torch::Tensor shown = pair.high[0].select(axis, pair.high.size(axis + 1) / 2).flatten();
  const torch::Tensor least = shown.quantile(0.005), range = (shown.quantile(0.995) - least).clamp_min(1e-12);
  std::vector<torch::Tensor> row;
  for (const torch::Tensor& image : {blocks, interpolated(pair, 1), made, pair.high}) {
    const torch::Tensor slice = image[0].select(axis, image.size(axis + 1) / 2).flip(0);  // the head above
    if (!row.empty()) row.push_back(torch::full({slice.size(0), 1}, 255, torch::kUInt8));
    row.push_back(((slice - least) / range * 255).round().clamp(0, 255).to(torch::kUInt8));
  }
  const int64_t zoom = std::max<int64_t>(1, (least_height + row[0].size(0) - 1) / row[0].size(0));
  return torch::cat(row, 1).repeat_interleave(zoom, 0).repeat_interleave(zoom, 1).contiguous();
}

void SamplePictures::validated(const Progress& progress, const ValidationResult&) {
  try {
    const CasePair pair = case_pair(cases_.read(0), judge_.degradation, judge_.seed);
    const torch::Tensor made = judge_.upscaler.upscale(pair.low);
    std::filesystem::create_directories(folder_);
    imaging::write_png(folder_ / fmt::format("step_{:06}.png", progress.step),
                       comparison_picture(pair, made, judge_.upscaler.factors_zyx()));
  } catch (const std::exception& error) {
    core::log_warning("no sample was drawn: {}", error.what());
  }
}

}  // namespace medvol::trainers
