#include "reports/figures/curves.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>

#include "framework/imaging/picture.h"
#include "framework/storage/atomic_file.h"

namespace medvol::reports {
namespace {

constexpr size_t most_points = 400;  // a panel is about 450 pixels wide
constexpr size_t most_markers = 60;
constexpr double gap = std::numeric_limits<double>::quiet_NaN();

/// A number of a record; NaN when it is missing, null or no number.
double number(const nlohmann::json& record, const char* key) {
  const auto found = record.find(key);
  return found != record.end() && found->is_number() ? found->get<double>() : gap;
}

bool is_event(const nlohmann::json& record, const char* event) {
  return record.is_object() && record.value("event", nlohmann::json()) == event &&
         std::isfinite(number(record, "step"));
}

/// Means over equal spans of steps, with the least and most of each.
Series thinned(const Series& series) {
  if (series.x.size() <= most_points) return series;
  Series thin;
  thin.name = series.name;
  const double first = series.x.front(), span = std::max(1.0, series.x.back() - first);
  for (size_t begin = 0; begin < series.x.size();) {
    const auto bin = [&](size_t i) { return std::floor((series.x[i] - first) / span * (most_points - 1)); };
    double sum = 0, low = gap, high = gap, steps = 0;
    size_t end = begin, count = 0;
    for (; end < series.x.size() && bin(end) == bin(begin); ++end) {
      steps += series.x[end];
      if (!std::isfinite(series.y[end])) continue;
      sum += series.y[end];
      low = std::fmin(low, series.y[end]);
      high = std::fmax(high, series.y[end]);
      ++count;
    }
    thin.x.push_back(steps / static_cast<double>(end - begin));
    thin.y.push_back(count == 0 ? gap : sum / static_cast<double>(count));
    thin.low.push_back(low);
    thin.high.push_back(high);
    begin = end;
  }
  return thin;
}

Series series_of_steps(const std::vector<nlohmann::json>& records, const char* key, const std::string& name) {
  Series series;
  series.name = name;
  for (const nlohmann::json& record : records)
    if (is_event(record, "step")) {
      series.x.push_back(number(record, "step"));
      series.y.push_back(number(record, key));
    }
  return thinned(series);
}

/// What the validations measured: "mean_dice" unless they say otherwise.
std::string measure_of(const std::vector<nlohmann::json>& records) {
  for (const nlohmann::json& record : records)
    if (is_event(record, "validation")) return record.value("measure", "mean_dice");
  return "mean_dice";
}

std::vector<Series> validation_series(const std::vector<nlohmann::json>& records) {
  Series mean;
  const std::string measure = measure_of(records);
  mean.name = measure == "mean_dice" ? "mean" : measure;
  // Ordered as numbers where the keys are numbers: class 10 comes behind class 9.
  const auto before = [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  };
  std::map<std::string, Series, decltype(before)> classes(before);
  for (const nlohmann::json& record : records) {
    if (!is_event(record, "validation")) continue;
    mean.x.push_back(number(record, "step"));
    mean.y.push_back(number(record, measure.c_str()));
    const auto dice = record.find("dice");
    if (dice == record.end() || !dice->is_object()) continue;
    for (const auto& [key, value] : dice->items()) {
      Series& series = classes[key];
      series.name = "class " + key;
      series.dashed = true;
      series.x.push_back(mean.x.back());
      series.y.push_back(value.is_number() ? value.get<double>() : gap);
    }
  }
  mean.markers = mean.x.size() <= most_markers;
  std::vector<Series> all{std::move(mean)};
  for (auto& [key, series] : classes) all.push_back(std::move(series));
  return all;
}

Chart panel(const std::string& title, const std::string& y_label, std::vector<Series> series) {
  Chart chart;
  chart.title = title;
  chart.x.label = "step";
  chart.y.label = y_label;
  chart.series = std::move(series);
  return chart;
}

/// The balance of two players, where there are two.
void add_adversary_panels(Figure& figure, const std::vector<nlohmann::json>& records) {
  const bool plays = std::any_of(records.begin(), records.end(), [](const nlohmann::json& record) {
    return is_event(record, "step") && record.contains("discriminator_loss");
  });
  if (!plays) return;
  figure.panels.push_back(panel(
      "Parts of the loss", "loss",
      {series_of_steps(records, "supervised", "supervised"), series_of_steps(records, "adversarial", "adversarial"),
       series_of_steps(records, "discriminator_loss", "discriminator")}));
  figure.panels.push_back(panel("Balance", "share",
                                {series_of_steps(records, "discriminator_accuracy", "discriminator accuracy"),
                                 series_of_steps(records, "spread", "spread of made over real")}));
  figure.panels.back().y.low = 0;
}

}  // namespace

Figure learning_curves(const std::vector<nlohmann::json>& records, const std::string& title) {
  Figure figure;
  figure.title = title;
  figure.panels.push_back(panel("Training loss", "loss", {series_of_steps(records, "loss", "loss")}));
  const std::string measure = measure_of(records);
  if (measure == "mean_dice") {
    figure.panels.push_back(panel("Validation Dice, whole cases", "Dice", validation_series(records)));
    figure.panels.back().y.low = 0;
    figure.panels.back().y.high = 1;
  } else {
    figure.panels.push_back(panel("Validation, whole cases", measure, validation_series(records)));
  }
  figure.panels.push_back(panel("Learning rate", "learning rate", {series_of_steps(records, "lr", "learning rate")}));
  figure.panels.push_back(panel("Throughput", "samples/s", {series_of_steps(records, "samples_per_s", "samples/s")}));
  for (const size_t from_zero : {2u, 3u}) figure.panels[from_zero].y.low = 0;
  add_adversary_panels(figure, records);
  // All panels show the same steps.
  double first = std::numeric_limits<double>::infinity(), last = -first;
  for (const Chart& chart : figure.panels)
    for (const Series& series : chart.series)
      for (const double step : series.x) {
        first = std::min(first, step);
        last = std::max(last, step);
      }
  if (first < last)
    for (Chart& chart : figure.panels) {
      chart.x.low = first;
      chart.x.high = last;
    }
  return figure;
}

void draw_curves(const std::vector<nlohmann::json>& records, const std::filesystem::path& png_path,
                 const std::filesystem::path& svg_path) {
  const Figure figure = learning_curves(records);
  storage::write_atomic(png_path, imaging::encode_png(to_picture(figure)));
  storage::write_atomic(svg_path, to_svg(figure));
}

}  // namespace medvol::reports
