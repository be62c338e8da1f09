#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/storage/csv.h"
#include "reports/collect/evaluation.h"
#include "reports/collect/python_json.h"
#include "reports/collect/run_record.h"
#include "tests/support/support.h"

namespace {

using namespace medvol;
using namespace medvol::reports;
using testing::ElementsAre;
using testing::HasSubstr;

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const core::UserError& error) {
    return error.what();
  }
  return "";
}

TEST(PythonJson, IsWhatPythonWrites) {
  const nlohmann::json value{
      {"b", {1, 2.0, not_a_number}}, {"a", {{"x", -INFINITY}, {"y", 0.1}}}, {"c", nlohmann::json::array()}};
  // json.dumps(…, indent=4, sort_keys=True) of CPython 3.11
  EXPECT_EQ(
      python_json(value),
      "{\n    \"a\": {\n        \"x\": -Infinity,\n        \"y\": 0.1\n    },\n    \"b\": [\n        1,\n        2.0,\n"
      "        NaN\n    ],\n    \"c\": []\n}\n");
}

TEST(PythonJson, ReadsBareWordsOutsideStringsOnly) {
  const nlohmann::json value =
      parse_python_json(R"({"NaN": [NaN, -Infinity, Infinity, -1.5], "s": "NaN \" Infinity"})", "f");
  EXPECT_TRUE(std::isnan(value["NaN"][0].get<double>()));
  EXPECT_EQ(value["NaN"][1].get<double>(), -INFINITY);
  EXPECT_EQ(value["NaN"][2].get<double>(), INFINITY);
  EXPECT_EQ(value["NaN"][3].get<double>(), -1.5);
  EXPECT_EQ(value["s"], "NaN \" Infinity");
  EXPECT_EQ(parse_python_json(python_json(0.1 + 0.2), "f").get<double>(), 0.1 + 0.2);
}

TEST(PythonJson, ATornFileIsNamed) {
  const std::string message = error_of([] { parse_python_json("{\"a\": [1, 2", "out/summary.json"); });
  EXPECT_THAT(message, HasSubstr("out/summary.json"));
  EXPECT_THAT(message, HasSubstr("line 1"));
}

Evaluation an_evaluation() {
  Evaluation evaluation;
  evaluation.title = "Test";
  evaluation.identity = {{"seed", "1"}, {"commit", "abc"}};
  evaluation.policy = {"nnunet", "Policy nnunet: in words"};
  evaluation.tolerance_mm = 1.5;
  evaluation.structures = {{"liver", {1}}, {"tumour, all", {2, 3}}};
  for (const double dice : {0.5, 0.75}) {
    StructureMeasures liver{{{"dice", dice},
                             {"iou", dice / 3},
                             {"hd95", 2.5},
                             {"TP", 10},
                             {"FP", 2},
                             {"FN", 3},
                             {"TN", 85},
                             {"n_pred", 12},
                             {"n_ref", 13}},
                            "found"};
    StructureMeasures tumour{{{"dice", not_a_number},
                              {"iou", not_a_number},
                              {"hd95", not_a_number},
                              {"TP", 0},
                              {"FP", 0},
                              {"FN", 0},
                              {"TN", 100},
                              {"n_pred", 0},
                              {"n_ref", 0}},
                             "absent"};
    evaluation.cases.push_back({dice == 0.5 ? "a" : "b", "ref/a.nii.gz", "pred/a.nii.gz", {liver, tumour}});
  }
  MomentsByName liver{{"dice", {0.625, 0.17677669529663687, 0.5, 0.75, 2, 0}},
                      {"iou", {0.2, 0.1, 0.1, 0.3, 2, 0}},
                      {"hd95", {2.5, 0, 2.5, 2.5, 2, 0}}};
  MomentsByName tumour{{"dice", {}}, {"iou", {}}, {"hd95", {}}};
  evaluation.moments = {liver, tumour};
  evaluation.foreground = liver;
  evaluation.foreground["dice"].mean = not_a_number;
  return evaluation;
}

