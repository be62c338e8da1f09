#include "reports/tables/measure_report.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/storage/csv.h"
#include "reports/statistics/bootstrap.h"
#include "tests/reports/support/page_nesting.h"
#include "tests/support/support.h"

namespace medvol::reports {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// Six cases. PSNR: 30 + i against 29 + 0.9·i, so that the network gains 1 + 0.1·i. Error: it gains 1, −2, 3, −4, 5,
/// −6.
MeasureReport a_report() {
  MeasureReport report;
  report.title = "Sharper <& better>";
  report.lead = "Six cases.";
  report.identity = {{"commit", "0123abc"}};
  report.methods = {"network", "spline"};
  report.baselines = {"spline"};
  report.measures = {{"psnr", "PSNR (dB)", true, 2}, {"error", "Error (mm)", false, 1}};
  report.notes = {"Range 0 to 1."};
  const std::vector<double> error_gains{1, -2, 3, -4, 5, -6};
  for (int i = 0; i < 6; ++i) {
    const std::string id = fmt::format("case_{}", i);
    const double error = error_gains[static_cast<size_t>(i)];
    report.values.push_back({id, "network", "psnr", 30.0 + i});
    report.values.push_back({id, "spline", "psnr", 29 + 0.9 * i});
    report.values.push_back({id, "network", "error", 10 + error});
    report.values.push_back({id, "spline", "error", 10});
  }
  return report;
}

std::vector<std::string> texts(const std::vector<Cell>& row) {
  std::vector<std::string> result;
  for (const Cell& cell : row) result.push_back(cell.text);
  return result;
}

TEST(MeasureReport, MethodsHaveTheirMeansAndSpreads) {
  const Table table = method_table(a_report());
  EXPECT_THAT(table.columns, ElementsAre("Method", "PSNR (dB)\u00a0↑", "Error (mm)\u00a0↓", "cases"));
  ASSERT_EQ(table.rows.size(), 2u);
  // The sample deviation of 0 … 5 is √3.5; that of the gains of the error √(91 − 6·0.5²)/√5.
  EXPECT_THAT(texts(table.rows[0]), ElementsAre("network", "32.50 ± 1.87", "9.5 ± 4.2", "6"));
  EXPECT_THAT(texts(table.rows[1]), ElementsAre("spline", "31.25 ± 1.68", "10.0 ± 0.0", "6"));
  EXPECT_DOUBLE_EQ(table.rows[0][1].order.value(), 32.5);
  const Interval interval = bootstrap_mean({30, 31, 32, 33, 34, 35});
  EXPECT_THAT(table.rows[0][1].detail, ElementsAre(fmt::format("[{:.2f}, {:.2f}]", interval.low, interval.high)));
  EXPECT_EQ(table.notes.front(), "Range 0 to 1.");
}

TEST(MeasureReport, GainsAreTakenCaseByCaseAndTestedTogether) {
  const Table table = gain_table(a_report());
  EXPECT_EQ(table.caption, "Gain of network");
  ASSERT_EQ(table.rows.size(), 2u);
  // Wilcoxon, exact, of 6 pairs: all of one sign 2/64; rank sums 9 and 12: 54/64. Holm doubles the smaller.
  const auto psnr = texts(table.rows[0]), error = texts(table.rows[1]);
  EXPECT_EQ(psnr[0], "spline");
  EXPECT_EQ(psnr[1], "PSNR (dB)");
  EXPECT_EQ(psnr[2], "+1.25");
  EXPECT_EQ(psnr[4], "0.031");
  EXPECT_EQ(psnr[5], "0.062");
  EXPECT_EQ(psnr[6], "6");
  EXPECT_EQ(error[2], "-0.5");
  EXPECT_EQ(error[4], "0.844");
  EXPECT_EQ(error[5], "0.844");
  EXPECT_THAT(table.notes.front(), HasSubstr("Holm-corrected for 2 tests"));
}

TEST(MeasureReport, OnlyCasesThatBothMethodsHaveArePaired) {
  MeasureReport report = a_report();
  report.values.push_back({"case_6", "network", "psnr", 99});
  report.values.push_back({"case_7", "network", "psnr", not_a_number});
  report.values.push_back({"case_7", "spline", "psnr", 50});
  EXPECT_EQ(method_table(report).rows[0].back().text, "7");
  EXPECT_EQ(gain_table(report).rows[0][2].text, "+1.25");
  EXPECT_EQ(gain_table(report).rows[0].back().text, "6");
}

TEST(MeasureReport, WritesItsFolder) {
  const tests::TemporaryFolder folder;
  MeasureReport report = a_report();
  report.values.push_back({"case_9", "spline", "psnr", 40});
  write_measure_report(folder / "evaluation", report);
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "evaluation"))
    names.push_back(entry.path().filename().string());
  EXPECT_THAT(names, testing::UnorderedElementsAre("cases.csv", "report.md", "report.html", "measures.json"));

  const storage::CsvTable csv = storage::read_csv(folder / "evaluation" / "cases.csv");
  EXPECT_THAT(csv.header, ElementsAre("case", "method", "psnr", "error"));
  ASSERT_EQ(csv.rows.size(), 13u);
  EXPECT_THAT(csv.rows[2], ElementsAre("case_1", "network", "31", "8"));
  EXPECT_EQ(std::stod(csv.rows[3][2]), 29 + 0.9);
  EXPECT_THAT(csv.rows[12], ElementsAre("case_9", "spline", "40", "nan"));

  const auto json = nlohmann::json::parse(tests::read_file(folder / "evaluation" / "measures.json"));
  EXPECT_EQ(json["title"], report.title);
  EXPECT_EQ(json["identity"]["commit"], "0123abc");
  EXPECT_DOUBLE_EQ(json["methods"]["network"]["psnr"]["mean"].get<double>(), 32.5);
  EXPECT_EQ(json["methods"]["spline"]["psnr"]["cases"], 7);
  ASSERT_EQ(json["gains"].size(), 2u);
  EXPECT_EQ(json["gains"][0]["over"], "spline");
  EXPECT_NEAR(json["gains"][0]["mean"].get<double>(), 1.25, 1e-12);
  EXPECT_NEAR(json["gains"][0]["p_wilcoxon"].get<double>(), 2.0 / 64, 1e-12);
  EXPECT_NEAR(json["gains"][0]["p_holm"].get<double>(), 4.0 / 64, 1e-12);
  EXPECT_NEAR(json["gains"][1]["p_holm"].get<double>(), 54.0 / 64, 1e-12);

  const std::string text = tests::read_file(folder / "evaluation" / "report.md");
  EXPECT_TRUE(text.starts_with("# Sharper <& better>\n\nSix cases.\n\n"));
  EXPECT_THAT(text, HasSubstr("Gain of network"));
}

