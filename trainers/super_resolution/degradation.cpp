#include "trainers/super_resolution/degradation.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"

namespace medvol::trainers {
namespace {

const double fwhm_of_sigma = 2 * std::sqrt(2 * std::log(2.0));

/// Share of a profile of this width, centred at 0, that lies below t.
double share_below(double t, double width, SliceProfile profile) {
  if (profile == SliceProfile::box) return std::clamp(t / width + 0.5, 0.0, 1.0);
  return 0.5 * std::erfc(-t / (width / fwhm_of_sigma * std::sqrt(2.0)));
}

void check(const RangeOptions& range, const std::string& name, bool positive) {
  if (range.low > range.high || (positive && range.low <= 0))
    throw core::UserError(fmt::format("from {} to {} is no range", range.low, range.high),
                          "trainer.degradation." + name,
                          positive ? "low must be above 0, and not above high" : "low must not be above high");
}

/// [N, C, …] times a matrix for each image, [N, new, old], along one axis.
torch::Tensor along_axis(const torch::Tensor& images, int64_t axis, const torch::Tensor& matrices) {
  const torch::Tensor moved = images.movedim(axis, -1);
  std::vector<int64_t> shape = moved.sizes().vec();
  shape.back() = matrices.size(1);
  return torch::bmm(moved.flatten(1, -2), matrices.transpose(1, 2)).view(shape).movedim(-1, axis);
}

/// For each slice the one that stands in its place: itself, or the nearest that is there. One slice always is.
std::vector<int64_t> neighbours(std::vector<bool> missing) {
  const auto count = static_cast<int64_t>(missing.size());
  if (std::all_of(missing.begin(), missing.end(), [](bool gone) { return gone; })) missing[size_t(count / 2)] = false;
  std::vector<int64_t> stands(missing.size());
  for (int64_t i = 0; i < count; ++i)
    for (int64_t away = 0; away < count; ++away) {
      const int64_t before = i - away, after = i + away;
      if (before >= 0 && !missing[size_t(before)])
        stands[size_t(i)] = before;
      else if (after < count && !missing[size_t(after)])
        stands[size_t(i)] = after;
      else
        continue;
      break;
    }
  return stands;
}

}  // namespace

config::EnumNames<SliceProfile> enum_names(SliceProfile) {
  return {{"gaussian", SliceProfile::gaussian}, {"box", SliceProfile::box}};
}
config::EnumNames<ReceiverNoise> enum_names(ReceiverNoise) {
  return {{"gaussian", ReceiverNoise::gaussian}, {"rician", ReceiverNoise::rician}};
}
config::EnumNames<MissingFill> enum_names(MissingFill) {
  return {{"repeat", MissingFill::repeat}, {"zero", MissingFill::zero}};
}

torch::Tensor profile_matrix(int64_t voxels, int64_t factor, double width, SliceProfile profile) {
  MEDVOL_CHECK(voxels % factor == 0, "{} voxels by a factor of {}", voxels, factor);
  const torch::Tensor matrix = torch::zeros({voxels / factor, voxels}, torch::kFloat64);
  auto weights = matrix.accessor<double, 2>();
  const double reach = (profile == SliceProfile::box ? 0.5 : 2) * width + 1;  // a Gaussian: to 4.7 sigma
  for (int64_t i = 0; i < voxels / factor; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * static_cast<double>(factor) - 0.5;
    const auto first = static_cast<int64_t>(std::floor(centre - reach)),
               last = static_cast<int64_t>(std::ceil(centre + reach));
    for (int64_t k = first; k <= last; ++k) {
      const double at = static_cast<double>(k) - centre;
      weights[i][std::clamp<int64_t>(k, 0, voxels - 1)] +=
          share_below(at + 0.5, width, profile) - share_below(at - 0.5, width, profile);
    }
  }
  return matrix / matrix.sum(1, true);
}

Degradation::Degradation(const DegradationOptions& options, std::vector<int64_t> factors, const IntensityScale& scale)
    : options_(options), factors_(std::move(factors)), scale_(scale) {
  check(options_.thickness, "thickness", true);
  check(options_.blur, "blur", false);
  check(options_.sigma, "sigma", false);
}

torch::Tensor Degradation::varied(const torch::Tensor& images, runtime::Philox& random) const {
  const auto draw = [&](const RangeOptions& range) { return random.uniform(range.low, range.high); };
  std::vector<Strength> strengths;
  for (int64_t n = 0; n < images.size(0); ++n) {
    const double thickness = draw(options_.thickness), blur = draw(options_.blur);
    strengths.push_back({thickness, blur, draw(options_.sigma)});
  }
  return apply(images, strengths, random);
}

torch::Tensor Degradation::typical(const torch::Tensor& images, runtime::Philox& random) const {
  const Strength middle{options_.thickness.middle(), options_.blur.middle(), options_.sigma.middle()};
  return apply(images, std::vector<Strength>(static_cast<size_t>(images.size(0)), middle), random);
}

torch::Tensor Degradation::apply(const torch::Tensor& images, const std::vector<Strength>& strengths,
                                 runtime::Philox& random) const {
  MEDVOL_CHECK(images.dim() == static_cast<int64_t>(factors_.size()) + 2, "{} factors of an image of {} axes",
               factors_.size(), images.dim());
  const torch::NoGradGuard no_grad;
  torch::Tensor low = sampled(images.to(torch::kFloat32), strengths);
  if (options_.sigma.high > 0) low = noisy(low, strengths, random);
  if (options_.missing > 0) low = with_gaps(low, random);
  return low.contiguous();
}

torch::Tensor Degradation::sampled(torch::Tensor images, const std::vector<Strength>& strengths) const {
  for (size_t axis = 0; axis < factors_.size(); ++axis) {
    const int64_t factor = factors_[axis], at = static_cast<int64_t>(axis) + 2;
    if (factor == 1 && options_.blur.high == 0) continue;
    std::vector<torch::Tensor> matrices;
    for (const Strength& one : strengths) {
      if (factor == 1)
        matrices.push_back(profile_matrix(images.size(at), 1, std::max(one.blur, 1e-6), SliceProfile::gaussian));
      else
        matrices.push_back(
            profile_matrix(images.size(at), factor, one.thickness * static_cast<double>(factor), options_.profile));
    }
    images = along_axis(images, at, torch::stack(matrices).to(images.options()));
  }
  return images;
}

torch::Tensor Degradation::noisy(const torch::Tensor& images, const std::vector<Strength>& strengths,
                                 runtime::Philox& random) const {
  const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(random.next_u64());
  std::vector<float> sigmas;
  for (const Strength& one : strengths) sigmas.push_back(static_cast<float>(one.sigma * scale_.range));
  std::vector<int64_t> shape(static_cast<size_t>(images.dim()), 1);
  shape[0] = -1;
  const torch::Tensor sigma = torch::tensor(sigmas).view(shape).to(images.device());
  const auto noise = [&] { return torch::randn(images.sizes(), generator).to(images.device()) * sigma; };
  if (options_.noise == ReceiverNoise::gaussian) return images + noise();
  const torch::Tensor real = images - scale_.floor + noise();
  return (real.square() + noise().square()).sqrt() + scale_.floor;
}

torch::Tensor Degradation::with_gaps(const torch::Tensor& images, runtime::Philox& random) const {
  const auto axis = std::max_element(factors_.begin(), factors_.end()) - factors_.begin() + 1;  // of one image
  const int64_t slices = images.size(axis + 1);
  std::vector<torch::Tensor> results;
  for (int64_t n = 0; n < images.size(0); ++n) {
    std::vector<bool> missing;
    for (int64_t slice = 0; slice < slices; ++slice) missing.push_back(random.bernoulli(options_.missing));
    const std::vector<int64_t> stands = neighbours(missing);
    torch::Tensor image = images[n];
    if (options_.fill == MissingFill::repeat) {
      image = image.index_select(axis, torch::tensor(stands).to(images.device()));
    } else {
      image = image.clone();
      for (int64_t slice = 0; slice < slices; ++slice)
        if (stands[size_t(slice)] != slice) image.select(axis, slice).fill_(scale_.floor);
    }
    results.push_back(image);
  }
  return torch::stack(results);
}

}  // namespace medvol::trainers