TEST(Summary, HasNnunetsLayout) {
  const nlohmann::json json = summary_json(an_evaluation());
  EXPECT_TRUE(std::isnan(json["foreground_mean"]["Dice"].get<double>()));
  EXPECT_EQ(json["mean"]["1"]["Dice"], 0.625);
  EXPECT_EQ(json["mean"]["1"]["TP"], 10.0);
  EXPECT_EQ(json["foreground_mean"]["TP"], 5.0);
  EXPECT_TRUE(std::isnan(json["mean"]["(2, 3)"]["IoU"].get<double>()));
  EXPECT_EQ(json["metric_per_case"][1]["metrics"]["1"]["n_ref"], 13);
  EXPECT_EQ(json["metric_per_case"][1]["metrics"]["1"]["hd95"], 2.5);
  EXPECT_EQ(json["metric_per_case"][0]["prediction_file"], "pred/a.nii.gz");
  EXPECT_EQ(json["metric_per_case"][0]["reference_file"], "ref/a.nii.gz");
  EXPECT_EQ(json["medvol"]["policy"]["name"], "nnunet");
  // nnU-Net's readers expect "foreground_mean" first.
  EXPECT_TRUE(python_json(json).starts_with("{\n    \"foreground_mean\""));
}

void expect_same(const Moments& a, const Moments& b) {
  const auto same = [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); };
  EXPECT_TRUE(same(a.mean, b.mean) && same(a.sd, b.sd) && same(a.low, b.low) && same(a.high, b.high));
  EXPECT_EQ(a.valid, b.valid);
  EXPECT_EQ(a.missed, b.missed);
}

TEST(Summary, IsReadBackWhole) {
  const tests::TemporaryFolder folder;
  const Evaluation written = an_evaluation();
  tests::write_file(folder / "summary.json", python_json(summary_json(written)));
  const Evaluation read = read_evaluation(folder.path());
  EXPECT_EQ(read.title, written.title);
  EXPECT_EQ(read.identity, written.identity);
  EXPECT_EQ(read.policy.description, written.policy.description);
  EXPECT_EQ(read.tolerance_mm, 1.5);
  EXPECT_EQ(read.structures, written.structures);
  ASSERT_EQ(read.cases.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(read.cases[i].id, written.cases[i].id);
    for (size_t k = 0; k < 2; ++k) {
      EXPECT_EQ(read.cases[i].structures[k].outcome, written.cases[i].structures[k].outcome);
      for (const auto& [name, value] : written.cases[i].structures[k].values) {
        const double back = read.cases[i].structures[k].value(name);
        EXPECT_TRUE(back == value || (std::isnan(back) && std::isnan(value))) << name;
      }
    }
  }
  for (const char* name : {"dice", "iou", "hd95"}) {
    for (size_t k = 0; k < 2; ++k) expect_same(read.moments[k].at(name), written.moments[k].at(name));
    expect_same(read.foreground.at(name), written.foreground.at(name));
  }
}

TEST(Summary, OfNnunetItselfIsRead) {
  const tests::TemporaryFolder folder;
  tests::write_file(folder / "summary.json", R"({
    "foreground_mean": {"Dice": 0.4, "FN": 1.0, "IoU": 0.3, "TP": 5.0},
    "mean": {"1": {"Dice": 0.4, "IoU": 0.3, "TP": 5.0}},
    "metric_per_case": [
      {"metrics": {"1": {"Dice": 0.8, "FN": 1, "FP": 0, "IoU": 0.6, "TN": 5, "TP": 2, "n_pred": 2, "n_ref": 3}},
       "prediction_file": "/p/hippocampus_001.nii.gz", "reference_file": "/r/hippocampus_001.nii.gz"},
      {"metrics": {"1": {"Dice": 0.0, "FN": 3, "FP": 0, "IoU": 0.0, "TN": 5, "TP": 0, "n_pred": 0, "n_ref": 3}},
       "prediction_file": "/p/hippocampus_002.nii.gz", "reference_file": "/r/hippocampus_002.nii.gz"},
      {"metrics": {"1": {"Dice": NaN, "FN": 0, "FP": 0, "IoU": NaN, "TN": 8, "TP": 0, "n_pred": 0, "n_ref": 0}},
       "prediction_file": "/p/c.nii.gz", "reference_file": "/r/c.nii.gz"}]})");
  const Evaluation read = read_evaluation(folder / "summary.json");
  EXPECT_EQ(read.policy.name, "nnunet");
  EXPECT_EQ(read.cases[0].id, "hippocampus_001");
  EXPECT_EQ(read.cases[1].structures[0].outcome, "missed");
  EXPECT_EQ(read.cases[2].structures[0].outcome, "absent");
  EXPECT_EQ(read.foreground.at("dice").mean, 0.4);
  EXPECT_EQ(read.foreground.at("dice").valid, 2);
  EXPECT_EQ(read.foreground.at("dice").missed, 1);
}