TEST(MeasureReport, PageNeedsNothingButItself) {
  const tests::TemporaryFolder folder;
  MeasureReport report = a_report();
  report.pictures.push_back({"low, made, real", "", "\x89PNG\r\n\x1a\n"});
  write_measure_report(folder.path(), report);
  const std::string page = tests::read_file(folder / "report.html");
  EXPECT_EQ(tests::nesting_fault(page), "");
  for (const char* address : {"http://", "https://", "src=\"//", "@import", "url("})
    EXPECT_THAT(page, Not(HasSubstr(address)));
  EXPECT_THAT(page, HasSubstr("Sharper &lt;&amp; better&gt;"));
  EXPECT_THAT(page, HasSubstr("data:image/png;base64,iVBORw0KGgo"));
  EXPECT_THAT(page, HasSubstr("alt=\"low, made, real\""));
  EXPECT_THAT(page, HasSubstr("32.50 ± 1.87"));
}

TEST(MeasureReport, WithoutABaselineNothingIsTested) {
  const tests::TemporaryFolder folder;
  MeasureReport report = a_report();
  report.baselines.clear();
  write_measure_report(folder.path(), report);
  EXPECT_THAT(tests::read_file(folder / "report.md"), Not(HasSubstr("Wilcoxon")));
  EXPECT_FALSE(nlohmann::json::parse(tests::read_file(folder / "measures.json")).contains("gains"));
}

TEST(MeasureReport, NothingMeasuredIsAUserError) {
  const tests::TemporaryFolder folder;
  MeasureReport report = a_report();
  report.values.clear();
  EXPECT_THROW(write_measure_report(folder / "evaluation", report), core::UserError);
  EXPECT_FALSE(std::filesystem::exists(folder / "evaluation"));
  report = a_report();
  report.methods.clear();
  EXPECT_THROW(write_measure_report(folder / "evaluation", report), core::UserError);
}

}  // namespace
}  // namespace medvol::reports
