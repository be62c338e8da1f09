#include "experiments/apps/upscaling.h"

#include "datasets/preprocessing/preprocess_case.h"
#include "framework/imaging/image_io.h"
#include "trainers/super_resolution/upscaler.h"

namespace medvol::apps {
namespace {

/// The plan of what goes into the network: its voxels are `factors` times larger than those that come out.
plan::Plan low_resolution_plan(const trainers::BundleMetadata& metadata) {
  plan::Plan low = metadata.plan;
  const size_t first = 3 - metadata.factors.size();  // a 2D network leaves z alone
  for (size_t axis = 0; axis < metadata.factors.size(); ++axis)
    low.spacing.at(first + axis) *= static_cast<double>(metadata.factors[axis]);
  return low;
}

/// The affine map of each channel's normalised intensities to the file's: what the normalisation undid, by least
/// squares over the case's own voxels.
torch::Tensor in_file_intensities(const torch::Tensor& made, const torch::Tensor& normalised,
                                  const torch::Tensor& raw) {
  const torch::Tensor x = normalised.flatten(1).to(torch::kFloat64), y = raw.flatten(1).to(torch::kFloat64);
  const torch::Tensor x_mean = x.mean(1, true), y_mean = y.mean(1, true);
  const torch::Tensor slope =
      ((x - x_mean) * (y - y_mean)).sum(1, true) / (x - x_mean).square().sum(1, true).clamp_min(1e-12);
  const auto column = [](const torch::Tensor& t) { return t.to(torch::kFloat32).view({-1, 1, 1, 1}); };
  return made * column(slope) + column(y_mean - slope * x_mean);
}

}  // namespace

void upscale_case(const LoadedModel& loaded, const trainers::InferenceOptions& inference, const PredictionInput& input,
                  const std::filesystem::path& output, const std::function<void(double)>& progress) {
  const trainers::BundleMetadata& metadata = loaded.model.metadata;
  const imaging::Volume image = read_input(input, metadata.plan).image;
  plan::Plan low = low_resolution_plan(metadata), raw = low;
  raw.normalization.assign(raw.normalization.size(), plan::Normalization::none);
  datasets::PreprocessedCase ready, unchanged;
  try {
    ready = datasets::preprocess_case(image, std::nullopt, low);
    unchanged = datasets::preprocess_case(image, std::nullopt, raw);
  } catch (const core::UserError& error) {
    throw core::UserError(error.what(), input.images.front().string());
  }
  const bool enlarges = !metadata.upsampling.empty();
  const trainers::WindowNetwork network = [&](const torch::Tensor& x) {
    return loaded.model.network(enlarges ? x : trainers::enlarged(x, metadata.factors));
  };
  const trainers::Upscaler upscaler(network, metadata.plan, metadata.factors, inference, loaded.context);
  imaging::Volume made = upscaler.upscale({ready.image, ready.transform.network_geometry()}, progress);
  made.data = in_file_intensities(made.data, ready.image, unchanged.image);
  imaging::write_image(output, made);
}

}  // namespace medvol::apps
