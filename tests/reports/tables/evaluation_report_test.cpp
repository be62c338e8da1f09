#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/imaging/picture.h"
#include "reports/collect/python_json.h"
#include "reports/figures/svg_canvas.h"
#include "reports/statistics/bootstrap.h"
#include "reports/statistics/paired_tests.h"
#include "reports/tables/base64.h"
#include "reports/tables/comparison.h"
#include "reports/tables/evaluation_report.h"
#include "reports/tables/measures.h"
#include "tests/reports/support/page_nesting.h"
#include "tests/support/support.h"

namespace {

using namespace medvol;
using namespace medvol::reports;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using tests::nesting_fault;

/// A case of two structures of 1 mm voxels on a 12³ grid: cubes, the prediction shifted by `shift` voxels (missed: 12).
metrics::CaseResult measured(const std::string& id, int64_t shift_one, int64_t shift_two, const std::string& policy) {
  imaging::Geometry geometry;
  geometry.size = {12, 12, 12};
  torch::Tensor reference = torch::zeros({12, 12, 12}, torch::kInt), prediction = reference.clone();
  const auto put = [](torch::Tensor& map, int64_t z, int64_t y, int label) {
    if (z < 9) map.slice(0, z, z + 4).slice(1, y, y + 4).slice(2, 2, 8) = label;
  };
  put(reference, 1, 1, 1);
  put(reference, 1, 7, 2);
  put(prediction, 1 + shift_one, 1, 1);
  put(prediction, 1 + shift_two, 7, 2);
  metrics::EvaluationOptions options;
  options.case_id = id;
  return metrics::evaluate_case(reference, prediction, geometry, std::vector<int64_t>{1, 2},
                                metrics::policy_by_name(policy), options);
}

EvaluationReport a_report(const std::vector<std::pair<int64_t, int64_t>>& shifts, const std::string& prefix = "case_",
                          const std::string& policy = "nnunet") {
  EvaluationReport report;
  report.title = "Cubes <& co>";
  report.identity = {{"commit", "0123abc"}, {"seed", "1"}, {"device", "cpu"}};
  report.policy = metrics::policy_by_name(policy);
  report.structures = {{"Anterior", {1}}, {"Posterior", {2}}};
  for (size_t i = 0; i < shifts.size(); ++i)
    report.cases.push_back(measured(fmt::format("{}{:02}", prefix, i), shifts[i].first, shifts[i].second, policy));
  return report;
}

TEST(Base64, AnswersOfRfc4648) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xff\xfe\xfd"), "//79");
}

TEST(Table, Markdown) {
  Table table{"Two | runs", {"Run", "Dice ↑"}, {{{"a|b"}, {"0.9 ± 0.1", {"n 2"}}}, {{"c"}, {"n/a"}}}, {"A note."}};
  EXPECT_EQ(to_markdown(table),
            "**Two \\| runs**\n\n"
            "| Run  |           Dice ↑ |\n"
            "| ---- | ---------------: |\n"
            "| a\\|b | 0.9 ± 0.1<br>n 2 |\n"
            "| c    |              n/a |\n"
            "\nA note.\n");
  EXPECT_EQ(to_text(table),
            "Two | runs\nRun         Dice ↑\n------------------\na|b  0.9 ± 0.1 n 2\nc              n/a\nA note.\n");
}

TEST(Table, HtmlEscapesAndNests) {
  Table table{"<cap>", {"a", "b&"}, {{{"<script>"}, {"1", {"\"x\""}, 0.5}}}, {}, true, 1};
  const std::string html = to_html(table);
  EXPECT_EQ(nesting_fault(html), "");
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">&lt;script&gt;</th>"));
  EXPECT_THAT(html, HasSubstr("<td data-order=\"0.5\">1<span class=\"detail\">&quot;x&quot;</span></td>"));
  EXPECT_THAT(html, HasSubstr("class=\"sortable\""));
  EXPECT_THAT(html, HasSubstr("<tr class=\"total\">"));
}

