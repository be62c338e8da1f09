#include "experiments/apps/dataset_report.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "datasets/catalogue/read_case.h"
#include "experiments/apps/dataset_charts.h"
#include "framework/imaging/picture.h"
#include "framework/storage/atomic_file.h"
#include "reports/figures/overlay.h"
#include "reports/tables/html_page.h"
#include "reports/tables/table.h"

namespace medvol::apps {
namespace {

using datasets::CaseSurvey;
using datasets::DatasetDescription;
using nlohmann::json;

/// Four digits, and no powers of ten where a person can do without.
std::string number(double value) { return value < 1000 ? fmt::format("{:.4g}", value) : fmt::format("{:.0f}", value); }

reports::Table label_table(const DatasetDescription& dataset, const std::vector<CaseSurvey>& cases) {
  reports::Table table;
  table.caption = "Labels";
  const Measure measure = measure_of(cases);
  table.columns = {"Label", "Number", "Cases", "Missing in"};
  for (const char* which : {"Smallest", "Median", "Largest"})
    table.columns.push_back(fmt::format("{}, {}", which, measure.unit));
  for (const auto& [label, name] : dataset.labels) {
    const std::vector<double> values = amounts_of(cases, label);
    std::vector<reports::Cell> row{{name},
                                   {std::to_string(label)},
                                   {std::to_string(values.size())},
                                   {std::to_string(cases.size() - values.size())}};
    for (const double share : {0.0, 0.5, 1.0}) row.push_back({values.empty() ? "–" : number(quantile(values, share))});
    table.rows.push_back(std::move(row));
  }
  if (cases.front().picture) table.notes = {"A pixel of a picture that tells no size counts as 1 mm²."};
  return table;
}

reports::Table case_table(const std::vector<CaseSurvey>& cases) {
  reports::Table table;
  table.caption = "Cases";
  table.columns = {"Case", "Site", "Size z×y×x", "Spacing z×y×x, mm",
                   fmt::format("Labelled, {}", measure_of(cases).unit)};
  table.sortable = true;
  for (const CaseSurvey& one : cases) {
    double labelled = 0;
    for (const auto& [label, amount] : one.amount) labelled += amount;
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
  const std::string key = measure_of(cases).key;
  for (const auto& [label, name] : dataset.labels) {
    const std::vector<double> values = amounts_of(cases, label);
    json one{{"name", name}, {"label", label}, {"cases", values.size()}, {"missing", cases.size() - values.size()}};
    if (!values.empty()) one["median_" + key] = quantile(values, 0.5);
    report["labels"].push_back(one);
  }
  for (size_t channel = 0; channel < dataset.channel_names.size(); ++channel) {
    const std::vector<double> values = pooled_intensities(cases, channel);
    json percentiles;
    for (const double share : {0.005, 0.05, 0.5, 0.95, 0.995})
      percentiles[fmt::format("{:g}", 100 * share)] = quantile(values, share);
    report["intensities"].push_back({{"channel", dataset.channel_names[channel]}, {"percentiles", percentiles}});
  }
  for (const CaseSurvey& one : cases) {
    json amounts = json::object();
    for (const auto& [label, amount] : one.amount) amounts[std::to_string(label)] = amount;
    report["cases"].push_back({{"id", one.id},
                               {"site", one.site},
                               {"size_zyx", one.size},
                               {"spacing_zyx_mm", one.spacing},
                               {(cases.front().picture ? "area_" : "volume_") + key, amounts}});
  }
  return report;
}

/// Channels beyond the fourth are not drawn; those of a picture are its colours, drawn as their mean.
int64_t drawn_channels(const DatasetDescription& dataset, bool picture) {
  return picture ? 1 : std::min<int64_t>(4, static_cast<int64_t>(dataset.channel_names.size()));
}

/// A drawing a channel, all through one place of the labels.
std::vector<at::Tensor> drawings_of(const DatasetDescription& dataset, const datasets::Case& one) {
  const imaging::Volume image = datasets::read_case_image(one.images, dataset.channel_names.size());
  reports::Overlay overlay;
  const bool picture = image.geometry.dimensions == 2;
  overlay.image = picture ? image.data.mean(0, /*keepdim=*/true) : image.data;
  overlay.reference = datasets::read_case_labels(one, dataset, image.geometry).data;
  overlay.geometry = image.geometry;
  overlay.class_names = dataset.labels;
  const int64_t channels = drawn_channels(dataset, picture);
  overlay.plane_height = channels > 1 ? 240 : 380;
  const std::string name = one.id.size() > 40 ? one.id.substr(0, 37) + "…" : one.id;
  std::vector<at::Tensor> drawings;
  for (overlay.channel = 0; overlay.channel < channels; ++overlay.channel) {
    overlay.title = overlay.channel == 0 ? name : "";
    if (channels > 1)
      overlay.title +=
          (overlay.channel == 0 ? " · " : "") + dataset.channel_names[static_cast<size_t>(overlay.channel)];
    drawings.push_back(reports::draw_overlay(overlay));
  }
  return drawings;
}

/// Pictures in rows of `columns`, on their own ground where they differ in size.
at::Tensor montage(const std::vector<at::Tensor>& pictures, int64_t columns) {
  int64_t height = 0, width = 0;
  for (const at::Tensor& one : pictures) {
    height = std::max(height, one.size(0));
    width = std::max(width, one.size(1));
  }
  const auto count = static_cast<int64_t>(pictures.size());
  columns = std::min(columns, count);
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
  html.add_png(
      picture,
      fmt::format("Evenly chosen cases{}: planes through the middle of the labels, which are outlined.",
                  drawn_channels(dataset, cases.front().picture) > 1 ? ", a drawing a channel (up to four)" : ""),
      "montage");
  html.begin_section("Grids");
  html.add_svg(reports::to_svg(grid_figure(cases)), "Of each axis, as the files hold them.");
  html.begin_section("Intensities");
  html.add_svg(
      reports::to_svg(intensity_figure(dataset, cases)),
      fmt::format("Of up to {} voxels of each case, evenly taken, without a value that fills more than a third "
                  "of it. Channels that are normalised by mean and deviation are shown so.",
                  datasets::survey_samples));
  html.begin_section("Labels");
  html.add_html(reports::to_html(label_table(dataset, cases)));
  html.add_svg(reports::to_svg(amount_figure(dataset, cases)),
               dataset.labels.size() > charted_labels ? "The seven largest labels." : "");
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
    for (at::Tensor& one :
         drawings_of(dataset, dataset.cases[static_cast<size_t>(i * count / std::min(pictures, count))]))
      drawn.push_back(std::move(one));
  const int64_t channels = drawn_channels(dataset, cases.front().picture);
  const std::string picture = imaging::encode_png(montage(drawn, channels > 1 ? channels : 2));
  storage::write_atomic(folder / "montage.png", picture);
  storage::write_atomic(folder / "report.html", page(dataset, cases, picture));
  storage::write_atomic(folder / "report.json", as_json(dataset, cases).dump(1) + "\n");
}

std::string dataset_report_text(const DatasetDescription& dataset, const std::vector<CaseSurvey>& cases) {
  return reports::to_text(label_table(dataset, cases));
}

}  // namespace medvol::apps