TEST(Summary, FaultsAreNamed) {
  const tests::TemporaryFolder folder;
  EXPECT_THAT(error_of([&] { read_evaluation(folder.path()); }), HasSubstr("summary.json"));
  const std::string whole = python_json(summary_json(an_evaluation()));
  tests::write_file(folder / "summary.json", whole.substr(0, whole.size() / 2));
  EXPECT_THAT(error_of([&] { read_evaluation(folder.path()); }), HasSubstr("torn"));
  nlohmann::json other = summary_json(an_evaluation());
  other["metric_per_case"][1]["metrics"].erase("1");
  tests::write_file(folder / "summary.json", python_json(other));
  const std::string message = error_of([&] { read_evaluation(folder.path()); });
  EXPECT_THAT(message, HasSubstr("case b"));
  EXPECT_THAT(message, HasSubstr("'1'"));
  other = summary_json(an_evaluation());
  other["metric_per_case"][0]["prediction_file"] = 7;
  tests::write_file(folder / "summary.json", python_json(other));
  EXPECT_THAT(error_of([&] { read_evaluation(folder.path()); }), HasSubstr("wrong type"));
  tests::write_file(folder / "summary.json", "[1, 2]");
  EXPECT_NE(error_of([&] { read_evaluation(folder.path()); }), "");
}

TEST(CasesFile, RoundTripsInFullPrecision) {
  const tests::TemporaryFolder folder;
  Evaluation evaluation = an_evaluation();
  evaluation.cases[0].structures[0].values["dice"] = 0.1 + 0.2;
  const CasesRows rows = cases_rows(evaluation);
  EXPECT_THAT(rows.header, ElementsAre("case", "structure", "labels", "outcome", "dice", "iou", "hd95", "TP", "FP",
                                       "FN", "TN", "n_pred", "n_ref"));
  EXPECT_THAT(rows.rows[1],
              ElementsAre("a", "tumour, all", "2 3", "absent", "nan", "nan", "nan", "0", "0", "0", "100", "0", "0"));
  storage::write_csv(folder / "cases.csv", rows.header, rows.rows);
  const CasesFile file = read_cases_csv(folder / "cases.csv");
  EXPECT_EQ(file.structures, evaluation.structures);
  ASSERT_EQ(file.cases.size(), 2u);
  EXPECT_EQ(file.cases[0].structures[0].value("dice"), 0.1 + 0.2);
  EXPECT_EQ(file.cases[1].structures[1].outcome, "absent");
}

TEST(CasesFile, FaultsAreNamed) {
  const tests::TemporaryFolder folder;
  const auto path = folder / "cases.csv";
  tests::write_file(path, "id,dice\na,1\n");
  EXPECT_THAT(error_of([&] { read_cases_csv(path); }), HasSubstr("columns"));
  tests::write_file(path, "case,structure,labels,outcome,dice\na,x,1,found,0.5\na,y,2,found,0.5\nb,x,1,found,0.5\n");
  EXPECT_THAT(error_of([&] { read_cases_csv(path); }), HasSubstr("'b'"));
  tests::write_file(path, "case,structure,labels,outcome,dice\na,x,1,found,0.5x\n");
  EXPECT_THAT(error_of([&] { read_cases_csv(path); }), HasSubstr("row 2, column dice"));
}

TEST(RunRecord, ReadsARunAndABareEvaluation) {
  const tests::TemporaryFolder folder;
  for (const char* parent : {"x", "y"}) {
    const auto run = folder / parent / "fold_0";
    std::filesystem::create_directories(run / "evaluation");
    tests::write_file(run / "config.yaml", "seed: 1\n");
    tests::write_file(run / "log.jsonl", "{\"event\":\"step\",\"step\":1,\"loss\":0.5}\n");
    tests::write_file(run / "evaluation" / "summary.json", python_json(summary_json(an_evaluation())));
  }
  const auto runs = read_runs({folder / "x" / "fold_0", folder / "y" / "fold_0"});
  EXPECT_EQ(runs[0].name, "x/fold_0");
  EXPECT_EQ(runs[1].name, "y/fold_0");
  EXPECT_EQ(runs[0].config_text, "seed: 1\n");
  ASSERT_EQ(runs[0].log.size(), 1u);
  EXPECT_TRUE(runs[0].evaluation.has_value());
  const RunRecord bare = read_run(folder / "x" / "fold_0" / "evaluation");
  EXPECT_EQ(bare.name, "evaluation");
  EXPECT_EQ(bare.identity, an_evaluation().identity);
  EXPECT_THAT(error_of([&] { read_run(folder.path()); }), HasSubstr("neither"));
  EXPECT_THAT(error_of([&] { read_run(folder / "none"); }), HasSubstr("none"));
  EXPECT_THAT(error_of([&] {
                read_runs({folder / "x" / "fold_0", folder / "x" / "." / "fold_0"});
              }),
              HasSubstr("twice"));
}

}  // namespace