TEST(EvaluationReport, FiguresAreThoseOfTheMetrics) {
  const EvaluationReport report = a_report({{0, 1}, {1, 2}, {2, 12}});
  const Evaluation evaluation = summarize_report(report);
  // A shift of s voxels of 4 leaves an overlap of 4 - s: Dice (4 - s) / 4; a miss is 0.
  EXPECT_DOUBLE_EQ(evaluation.cases[1].structures[0].value("dice"), 0.75);
  EXPECT_DOUBLE_EQ(evaluation.moments[0].at("dice").mean, 0.75);
  EXPECT_DOUBLE_EQ(evaluation.moments[1].at("dice").mean, (0.75 + 0.5 + 0) / 3);
  EXPECT_DOUBLE_EQ(evaluation.foreground.at("dice").mean, (0.75 + 1.25 / 3) / 2);
  EXPECT_DOUBLE_EQ(evaluation.moments[0].at("dice").sd, 0.25);
  EXPECT_EQ(evaluation.moments[1].at("dice").missed, 1);
  EXPECT_EQ(evaluation.moments[1].at("dice").valid, 3);
  EXPECT_EQ(evaluation.foreground.at("dice").missed, 1);
  EXPECT_EQ(evaluation.cases[2].structures[1].outcome, "missed");
  EXPECT_EQ(evaluation.cases[2].structures[1].value("n_pred"), 0);
  EXPECT_EQ(evaluation.cases[2].structures[1].value("n_ref"), 96);
  const Interval interval = bootstrap_mean({1.0, 0.75, 0.5});
  EXPECT_EQ(evaluation.moments[0].at("dice").low, interval.low);
  EXPECT_EQ(evaluation.moments[0].at("dice").high, interval.high);
}

TEST(EvaluationReport, WritesAFolderThatReadsBack) {
  const tests::TemporaryFolder folder;
  EvaluationReport report = a_report({{0, 1}, {1, 2}, {2, 12}});
  report.files["case_00"] = {"labels/case_00.nii.gz", "out/case_00.nii.gz"};
  report.pictures.push_back(
      {"best: case_00", "an overlay", imaging::encode_png(torch::zeros({4, 4, 3}, torch::kUInt8))});
  report.extra_tables.push_back({"Otsu", {"Structure", "Dice"}, {{{"Anterior"}, {"0.41"}}}, {}});
  const Evaluation written = write_evaluation(folder / "evaluation", report);
  const Evaluation read = read_evaluation(folder / "evaluation");
  const CasesFile cases = read_cases_csv(folder / "evaluation" / "cases.csv");
  ASSERT_EQ(read.cases.size(), 3u);
  EXPECT_EQ(read.cases[0].reference_file, "labels/case_00.nii.gz");
  for (size_t i = 0; i < 3; ++i)
    for (size_t k = 0; k < 2; ++k)
      for (const auto& [name, value] : written.cases[i].structures[k].values) {
        const double json = read.cases[i].structures[k].value(name), csv = cases.cases[i].structures[k].value(name);
        EXPECT_TRUE((json == value && csv == value) || (std::isnan(value) && std::isnan(json) && std::isnan(csv)))
            << name;
      }
  EXPECT_EQ(read.foreground.at("hd95").mean, written.foreground.at("hd95").mean);
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "evaluation"))
    names.push_back(entry.path().filename().string());
  EXPECT_THAT(names, testing::UnorderedElementsAre("summary.json", "cases.csv", "report.md", "report.html"));
}

TEST(EvaluationReport, PageIsWholeAndNeedsNoNetwork) {
  EvaluationReport report = a_report({{0, 1}, {1, 2}, {2, 12}, {0, 0}});
  report.pictures.push_back({"worst: <case>", "", imaging::encode_png(torch::zeros({4, 4, 3}, torch::kUInt8))});
  const Evaluation evaluation = summarize_report(report);
  const std::string page = evaluation_html(evaluation, report);
  EXPECT_EQ(nesting_fault(page), "");
  for (const char* address : {"http://", "https://", "src=\"//", "@import", "url("})
    EXPECT_THAT(page, Not(HasSubstr(address)));
  EXPECT_THAT(page, HasSubstr("Cubes &lt;&amp; co&gt;"));
  EXPECT_THAT(page, HasSubstr("data:image/png;base64,iVBORw0KGgo"));
  EXPECT_THAT(page, HasSubstr("alt=\"worst: &lt;case&gt;\""));
  EXPECT_THAT(page, HasSubstr("0123abc"));
  EXPECT_THAT(page, HasSubstr(escape_xml(report.policy.description)));
  const metrics::MetricInfo& info = measure_info("dice");
  for (const MomentsByName* moments : {&evaluation.moments[0], &evaluation.moments[1], &evaluation.foreground}) {
    EXPECT_THAT(page, HasSubstr(spread_text(moments->at("dice"), info)));
    EXPECT_THAT(page, HasSubstr(interval_text(moments->at("dice"), info)));
  }
  // The policy stands under every table.
  size_t tables = 0, policies = 0;
  for (size_t at = page.find("<table"); at != std::string::npos; at = page.find("<table", at + 1)) ++tables;
  for (size_t at = page.find("<p class=\"note\">Policy nnunet"); at != std::string::npos;
       at = page.find("<p class=\"note\">Policy nnunet", at + 1))
    ++policies;
  EXPECT_EQ(tables, 3u);
  EXPECT_EQ(policies, tables);
}

