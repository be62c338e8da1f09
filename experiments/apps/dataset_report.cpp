#include "experiments/apps/dataset_report.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <set>

#include <nlohmann/json.hpp>

#include "datasets/catalogue/read_case.h"
#include "framework/imaging/picture.h"
#include "framework/storage/atomic_file.h"
#include "reports/figures/chart.h"
#include "reports/figures/overlay.h"
#include "reports/tables/html_page.h"
#include "reports/tables/table.h"

namespace medvol::apps {
namespace {

using datasets::CaseSurvey;
using datasets::DatasetDescription;
using nlohmann::json;
constexpr std::array<const char*, 3> axes{"z", "y", "x"};

/// Value below which the share lies; values sorted.
double quantile(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<size_t>(std::lround(share * static_cast<double>(sorted.size() - 1)))];
}

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

/// A line through the middles of the bins; a single value gets a bin around it.
reports::Series curve(const std::string& name, const std::vector<double>& values, double low, double high,
                      int64_t bins) {
  if (high <= low) {
    const double room = std::max(0.5, std::abs(low) * 0.1);
    low -= room;
    high += room;
  }
  const datasets::Histogram found = datasets::histogram(values, bins, low, high);
  reports::Series series;
  series.name = name;
  const double width = (high - low) / static_cast<double>(bins);
  for (size_t i = 0; i < found.counts.size(); ++i) {
    series.x.push_back(low + width * (static_cast<double>(i) + 0.5));
    series.y.push_back(static_cast<double>(found.counts[i]));
  }
  return series;
}

/// One value of each case along each axis: sizes, spacings.
template <class Take>
reports::Chart by_axis(const std::string& title, const std::string& unit, const std::vector<CaseSurvey>& cases,
                       const Take& take) {
  reports::Chart chart = chart_of(title, unit, "cases");
  std::array<std::vector<double>, 3> values;
  std::vector<double> all;
  for (size_t axis = 0; axis < 3; ++axis)
    for (const CaseSurvey& one : cases) {
      values[axis].push_back(take(one, axis));
      all.push_back(values[axis].back());
    }
  const auto [low, high] = std::minmax_element(all.begin(), all.end());
  for (size_t axis = 0; axis < 3; ++axis) chart.series.push_back(curve(axes[axis], values[axis], *low, *high, 20));
  return chart;
}

std::vector<double> pooled(const std::vector<CaseSurvey>& cases, size_t channel) {
  std::vector<double> values;
  for (const CaseSurvey& one : cases)
    values.insert(values.end(), one.intensities[channel].begin(), one.intensities[channel].end());
  return sorted(std::move(values));
}

reports::Chart intensity_chart(const std::string& name, const std::vector<double>& values) {
  reports::Chart chart = chart_of(name + ": intensities", "value, 0.5th to 99.5th percentile", "sampled voxels");
  chart.series.push_back(curve(name, values, quantile(values, 0.005), quantile(values, 0.995), 64));
  return chart;
}

/// Volumes of a label in the cases that have it, sorted.
std::vector<double> volumes_of(const std::vector<CaseSurvey>& cases, int64_t label) {
  std::vector<double> values;
  for (const CaseSurvey& one : cases)
    if (const auto found = one.volume_ml.find(label); found != one.volume_ml.end()) values.push_back(found->second);
  return sorted(std::move(values));
}

reports::Chart volume_chart(const DatasetDescription& dataset, const std::vector<CaseSurvey>& cases) {
  reports::Chart chart = chart_of("Volumes, cases in the order of size", "% of the cases that have the label", "ml");
  chart.y.scale = reports::Scale::logarithmic;
  for (const auto& [label, name] : dataset.labels) {
    const std::vector<double> values = volumes_of(cases, label);
    if (values.empty() || chart.series.size() == 8) continue;
    reports::Series series;
    series.name = name;
    for (size_t i = 0; i < values.size(); ++i) {
      series.x.push_back(100 * (static_cast<double>(i) + 0.5) / static_cast<double>(values.size()));
      series.y.push_back(values[i]);
    }
    series.markers = values.size() < 3;
    chart.series.push_back(std::move(series));
  }
  return chart;
}

std::string number(double value) { return fmt::format("{:.4g}", value); }

reports::Table label_table(const DatasetDescription& dataset, const std::vector<CaseSurvey>& cases) {
  reports::Table table;
  table.caption = "Labels";
  table.columns = {"Label", "Number", "Cases", "Missing in", "Smallest, ml", "Median, ml", "Largest, ml"};
  for (const auto& [label, name] : dataset.labels) {
    const std::vector<double> values = volumes_of(cases, label);
    std::vector<reports::Cell> row{{name},
                                   {std::to_string(label)},
                                   {std::to_string(values.size())},
                                   {std::to_string(cases.size() - values.size())}};
    for (const double share : {0.0, 0.5, 1.0}) row.push_back({values.empty() ? "–" : number(quantile(values, share))});
    table.rows.push_back(std::move(row));
  }
  table.notes = {"Volumes count a pixel of a picture, which tells no size, as 1 mm³."};
  return table;
}

reports::Table case_table(const std::vector<CaseSurvey>& cases) {
  reports::Table table;
  table.caption = "Cases";
  table.columns = {"Case", "Site", "Size z×y×x", "Spacing z×y×x, mm", "Labelled, ml"};
  table.sortable = true;
  for (const CaseSurvey& one : cases) {
    double labelled = 0;
    for (const auto& [label, volume] : one.volume_ml) labelled += volume;
    table.rows.push_back({{one.id},
                          {one.site.empty() ? "–" : one.site},
                          {fmt::format("{}", fmt::join(one.size, "×"))},
                          {fmt::format("{:.3g}×{:.3g}×{:.3g}", one.spacing[0], one.spacing[1], one.spacing[2])},
                          {number(labelled), {}, labelled}});
  }
  return table;
}

json as_json(const DatasetDescription& dataset, const std::vector<CaseSurvey>& cases) {
  json report{{"name", dataset.name}, {"channels", dataset.channel_names}, {"cases", json::array()}};
  report["test_cases"] = dataset.test_cases.size();
  for (const auto& [label, name] : dataset.labels) {
    const std::vector<double> values = volumes_of(cases, label);
    json one{{"name", name}, {"label", label}, {"cases", values.size()}, {"missing", cases.size() - values.size()}};
    if (!values.empty()) one["median_ml"] = quantile(values, 0.5);
    report["labels"].push_back(one);
  }
  for (size_t channel = 0; channel < dataset.channel_names.size(); ++channel) {
    const std::vector<double> values = pooled(cases, channel);
    json percentiles;
    for (const double share : {0.005, 0.05, 0.5, 0.95, 0.995})
      percentiles[fmt::format("{:g}", 100 * share)] = quantile(values, share);
    report["intensities"].push_back({{"channel", dataset.channel_names[channel]}, {"percentiles", percentiles}});
  }
  for (const CaseSurvey& one : cases) {
    json volumes = json::object();
    for (const auto& [label, volume] : one.volume_ml) volumes[std::to_string(label)] = volume;
    report["cases"].push_back({{"id", one.id},
                               {"site", one.site},
                               {"size_zyx", one.size},
                               {"spacing_zyx_mm", one.spacing},
                               {"volume_ml", volumes}});
  }
  return report;
}

at::Tensor picture_of(const DatasetDescription& dataset, const datasets::Case& one) {
  const imaging::Volume image = datasets::read_case_image(one.images, dataset.channel_names.size());
  reports::Overlay overlay;
  overlay.image = image.data;
  overlay.reference = datasets::read_case_labels(one, dataset, image.geometry).data;
  overlay.geometry = image.geometry;
  overlay.class_names = dataset.labels;
  overlay.title = one.id.size() > 40 ? one.id.substr(0, 37) + "…" : one.id;
  overlay.plane_height = 380;
  return reports::draw_overlay(overlay);
}

/// Pictures in rows of two, on their own ground where they differ in size.
at::Tensor montage(const std::vector<at::Tensor>& pictures) {
  int64_t height = 0, width = 0;
  for (const at::Tensor& one : pictures) {
    height = std::max(height, one.size(0));
    width = std::max(width, one.size(1));
  }
  const auto count = static_cast<int64_t>(pictures.size()), columns = std::min<int64_t>(count, 2);
  const int64_t rows = (count + columns - 1) / columns;
  at::Tensor all = pictures.front()[0][0].expand({rows * height, columns * width, 3}).clone();
  for (int64_t i = 0; i < count; ++i) {
    const at::Tensor& one = pictures[static_cast<size_t>(i)];
    all.narrow(0, i / columns * height, one.size(0)).narrow(1, i % columns * width, one.size(1)).copy_(one);
  }
  return all;
}

std::string page(const DatasetDescription& dataset, const std::vector<CaseSurvey>& cases, const std::string& picture) {
  std::set<std::string> patients, sites;
  for (const CaseSurvey& one : cases) {
    patients.insert(one.patient);
    if (!one.site.empty()) sites.insert(one.site);
  }
  reports::HtmlPage html(dataset.name, fmt::format("{} training cases of {} patients, {} test cases.", cases.size(),
                                                   patients.size(), dataset.test_cases.size()));
  html.add_tiles({{"Cases", std::to_string(cases.size()), {}},
                  {"Channels",
                   std::to_string(dataset.channel_names.size()),
                   {fmt::format("{}", fmt::join(dataset.channel_names, ", "))}},
                  {"Labels", std::to_string(dataset.labels.size()), {}},
                  {"Sites", sites.empty() ? "not told" : std::to_string(sites.size()), {}}});
  html.begin_section("Pictures");
  html.add_png(picture, "Evenly chosen cases: planes through the middle of the labels, which are outlined.", "montage");
  html.begin_section("Grids");
  reports::Figure grids;
  grids.panels = {
      by_axis("Size", "voxels", cases, [](const CaseSurvey& one, size_t axis) { return double(one.size[axis]); }),
      by_axis("Spacing", "mm", cases, [](const CaseSurvey& one, size_t axis) { return one.spacing[axis]; })};
  html.add_svg(reports::to_svg(grids), "Of each axis, as the files hold them.");
  html.begin_section("Intensities");
  reports::Figure intensities;
  for (size_t channel = 0; channel < dataset.channel_names.size(); ++channel)
    intensities.panels.push_back(intensity_chart(dataset.channel_names[channel], pooled(cases, channel)));
  html.add_svg(reports::to_svg(intensities),
               fmt::format("Of up to {} voxels of each case, evenly taken, background too.", datasets::survey_samples));
  html.begin_section("Labels");
  html.add_html(reports::to_html(label_table(dataset, cases)));
  reports::Figure volumes;
  volumes.panels = {volume_chart(dataset, cases)};
  html.add_svg(reports::to_svg(volumes), "Up to eight labels.");
  html.begin_section("Cases");
  html.add_html(reports::to_html(case_table(cases)));
  return html.document();
}

}  // namespace

void write_dataset_report(const DatasetDescription& dataset, const std::vector<CaseSurvey>& cases, int64_t pictures,
                          const std::filesystem::path& folder) {
  std::vector<at::Tensor> drawn;
  const auto count = static_cast<int64_t>(dataset.cases.size());
  for (int64_t i = 0; i < std::min(pictures, count); ++i)
    drawn.push_back(picture_of(dataset, dataset.cases[static_cast<size_t>(i * count / std::min(pictures, count))]));
  const std::string picture = imaging::encode_png(montage(drawn));
  storage::write_atomic(folder / "montage.png", picture);
  storage::write_atomic(folder / "report.html", page(dataset, cases, picture));
  storage::write_atomic(folder / "report.json", as_json(dataset, cases).dump(1) + "\n");
}

std::string dataset_report_text(const DatasetDescription& dataset, const std::vector<CaseSurvey>& cases) {
  return reports::to_text(label_table(dataset, cases));
}

}  // namespace medvol::apps
