#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <limits>
#include <regex>

#include "reports/figures/chart.h"
#include "reports/figures/curves.h"
#include "reports/figures/pixel_canvas.h"
#include "reports/figures/svg_canvas.h"
#include "reports/figures/ticks.h"
#include "tests/support/support.h"

namespace {

using namespace medvol::reports;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

TEST(Ticks, AreRoundNumbersThatCoverTheData) {
  const Ticks unit = linear_ticks(0.03, 0.97, 5);
  EXPECT_THAT(unit.texts, ElementsAre("0.0", "0.2", "0.4", "0.6", "0.8", "1.0"));
  EXPECT_EQ(unit.low, 0);
  EXPECT_NEAR(unit.high, 1, 1e-12);
  EXPECT_THAT(linear_ticks_within(0, 250, 5).texts, ElementsAre("0", "50", "100", "150", "200", "250"));
  EXPECT_THAT(linear_ticks_within(12, 88, 4).values, ElementsAre(20, 40, 60, 80));
  EXPECT_THAT(logarithmic_ticks(0.002, 0.7, 4).texts, ElementsAre("0.001", "0.01", "0.1", "1"));
}

TEST(Ticks, SurviveEqualInfiniteAndReversedEnds) {
  const double infinite = std::numeric_limits<double>::infinity();
  for (const auto& [low, high] :
       {std::pair{3.0, 3.0}, {0.0, 0.0}, {infinite, -infinite}, {nan_value, 1.0}, {5.0, -5.0}, {1e15, 1e15}}) {
    const Ticks ticks = linear_ticks(low, high, 5);
    EXPECT_LT(ticks.low, ticks.high) << low << " " << high;
    EXPECT_GE(ticks.values.size(), 2u);
    EXPECT_LE(ticks.values.size(), 12u);
    EXPECT_EQ(ticks.values.size(), ticks.texts.size());
  }
  EXPECT_GE(logarithmic_ticks(-1, 0, 4).values.size(), 2u);
}

TEST(Ticks, CompactNumbers) {
  EXPECT_EQ(compact_number(1234567), "1.23M");
  EXPECT_EQ(compact_number(20000), "20k");
  EXPECT_EQ(compact_number(0.00012), "1.2e-4");
  EXPECT_EQ(compact_number(0.25), "0.25");
  EXPECT_EQ(compact_number(0), "0");
  EXPECT_EQ(compact_number(nan_value), "n/a");
}

Chart line_chart(std::vector<double> x, std::vector<double> y) {
  Chart chart;
  chart.title = "Loss & <more>";
  chart.x.label = "step";
  chart.series.push_back({"loss", std::move(x), std::move(y), {}, {}, false, false});
  return chart;
}

size_t count(const std::string& text, const std::string& pattern) {
  size_t found = 0;
  for (size_t at = text.find(pattern); at != std::string::npos; at = text.find(pattern, at + 1)) ++found;
  return found;
}

TEST(Chart, SvgHoldsPointsAtTheirPlaces) {
  Figure figure;
  Chart chart = line_chart({0, 50, 100}, {0, 0.5, 1});
  chart.y.low = 0;
  chart.y.high = 1;
  figure.panels = {chart};
  const std::string svg = to_svg(figure);
  EXPECT_THAT(svg, HasSubstr("Loss &amp; &lt;more&gt;"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  // The series is the one line of width 2; its points rise evenly from the left lower to the right upper corner.
  std::smatch match;
  ASSERT_TRUE(std::regex_search(
      svg, match,
      std::regex(
          R"(points="([\d.]+),([\d.]+) ([\d.]+),([\d.]+) ([\d.]+),([\d.]+)\" style="fill:none;stroke:#0072b2)")));
  const auto number = [&](int i) { return std::stod(match[static_cast<size_t>(i)]); };
  EXPECT_NEAR(number(3) - number(1), number(5) - number(3), 0.02);
  EXPECT_NEAR(number(2) - number(4), number(4) - number(6), 0.02);
  EXPECT_GT(number(2), number(6));
}

TEST(Chart, NanBreaksTheLineAndNothingSaysNoData) {
  Figure broken;
  broken.panels = {line_chart({0, 1, 2, 3, 4}, {1, 2, nan_value, 4, 5})};
  EXPECT_EQ(count(to_svg(broken), "stroke:#0072b2"), 2u);
  Figure lone;
  lone.panels = {line_chart({7}, {0.3})};
  EXPECT_EQ(count(to_svg(lone), "<circle"), 1u);
  for (const auto& values : {std::vector<double>{}, std::vector<double>{nan_value, nan_value}}) {
    Figure empty;
    empty.panels = {line_chart(std::vector<double>(values.size(), 1), values)};
    EXPECT_THAT(to_svg(empty), HasSubstr("no data yet"));
    EXPECT_EQ(to_picture(empty, 1).sizes(), torch::IntArrayRef({320, 520, 3}));
  }
}

TEST(Chart, PixelsShowTheLineWhereSvgPutsIt) {
  Figure figure;
  Chart chart = line_chart({0, 100}, {0.5, 0.5});
  chart.y.low = 0;
  chart.y.high = 1;
  figure.panels = {chart};
  std::smatch match;
  const std::string svg = to_svg(figure);
  ASSERT_TRUE(std::regex_search(
      svg, match, std::regex(R"(points="([\d.]+),([\d.]+) ([\d.]+),([\d.]+)\" style="fill:none;stroke:#0072b2)")));
  // Text widths differ between both canvases, heights do not.
  const auto row = static_cast<int64_t>(std::stod(match[2]) * 2);
  const torch::Tensor picture = to_picture(figure, 2);
  const torch::Tensor blue = torch::tensor({0, 114, 178}, torch::kUInt8);
  const torch::Tensor is_blue = (picture == blue).all(-1);
  EXPECT_GT(is_blue.slice(0, row - 2, row + 2).any(0).sum().item<int64_t>(), 800);
  EXPECT_EQ(is_blue.slice(0, 0, row - 6).sum().item<int64_t>() + is_blue.slice(0, row + 6).sum().item<int64_t>(), 0);
}

TEST(BarChart, HeightsAreProportionalAndMissingOnesSayso) {
  BarChart chart;
  chart.title = "Dice";
  chart.y.high = 1;
  chart.groups = {"liver", "spleen", "kidney"};
  chart.series.push_back({"Dice", {0.9, 0.45, nan_value}, {0.85, 0.4, nan_value}, {0.95, 0.5, nan_value}});
  const std::string svg = to_svg(chart);
  std::vector<double> heights;
  const std::regex bar(R"re(height="([\d.]+)" style="fill:#0072b2")re");
  for (auto i = std::sregex_iterator(svg.begin(), svg.end(), bar); i != std::sregex_iterator(); ++i)
    heights.push_back(std::stod((*i)[1]));
  ASSERT_EQ(heights.size(), 3u);  // the legend's square and two bars
  EXPECT_NEAR(heights[1], 2 * heights[2], 0.05);
  EXPECT_THAT(svg, HasSubstr("n/a"));
  EXPECT_THAT(svg, HasSubstr(">0.900<"));
  EXPECT_THAT(svg, HasSubstr(">kidney<"));
}

TEST(SvgCanvas, EscapesAndAsciiFallback) {
  EXPECT_EQ(escape_xml("a<b>&\"c'\x01"), "a&lt;b&gt;&amp;&quot;c&#39;");
  PixelCanvas canvas(200, 40);
  const TextStyle style{};
  EXPECT_EQ(canvas.text_width("1 ± 2", style), canvas.text_width("1 +/- 2", style));
}

std::vector<nlohmann::json> a_log(int steps) {
  std::vector<nlohmann::json> records;
  for (int step = 1; step <= steps; ++step) {
    records.push_back({{"event", "step"}, {"step", step}, {"loss", 1.0 / step}, {"lr", 0.01}, {"samples_per_s", 20.0}});
    if (step % 50 == 0)
      records.push_back({{"event", "validation"},
                         {"step", step},
                         {"dice", {{"1", 0.8}, {"10", 0.7}, {"2", 0.6}}},
                         {"mean_dice", 0.7}});
  }
  return records;
}

TEST(Curves, DrawFromRecords) {
  const Figure figure = learning_curves(a_log(100));
  ASSERT_EQ(figure.panels.size(), 4u);
  EXPECT_EQ(figure.panels[0].series[0].x.size(), 100u);
  EXPECT_EQ(figure.panels[0].series[0].y[3], 0.25);
  std::vector<std::string> names;
  for (const Series& series : figure.panels[1].series) names.push_back(series.name);
  EXPECT_THAT(names, ElementsAre("mean", "class 1", "class 2", "class 10"));
  EXPECT_THAT(figure.panels[1].series[0].x, ElementsAre(50, 100));
  for (const Chart& panel : figure.panels) EXPECT_EQ(panel.x.high, 100);
}

TEST(Curves, AnotherMeasureHasItsOwnNameAndScale) {
  std::vector<nlohmann::json> records = a_log(20);
  for (int step : {10, 20})
    records.push_back({{"event", "validation"}, {"step", step}, {"measure", "psnr"}, {"psnr", 20.0 + step}});
  const Figure figure = learning_curves(records);
  ASSERT_EQ(figure.panels.size(), 4u);
  const Chart& validation = figure.panels[1];
  EXPECT_EQ(validation.y.label, "psnr");
  EXPECT_THAT(validation.title, Not(HasSubstr("Dice")));
  ASSERT_EQ(validation.series.size(), 1u);
  EXPECT_EQ(validation.series[0].name, "psnr");
  EXPECT_THAT(validation.series[0].y, ElementsAre(30, 40));
  EXPECT_FALSE(validation.y.low || validation.y.high);
  EXPECT_EQ(learning_curves(a_log(50)).panels[1].y.high, 1);
}

TEST(Curves, AnAdversaryHasItsPanels) {
  std::vector<nlohmann::json> records = a_log(30);
  EXPECT_EQ(learning_curves(records).panels.size(), 4u);
  for (auto& record : records) {
    record["supervised"] = 0.5;
    if (record["step"] <= 10) continue;  // the adversary begins later
    record["adversarial"] = 0.25;
    record["discriminator_loss"] = 2.0;
    record["discriminator_accuracy"] = 0.75;
    record["spread"] = 0.9;
  }
  const Figure figure = learning_curves(records);
  ASSERT_EQ(figure.panels.size(), 6u);
  const auto names = [&](size_t panel) {
    std::vector<std::string> result;
    for (const Series& series : figure.panels[panel].series) result.push_back(series.name);
    return result;
  };
  EXPECT_THAT(names(4), ElementsAre("supervised", "adversarial", "discriminator"));
  EXPECT_THAT(names(5), ElementsAre("discriminator accuracy", "spread of made over real"));
  const Series &supervised = figure.panels[4].series[0], &discriminator = figure.panels[4].series[2];
  EXPECT_EQ(supervised.y.front(), 0.5);
  EXPECT_TRUE(std::isnan(discriminator.y[9]));
  EXPECT_EQ(discriminator.y[10], 2.0);
  EXPECT_EQ(figure.panels[5].series[0].y.back(), 0.75);
  EXPECT_EQ(figure.panels[5].y.low, 0);
  EXPECT_FALSE(figure.panels[4].y.low);
  for (const Chart& panel : figure.panels) EXPECT_EQ(panel.x.high, 30);
}

TEST(Curves, LongLogsAreAveragedAndKeepTheirMean) {
  const Figure figure = learning_curves(a_log(20000));
  const Series& loss = figure.panels[0].series[0];
  EXPECT_LE(loss.x.size(), 400u);
  EXPECT_GE(loss.x.size(), 390u);
  for (size_t i = 0; i < loss.x.size(); ++i) {
    EXPECT_LE(loss.low[i], loss.y[i]);
    EXPECT_GE(loss.high[i], loss.y[i]);
  }
  EXPECT_EQ(loss.high.front(), 1.0);
}

TEST(Curves, SurviveAnythingInALog) {
  const medvol::tests::TemporaryFolder folder;
  std::vector<nlohmann::json> odd{{{"event", "step"}},
                                  {{"event", "step"}, {"step", 1}, {"loss", nullptr}},
                                  {{"event", "divergence"}, {"step", 2}},
                                  {{"event", "validation"}, {"step", 3}, {"dice", {{"1", nullptr}}}},
                                  nlohmann::json::array({1}),
                                  {{"event", 3}}};
  for (const auto& records : {std::vector<nlohmann::json>{}, odd, a_log(1), a_log(60)}) {
    draw_curves(records, folder / "curves.png", folder / "curves.svg");
    EXPECT_EQ(medvol::tests::read_file(folder / "curves.png").substr(1, 3), "PNG");
    const std::string svg = medvol::tests::read_file(folder / "curves.svg");
    EXPECT_TRUE(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
    EXPECT_THAT(svg, Not(HasSubstr("inf")));
  }
}

}  // namespace
