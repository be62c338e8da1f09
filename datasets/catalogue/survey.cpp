#include "datasets/catalogue/survey.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "datasets/catalogue/read_case.h"
#include "framework/core/error.h"

namespace medvol::datasets {
namespace {

/// Every n-th voxel of a channel, so many that survey_samples are not exceeded.
std::vector<float> sample(const at::Tensor& channel) {
  const int64_t stride = (channel.numel() + survey_samples - 1) / survey_samples;
  const float* values = channel.const_data_ptr<float>();
  std::vector<float> taken;
  for (int64_t i = 0; i < channel.numel(); i += stride) taken.push_back(values[i]);
  return taken;
}

/// Volumes in ml, of a picture areas in mm².
std::map<int64_t, double> amounts(const imaging::Volume& labels, bool picture) {
  std::map<int32_t, int64_t> counts;
  const int32_t* values = labels.data.const_data_ptr<int32_t>();
  for (int64_t i = 0, run = 0; i < labels.data.numel(); i += run) {  // labels come in runs
    for (run = 1; i + run < labels.data.numel() && values[i + run] == values[i];) ++run;
    counts[values[i]] += run;
  }
  counts.erase(0);
  const auto& spacing = labels.geometry.spacing;
  const double one = spacing[0] * spacing[1] * (picture ? 1 : spacing[2] / 1000);
  std::map<int64_t, double> result;
  for (const auto& [label, count] : counts) result[label] = static_cast<double>(count) * one;
  return result;
}

CaseSurvey survey_case(const DatasetDescription& dataset, const Case& one) {
  const imaging::Volume image = read_case_image(one.images, dataset.channel_names.size());
  const bool picture = image.geometry.dimensions == 2;
  CaseSurvey found{.id = one.id,
                   .patient = one.patient,
                   .site = one.site,
                   .size = image.geometry.size_zyx(),
                   .spacing = image.geometry.spacing_zyx(),
                   .intensities = {},
                   .picture = picture,
                   .amount = amounts(read_case_labels(one, dataset, image.geometry), picture)};
  for (int64_t channel = 0; channel < image.data.size(0); ++channel)
    found.intensities.push_back(sample(image.data[channel].contiguous()));
  return found;
}

}  // namespace

std::vector<CaseSurvey> survey(const DatasetDescription& dataset, int64_t threads, const ProgressCallback& progress) {
  std::vector<CaseSurvey> found(dataset.cases.size());
  for_each_parallel(
      static_cast<int64_t>(found.size()), threads,
      [&](int64_t i) { found[size_t(i)] = survey_case(dataset, dataset.cases[size_t(i)]); }, progress);
  return found;
}

Histogram histogram(const std::vector<double>& values, int64_t bins, double low, double high) {
  MEDVOL_CHECK(bins > 0 && high > low, "{} bins from {} to {}", bins, low, high);
  Histogram result{low, high, std::vector<int64_t>(static_cast<size_t>(bins), 0)};
  for (const double value : values)
    if (value >= low && value <= high)
      ++result.counts[static_cast<size_t>(
          std::min(bins - 1, static_cast<int64_t>(static_cast<double>(bins) * (value - low) / (high - low))))];
  return result;
}

}  // namespace medvol::datasets
