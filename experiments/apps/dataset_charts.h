#pragma once
#include <cstdint>
#include <vector>

#include "datasets/catalogue/survey.h"
#include "reports/figures/chart.h"

namespace medvol::apps {

/// How a label's amount is told: volumes in ml, areas of pictures in mm².
struct Measure {
  const char *title, *unit, *key;
};
Measure measure_of(const std::vector<datasets::CaseSurvey>& cases);

/// Amounts of a label in the cases that have it, sorted.
std::vector<double> amounts_of(const std::vector<datasets::CaseSurvey>& cases, int64_t label);
/// What was sampled of a channel in all cases, sorted.
std::vector<double> pooled_intensities(const std::vector<datasets::CaseSurvey>& cases, size_t channel);
/// Value below which the share lies; values sorted, at least one.
double quantile(const std::vector<double>& sorted, double share);

/// Histograms of sizes and spacings along each axis.
reports::Figure grid_figure(const std::vector<datasets::CaseSurvey>& cases);

/// A histogram a channel, without a value that fills more than a third of a case, such as air. Channels that nnU-Net
/// normalises by mean and deviation, whose units differ from scan to scan, by those of each case.
reports::Figure intensity_figure(const datasets::DatasetDescription& dataset,
                                 const std::vector<datasets::CaseSurvey>& cases);

/// Amounts of the labels in the order of size; of the `charted_labels` with the largest medians.
reports::Figure amount_figure(const datasets::DatasetDescription& dataset,
                              const std::vector<datasets::CaseSurvey>& cases);
inline constexpr size_t charted_labels = 7;

}  // namespace medvol::apps
