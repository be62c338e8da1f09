#include "experiments/apps/dataset_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "datasets/planning/channel_normalization.h"

namespace medvol::apps {
namespace {

using datasets::CaseSurvey;
using datasets::DatasetDescription;

std::vector<double> sorted(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values;
}

reports::Chart chart_of(const std::string& title, const std::string& x, const std::string& y) {
  reports::Chart chart;
  chart.title = title;
  chart.x.label = x;
  chart.y.label = y;
  return chart;
}

/// The upper edge of a histogram's bars.
reports::Series outline(const std::string& name, const std::vector<double>& values, double low, double high,
                        int64_t bins) {
  const datasets::Histogram found = datasets::histogram(values, bins, low, high);
  reports::Series series;
  series.name = name;
  const double width = (high - low) / static_cast<double>(bins);
  const auto point = [&](double x, double y) {
    series.x.push_back(x);
    series.y.push_back(y);
  };
  point(low, 0);
  for (size_t i = 0; i < found.counts.size(); ++i) {
    point(low + width * static_cast<double>(i), static_cast<double>(found.counts[i]));
    point(low + width * static_cast<double>(i + 1), static_cast<double>(found.counts[i]));
  }
  point(high, 0);
  return series;
}

/// One value of each case along each axis: sizes, spacings. Axes of the same values share a line.
template <class Take>
reports::Chart by_axis(const std::string& title, const std::string& unit, const std::vector<CaseSurvey>& cases,
                       const Take& take) {
  constexpr std::array<const char*, 3> names{"z", "y", "x"};
  std::vector<std::pair<std::string, std::vector<double>>> lines;
  for (size_t axis = cases.front().picture ? 1 : 0; axis < 3; ++axis) {
    std::vector<double> values;
    for (const CaseSurvey& one : cases) values.push_back(take(one, axis));
    if (!lines.empty() && lines.back().second == values)
      lines.back().first += fmt::format(", {}", names[axis]);
    else
      lines.emplace_back(names[axis], std::move(values));
  }
  double low = INFINITY, high = -INFINITY;
  for (const auto& [name, values] : lines)
    for (const double value : values) low = std::min(low, value), high = std::max(high, value);
  const double room = high > low ? 0.025 * (high - low) : std::max(0.5, 0.1 * std::abs(low));
  reports::Chart chart = chart_of(lines.size() > 1 ? title : title + " (" + lines.front().first + ")", unit, "cases");
  for (const auto& [name, values] : lines) chart.series.push_back(outline(name, values, low - room, high + room, 21));
  return chart;
}

/// Without a value that more than a third of the sample has: air, padding, or what was stripped away.
std::vector<double> without_surround(std::vector<float> sample) {
  std::sort(sample.begin(), sample.end());
  std::vector<double> values;
  for (auto run = sample.begin(); run != sample.end();) {
    const auto end = std::upper_bound(run, sample.end(), *run);
    if (3 * (end - run) <= sample.end() - sample.begin()) values.insert(values.end(), run, end);
    run = end;
  }
  return values;
}

/// A channel's sample of a case as it is charted.
std::vector<double> charted(const std::vector<float>& sample, bool standardised) {
  std::vector<double> values = without_surround(sample);
  if (!standardised || values.empty()) return values;
  double sum = 0, squares = 0;
  for (const double value : values) sum += value, squares += value * value;
  const double count = static_cast<double>(values.size()), mean = sum / count;
  const double deviation = std::sqrt(std::max(squares / count - mean * mean, 1e-16));
  for (double& value : values) value = (value - mean) / deviation;
  return values;
}

reports::Chart intensity_chart(const std::string& name, const std::vector<CaseSurvey>& cases, size_t channel) {
  const bool standardised = datasets::normalization_of(name) == plan::Normalization::zscore;
  std::vector<double> all;
  for (const CaseSurvey& one : cases) {
    const std::vector<double> values = charted(one.intensities[channel], standardised);
    all.insert(all.end(), values.begin(), values.end());
  }
  reports::Chart chart = chart_of(name + ": intensities",
                                  standardised ? "deviations from the mean of each case, 0.5th to 99.5th percentile"
                                               : "value, 0.5th to 99.5th percentile",
                                  "sampled voxels");
  if (all.empty()) return chart;
  all = sorted(std::move(all));
  const double low = quantile(all, 0.005), high = quantile(all, 0.995);
  chart.series.push_back(outline(name, all, low, std::max(high, low + 1e-6), 64));
  return chart;
}

/// The labels that a chart has room for, in their own order.
std::vector<int64_t> largest_labels(const DatasetDescription& dataset, const std::vector<CaseSurvey>& cases) {
  std::vector<std::pair<double, int64_t>> medians;
  for (const auto& [label, name] : dataset.labels)
    if (const std::vector<double> values = amounts_of(cases, label); !values.empty())
      medians.emplace_back(-quantile(values, 0.5), label);
  std::sort(medians.begin(), medians.end());
  if (medians.size() > charted_labels) medians.resize(charted_labels);
  std::vector<int64_t> labels;
  for (const auto& [median, label] : medians) labels.push_back(label);
  std::sort(labels.begin(), labels.end());
  return labels;
}

}  // namespace

Measure measure_of(const std::vector<CaseSurvey>& cases) {
  return cases.front().picture ? Measure{"Areas", "mm²", "mm2"} : Measure{"Volumes", "ml", "ml"};
}

std::vector<double> amounts_of(const std::vector<CaseSurvey>& cases, int64_t label) {
  std::vector<double> values;
  for (const CaseSurvey& one : cases)
    if (const auto found = one.amount.find(label); found != one.amount.end()) values.push_back(found->second);
  return sorted(std::move(values));
}

std::vector<double> pooled_intensities(const std::vector<CaseSurvey>& cases, size_t channel) {
  std::vector<double> values;
  for (const CaseSurvey& one : cases)
    values.insert(values.end(), one.intensities[channel].begin(), one.intensities[channel].end());
  return sorted(std::move(values));
}

double quantile(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<size_t>(std::lround(share * static_cast<double>(sorted.size() - 1)))];
}