TEST(EvaluationReport, MarkdownSaysTheSame) {
  const EvaluationReport report = a_report({{0, 1}, {1, 2}, {2, 12}});
  const std::string text = evaluation_markdown(summarize_report(report), report);
  EXPECT_TRUE(text.starts_with("# Cubes <& co>\n\n3 cases, 2 structures: mean foreground Dice 0.583 ± "));
  EXPECT_THAT(text, HasSubstr("0.750 ± 0.250<br>["));
  EXPECT_THAT(text, HasSubstr("n 3, missed 1"));
  EXPECT_THAT(text, HasSubstr("- seed: 1\n"));
}

TEST(EvaluationReport, Faults) {
  EvaluationReport report = a_report({{0, 0}});
  report.cases.push_back(report.cases.front());
  EXPECT_THROW(summarize_report(report), core::UserError);
  report.cases.clear();
  EXPECT_THROW(summarize_report(report), core::UserError);
  report = a_report({{0, 0}});
  report.structures.pop_back();
  EXPECT_THROW(summarize_report(report), core::UserError);
}

TEST(ChooseCases, BestMedianWorst) {
  const Evaluation evaluation = summarize_report(a_report({{2, 2}, {0, 0}, {1, 1}, {12, 12}, {1, 0}}));
  const auto chosen = choose_cases(evaluation.cases);
  ASSERT_EQ(chosen.size(), 3u);
  EXPECT_EQ(chosen[0].role, "best");
  EXPECT_EQ(chosen[0].index, 1u);
  EXPECT_EQ(chosen[1].index, 2u);
  EXPECT_DOUBLE_EQ(chosen[1].dice, 0.75);
  EXPECT_EQ(chosen[2].index, 3u);
  EXPECT_EQ(choose_cases({evaluation.cases[0]}).size(), 1u);
  EXPECT_TRUE(choose_cases({}).empty());
}

RunRecord a_run(const std::string& name, const EvaluationReport& report) {
  RunRecord run;
  run.name = name;
  run.path = name;
  run.evaluation = summarize_report(report);
  return run;
}

TEST(Comparison, TestsPairsOnCommonCases) {
  const std::vector<std::pair<int64_t, int64_t>> base{{1, 1}, {2, 1}, {1, 2}, {2, 2}, {3, 1}, {1, 3}, {2, 3}, {3, 3}};
  auto better = base, same = base;
  for (size_t i = 0; i < better.size(); ++i) --better[i].first;
  better.resize(7);  // one case was not done
  const std::vector<RunRecord> runs{a_run("base", a_report(base)), a_run("better", a_report(better)),
                                    a_run("same", a_report(same))};
  const Comparison comparison = compare(runs);
  EXPECT_FALSE(comparison.folds);
  ASSERT_EQ(comparison.tests.size(), 2u);
  EXPECT_EQ(comparison.tests[0].run, 1u);
  EXPECT_EQ(comparison.tests[0].common, 7);
  EXPECT_NEAR(comparison.tests[0].difference, 0.125, 1e-12);
  std::vector<double> ours, theirs;
  for (size_t i = 0; i < 7; ++i) {
    ours.push_back(foreground_value(runs[1].evaluation->cases[i], "dice"));
    theirs.push_back(foreground_value(runs[0].evaluation->cases[i], "dice"));
  }
  const double p = wilcoxon_signed_rank(ours, theirs).p;
  EXPECT_EQ(comparison.tests[0].p, p);
  EXPECT_EQ(comparison.tests[1].p, 1);
  EXPECT_EQ(comparison.tests[0].p_holm, std::min(1.0, 2 * p));
  EXPECT_LT(p, 0.05);
  ComparisonOptions best;
  best.baseline = Baseline::best;
  EXPECT_EQ(compare(runs, best).baseline, 1u);
}

