#include "datasets/planning/fingerprint.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "datasets/catalogue/nonzero.h"
#include "datasets/catalogue/read_case.h"
#include "datasets/correction/correct_image.h"
#include "framework/core/error.h"
#include "framework/core/percentile.h"
#include "framework/imaging/grid_transform.h"
#include "framework/runtime/philox.h"

namespace medvol::datasets {
namespace {

struct CaseSamples {
  CaseFingerprint fingerprint;
  std::vector<std::vector<float>> intensities;  ///< one list a channel
};

/// A picture has no third axis; nnU-Net makes it longer than any other.
std::array<double, 3> planned_spacing(const imaging::GridTransform& to_ras) {
  std::array<double, 3> spacing = to_ras.network_geometry().spacing_zyx();
  if (to_ras.network_geometry().dimensions == 2) spacing[0] = 999;
  return spacing;
}

/// Flat indices of the foreground voxels inside the box. The ignore label counts, as it does in nnU-Net.
std::vector<int64_t> foreground_inside(const at::Tensor& labels, const Box& box) {
  const auto values = labels.accessor<int32_t, 3>();
  std::vector<int64_t> found;
  for (int64_t z = box.begin[0]; z < box.begin[0] + box.size[0]; ++z)
    for (int64_t y = box.begin[1]; y < box.begin[1] + box.size[1]; ++y)
      for (int64_t x = box.begin[2]; x < box.begin[2] + box.size[2]; ++x)
        if (values[z][y][x] > 0) found.push_back((z * labels.size(1) + y) * labels.size(2) + x);
  return found;
}

CaseSamples analyse(const DatasetDescription& dataset, const Case& one, int64_t samples,
                    const plan::Corrections& corrections, runtime::Philox draws) {
  const imaging::Volume image = read_corrected_image(one.images, dataset.channel_names.size(), corrections);
  const imaging::Volume labels = read_case_labels(one, dataset, image.geometry);
  const imaging::GridTransform to_ras = imaging::GridTransform::start(image.geometry).orient_to_ras();
  const at::Tensor canonical = to_ras.apply_image(image.data).contiguous();
  const at::Tensor canonical_labels = to_ras.apply_labels(labels.data).contiguous();
  const Box box = nonzero_box(canonical);

  CaseSamples result;
  result.fingerprint = {.id = one.id, .shape = box.size, .spacing = planned_spacing(to_ras), .relative_size = 1};
  const int64_t voxels = canonical[0].numel();
  result.fingerprint.relative_size = double(box.size[0] * box.size[1] * box.size[2]) / double(voxels);

  const std::vector<int64_t> foreground = foreground_inside(canonical_labels, box);
  result.intensities.resize(dataset.channel_names.size());
  if (foreground.empty()) return result;
  const float* values = canonical.const_data_ptr<float>();
  for (int64_t i = 0; i < samples; ++i) {
    const int64_t voxel = foreground[draws.below(foreground.size())];
    for (size_t channel = 0; channel < result.intensities.size(); ++channel)
      result.intensities[channel].push_back(values[int64_t(channel) * voxels + voxel]);
  }
  return result;
}

plan::IntensityStatistics statistics(std::vector<float> values) {
  double sum = 0, squares = 0;
  for (const float value : values) sum += value;
  plan::IntensityStatistics result;
  result.mean = sum / double(values.size());
  for (const float value : values) squares += (value - result.mean) * (value - result.mean);
  result.standard_deviation = std::sqrt(squares / double(values.size()));
  std::sort(values.begin(), values.end());
  result.minimum = values.front();
  result.maximum = values.back();
  result.median = core::sorted_percentile(values, 50);
  result.percentile_00_5 = core::sorted_percentile(values, 0.5);
  result.percentile_99_5 = core::sorted_percentile(values, 99.5);
  return result;
}

}  // namespace

Fingerprint extract_fingerprint(const DatasetDescription& dataset, const FingerprintOptions& options,
                                const ProgressCallback& progress) {
  const int64_t count = static_cast<int64_t>(dataset.cases.size());
  MEDVOL_CHECK(count > 0, "a data set without cases");
  const int64_t samples = std::max<int64_t>(1, options.foreground_samples / count);
  std::vector<CaseSamples> found(dataset.cases.size());
  for_each_parallel(
      count, options.threads,
      [&](int64_t i) {
        found[size_t(i)] = analyse(dataset, dataset.cases[size_t(i)], samples, options.corrections,
                                   {options.seed, runtime::purpose_statistics, uint64_t(i)});
      },
      progress);

  Fingerprint result;
  result.corrections = options.corrections;
  std::vector<double> relative_sizes;
  for (const CaseSamples& one : found) {
    result.cases.push_back(one.fingerprint);
    relative_sizes.push_back(one.fingerprint.relative_size);
  }
  result.median_relative_size = core::percentile(relative_sizes, 50);
  for (size_t channel = 0; channel < dataset.channel_names.size(); ++channel) {
    std::vector<float> all;
    for (const CaseSamples& one : found)
      all.insert(all.end(), one.intensities[channel].begin(), one.intensities[channel].end());
    if (all.empty())
      throw core::UserError("no case has a foreground voxel", dataset.root.string(),
                            "check the labels: medvol's integrity check names empty ones");
    result.intensities.push_back(statistics(std::move(all)));
  }
  return result;
}

nlohmann::json to_json(const Fingerprint& fingerprint) {
  nlohmann::json spacings = nlohmann::json::array(), shapes = nlohmann::json::array(),
                 channels = nlohmann::json::object();
  for (const CaseFingerprint& one : fingerprint.cases) {
    spacings.push_back(one.spacing);
    shapes.push_back(one.shape);
  }
  for (size_t channel = 0; channel < fingerprint.intensities.size(); ++channel) {
    const plan::IntensityStatistics& found = fingerprint.intensities[channel];
    channels[std::to_string(channel)] = {{"mean", found.mean},
                                         {"median", found.median},
                                         {"std", found.standard_deviation},
                                         {"min", found.minimum},
                                         {"max", found.maximum},
                                         {"percentile_00_5", found.percentile_00_5},
                                         {"percentile_99_5", found.percentile_99_5}};
  }
  return {{"spacings", spacings},
          {"shapes_after_crop", shapes},
          {"foreground_intensity_properties_per_channel", channels},
          {"median_relative_size_after_cropping", fingerprint.median_relative_size}};
}

Fingerprint fingerprint_from_json(const nlohmann::json& json) {
  Fingerprint result;
  json.at("median_relative_size_after_cropping").get_to(result.median_relative_size);
  const auto spacings = json.at("spacings").get<std::vector<std::array<double, 3>>>();
  const auto shapes = json.at("shapes_after_crop").get<std::vector<std::array<int64_t, 3>>>();
  for (size_t i = 0; i < spacings.size(); ++i)
    result.cases.push_back(
        {.id = "", .shape = shapes.at(i), .spacing = spacings[i], .relative_size = result.median_relative_size});
  const nlohmann::json& channels = json.at("foreground_intensity_properties_per_channel");
  for (size_t channel = 0; channel < channels.size(); ++channel) {
    const nlohmann::json& one = channels.at(std::to_string(channel));
    result.intensities.push_back({.mean = one.at("mean"),
                                  .median = one.at("median"),
                                  .standard_deviation = one.at("std"),
                                  .minimum = one.at("min"),
                                  .maximum = one.at("max"),
                                  .percentile_00_5 = one.at("percentile_00_5"),
                                  .percentile_99_5 = one.at("percentile_99_5")});
  }
  return result;
}

}  // namespace medvol::datasets
