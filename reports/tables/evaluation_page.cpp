#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "losses/metrics/surface.h"
#include "reports/figures/chart.h"
#include "reports/tables/evaluation_report.h"
#include "reports/tables/html_page.h"
#include "reports/tables/measures.h"

namespace medvol::reports {
namespace {

constexpr size_t most_markdown_cases = 200;

/// Dice, IoU and accuracy of every structure with their intervals.
BarChart overlap_chart(const Evaluation& evaluation) {
  BarChart chart;
  chart.title = "Dice, IoU and accuracy";
  chart.y.high = 1;
  for (const MeasuredStructure& structure : evaluation.structures) chart.groups.push_back(structure.name);
  if (evaluation.structures.size() > 1) chart.groups.push_back("Foreground mean");
  for (const char* name : {"dice", "iou", "accuracy"}) {
    BarSeries series;
    series.name = measure_info(name).title;
    for (size_t i = 0; i < chart.groups.size(); ++i) {
      const Moments moments =
          moments_of(i < evaluation.moments.size() ? evaluation.moments[i] : evaluation.foreground, name);
      series.values.push_back(moments.mean);
      series.low.push_back(moments.low);
      series.high.push_back(moments.high);
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

std::string lead(const Evaluation& evaluation) {
  const metrics::MetricInfo& info = measure_info("dice");
  const Moments dice = moments_of(evaluation.foreground, "dice");
  return fmt::format("{} case{}, {} structure{}: mean foreground Dice {} {}, {} missed, policy {}.",
                     evaluation.cases.size(), evaluation.cases.size() == 1 ? "" : "s", evaluation.structures.size(),
                     evaluation.structures.size() == 1 ? "" : "s", spread_text(dice, info), interval_text(dice, info),
                     dice.missed, evaluation.policy.name);
}

std::vector<std::pair<std::string, std::string>> rules(const Evaluation& evaluation, const metrics::Policy& policy) {
  return {{"Policy", policy.name},
          {"In words", policy.description},
          {"Surfaces", metrics::surface_description(policy.surface)},
          {"NSD tolerance", fmt::format("{} mm", evaluation.tolerance_mm)},
          {"Intervals", "95 %, bootstrap over cases of the mean of the cases' own values (BCa, fixed seed)"}};
}

std::string markdown_pairs(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string out;
  for (const auto& [key, value] : pairs) out += fmt::format("- {}: {}\n", key, value);
  return out;
}

}  // namespace

std::string evaluation_markdown(const Evaluation& evaluation, const EvaluationReport& report) {
  std::string out = "# " + evaluation.title + "\n\n" + lead(evaluation) + "\n\n## Result\n\n";
  for (const Table& table : summary_tables(evaluation)) out += to_markdown(table) + '\n';
  for (const Table& table : report.extra_tables) out += to_markdown(table) + '\n';
  Table cases = case_table(evaluation);
  const size_t left_out = cases.rows.size() - std::min(cases.rows.size(), most_markdown_cases);
  if (left_out > 0) {
    cases.rows.resize(most_markdown_cases);
    cases.notes.push_back(fmt::format("{} more cases: cases.csv.", left_out));
  }
  out += "## Cases\n\n" + to_markdown(cases);
  out += "\n## How this was measured\n\n" + markdown_pairs(rules(evaluation, report.policy));
  if (!evaluation.identity.empty()) out += "\n## Identity\n\n" + markdown_pairs(evaluation.identity);
  return out;
}

std::string evaluation_html(const Evaluation& evaluation, const EvaluationReport& report) {
  HtmlPage page(evaluation.title, lead(evaluation));
  std::vector<HtmlPage::Tile> tiles;
  for (const char* name : {"dice", "iou", "accuracy", "hd95", "nsd"}) {
    const metrics::MetricInfo& info = measure_info(name);
    const Moments moments = moments_of(evaluation.foreground, name);
    if (!evaluation.foreground.contains(name)) continue;
    tiles.push_back({"Mean " + measure_title(info),
                     value_text(moments.mean, info),
                     {fmt::format("± {} {}", value_text(moments.sd, info), interval_text(moments, info)),
                      fmt::format("n {} · missed {}", moments.valid, moments.missed)}});
  }
  page.add_tiles(tiles);
  page.begin_section("Result");
  for (const Table& table : summary_tables(evaluation)) page.add_html(to_html(table));
  page.begin_section("By structure");
  const double width = std::clamp(160.0 + 190.0 * static_cast<double>(evaluation.structures.size() + 1), 960.0, 1080.0);
  page.add_svg(to_svg(overlap_chart(evaluation), width, 360),
               fmt::format("Means over cases with bootstrap 95 % intervals, policy {}.", evaluation.policy.name));
  if (!report.extra_tables.empty()) {
    page.begin_section("For comparison");
    for (const Table& table : report.extra_tables) page.add_html(to_html(table));
  }
  if (!report.pictures.empty()) {
    page.begin_section("Cases in pictures");
    for (const Picture& picture : report.pictures) page.add_png(picture.png, picture.caption, picture.alt);
  }
  page.begin_section("Cases");
  page.add_html(to_html(case_table(evaluation)));
  page.begin_section("How this was measured");
  page.add_pairs(rules(evaluation, report.policy));
  if (!evaluation.identity.empty()) {
    page.begin_section("Identity");
    page.add_pairs(evaluation.identity);
  }
  return page.document();
}

}  // namespace medvol::reports