TEST(Comparison, PoolsFolds) {
  const std::vector<RunRecord> runs{a_run("fold_0", a_report({{0, 0}, {0, 2}, {2, 2}}, "a")),
                                    a_run("fold_1", a_report({{1, 1}}, "b"))};
  const Comparison comparison = compare(runs);
  ASSERT_TRUE(comparison.folds);
  EXPECT_TRUE(comparison.tests.empty());
  ASSERT_EQ(comparison.pooled->cases.size(), 4u);
  const Evaluation together = summarize_report(a_report({{0, 0}, {0, 2}, {2, 2}, {1, 1}}));
  for (const char* measure : {"dice", "iou", "hd95", "nsd"}) {
    EXPECT_DOUBLE_EQ(comparison.pooled->foreground.at(measure).mean, together.foreground.at(measure).mean);
    EXPECT_DOUBLE_EQ(comparison.pooled->foreground.at(measure).sd, together.foreground.at(measure).sd);
  }
  // Both folds have the mean 0.75: (1 + 0.75 + 0.5) / 3 and 0.75.
  EXPECT_DOUBLE_EQ(comparison.fold_foreground.at("dice").mean, 0.75);
  EXPECT_NEAR(comparison.fold_foreground.at("dice").sd, 0, 1e-12);
  EXPECT_EQ(comparison.fold_foreground.at("dice").valid, 2);
  const double first = (1.0 + 1.0 + 0.5) / 3, second = 0.75;
  EXPECT_DOUBLE_EQ(comparison.fold_moments[0].at("dice").mean, (first + second) / 2);
  EXPECT_NEAR(comparison.fold_moments[0].at("dice").sd, std::abs(first - second) / std::sqrt(2.0), 1e-12);
}

TEST(Comparison, WritesItsFiles) {
  const tests::TemporaryFolder folder;
  std::vector<RunRecord> runs{a_run("first", a_report({{1, 1}, {0, 1}})), a_run("second", a_report({{0, 1}, {0, 0}}))};
  for (int step : {10, 20})
    runs[0].log.push_back({{"event", "validation"}, {"step", step}, {"mean_dice", 0.02 * step}});
  write_comparison(folder.path(), runs);
  const std::string page = tests::read_file(folder / "report.html");
  EXPECT_EQ(nesting_fault(page), "");
  EXPECT_THAT(page, Not(HasSubstr("http")));
  EXPECT_THAT(page, HasSubstr("Validation Dice while training"));
  EXPECT_THAT(tests::read_file(folder / "report.md"), HasSubstr("Wilcoxon"));
  const std::string csv = tests::read_file(folder / "comparison.csv");
  EXPECT_TRUE(csv.starts_with("run,structure,measure,mean,sd,ci95_low,ci95_high,n_valid,n_missed,common_cases,"));
  EXPECT_THAT(csv, HasSubstr("second,Posterior,dice,0.875,"));
}

TEST(Comparison, RefusesWhatCannotBeCompared) {
  std::vector<RunRecord> runs{a_run("a", a_report({{1, 1}})), a_run("b", a_report({{1, 1}}, "case_", "brats"))};
  EXPECT_THROW(compare(runs), core::UserError);
  runs[1] = a_run("b", a_report({{1, 1}}));
  runs[1].evaluation->tolerance_mm = 2;
  EXPECT_THROW(compare(runs), core::UserError);
  runs[1].evaluation.reset();
  EXPECT_THROW(compare(runs), core::UserError);
  EXPECT_THROW(compare({}), core::UserError);
  ComparisonOptions options;
  options.measure = "dise";
  EXPECT_THROW(compare({runs[0]}, options), core::UserError);
}

}  // namespace
