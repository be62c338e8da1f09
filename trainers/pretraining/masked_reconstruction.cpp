#include "trainers/pretraining/masked_reconstruction.h"

#include "trainers/pretraining/masking.h"

namespace medvol::trainers {
namespace {

/// Masks of whole cases stand apart from those of training's batches, which count up from 0.
constexpr uint64_t first_case_mask = uint64_t{1} << 62;

/// [1, D, H, W]; slices of a 2D network are masked each for itself, as in training.
torch::Tensor case_mask(const torch::Tensor& image, bool in_slices, const MaskingOptions& options,
                        runtime::Philox& random) {
  if (!in_slices) return cube_mask(image.sizes().slice(1).vec(), options.cube, options.mask_ratio, random).unsqueeze(0);
  std::vector<torch::Tensor> slices;
  for (int64_t z = 0; z < image.size(1); ++z)
    slices.push_back(cube_mask(image.sizes().slice(2).vec(), options.cube, options.mask_ratio, random));
  return torch::stack(slices).unsqueeze(0);
}

/// Every voxel is the mean of its channel's seen voxels.
torch::Tensor mean_guess(const torch::Tensor& image, const torch::Tensor& mask) {
  const torch::Tensor seen = 1 - mask;
  const torch::Tensor mean = (image * seen).flatten(1).sum(1) / seen.sum().clamp_min(1);
  return mean.view({-1, 1, 1, 1}).expand_as(image);
}

}  // namespace

config::EnumNames<Distance> enum_names(Distance) { return {{"l2", Distance::l2}, {"l1", Distance::l1}}; }

torch::Tensor masked_distance(const torch::Tensor& prediction, const torch::Tensor& image, const torch::Tensor& mask,
                              Distance distance) {
  const torch::Tensor difference = prediction.to(torch::kFloat32) - image;
  const torch::Tensor each = distance == Distance::l2 ? difference.square() : difference.abs();
  return (each * mask).sum() / (mask.sum() * static_cast<double>(image.size(1)));
}

ReconstructionEvaluator::ReconstructionEvaluator(ImagePredictor predictor, WholeCases cases,
                                                 const MaskingOptions& options, uint64_t seed)
    : predictor_(std::move(predictor)), cases_(std::move(cases)), options_(options), seed_(seed) {}

ValidationResult ReconstructionEvaluator::validate(const std::function<void(int64_t done)>& progress) {
  double network = 0, guess = 0;
  for (int64_t i = 0; i < cases_.count; ++i) {
    const torch::Tensor image = cases_.read(i).image.to(torch::kFloat32);
    runtime::Philox random(seed_, runtime::purpose_masking, first_case_mask + static_cast<uint64_t>(i));
    const torch::Tensor mask = case_mask(image, predictor_.patch()[0] == 1, options_, random);
    const torch::Tensor made = predictor_.predict(image * (1 - mask));
    const auto distance_of = [&](const torch::Tensor& prediction) {
      return masked_distance(prediction.unsqueeze(0), image.unsqueeze(0), mask.unsqueeze(0), options_.distance)
          .item<double>();
    };
    network += distance_of(made);
    guess += distance_of(mean_guess(image, mask));
    if (progress) progress(i + 1);
  }
  const auto count = static_cast<double>(cases_.count);
  const std::string name = options_.distance == Distance::l2 ? "l2" : "l1";
  ValidationResult result;
  result.measure = "minus_" + name;
  result.score = -network / count;
  result.record = {{name, network / count}, {name + "_of_mean", guess / count}, {"cases", cases_.count}};
  result.scalars = {{name + "_of_mean", guess / count}};
  return result;
}

}  // namespace medvol::trainers