reports::Figure grid_figure(const std::vector<CaseSurvey>& cases) {
  reports::Figure figure;
  figure.panels = {
      by_axis("Size", "voxels", cases, [](const CaseSurvey& one, size_t axis) { return double(one.size[axis]); }),
      by_axis("Spacing", "mm", cases, [](const CaseSurvey& one, size_t axis) { return one.spacing[axis]; })};
  return figure;
}

reports::Figure intensity_figure(const DatasetDescription& dataset, const std::vector<CaseSurvey>& cases) {
  reports::Figure figure;
  for (size_t channel = 0; channel < dataset.channel_names.size(); ++channel)
    figure.panels.push_back(intensity_chart(dataset.channel_names[channel], cases, channel));
  return figure;
}

reports::Figure amount_figure(const DatasetDescription& dataset, const std::vector<CaseSurvey>& cases) {
  const Measure measure = measure_of(cases);
  reports::Chart chart = chart_of(fmt::format("{}, cases in the order of size", measure.title),
                                  "% of the cases that have the label", measure.unit);
  chart.x.low = 0;
  chart.x.high = 100;
  chart.y.scale = reports::Scale::logarithmic;
  for (const int64_t label : largest_labels(dataset, cases)) {
    const std::vector<double> values = amounts_of(cases, label);
    reports::Series series;
    series.name = dataset.labels.at(label);
    for (size_t i = 0; i < values.size(); ++i) {
      series.x.push_back(100 * (static_cast<double>(i) + 0.5) / static_cast<double>(values.size()));
      series.y.push_back(values[i]);
    }
    series.markers = values.size() < 3;
    chart.series.push_back(std::move(series));
  }
  reports::Figure figure;
  figure.panels = {std::move(chart)};
  return figure;
}

}  // namespace medvol::apps
