#include "losses/metrics/evaluate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/error.h"
#include "tests/losses/metrics/shapes.h"

namespace medvol::metrics {
namespace {

const std::array<int64_t, 3> size{6, 8, 10};
const std::array<double, 3> spacing{2.0, 1.0, 0.5};
const double diagonal = std::sqrt(12.0 * 12 + 8 * 8 + 5 * 5);
const std::vector<const char*> distances{"hd", "hd95", "assd"};

at::Tensor with_box(std::array<int64_t, 3> begin, std::array<int64_t, 3> extent, int label = 1) {
  auto map = tests::empty_map(size);
  tests::paint(map, begin, extent, label);
  return map;
}

StructureResult measure(const at::Tensor& reference, const at::Tensor& prediction, const std::string& policy,
                        EvaluationOptions options = {}) {
  const std::vector<int64_t> classes{1};
  return evaluate_case(reference, prediction, tests::grid(size, spacing), classes, policy_by_name(policy), options)
      .structures.front();
}

TEST(Counts, OverlappingBoxesInClosedForm) {
  const auto reference = with_box({1, 1, 1}, {2, 4, 4}), prediction = with_box({1, 1, 3}, {2, 4, 5});
  const auto result = measure(reference, prediction, "nnunet");
  EXPECT_EQ(result.counts, (Counts{16, 24, 16, 480 - 56}));
  EXPECT_EQ(result.outcome, Outcome::found);
  EXPECT_DOUBLE_EQ(result.values.at("dice"), 32.0 / 72);
  EXPECT_DOUBLE_EQ(result.values.at("iou"), 16.0 / 56);
  EXPECT_DOUBLE_EQ(result.values.at("accuracy"), 440.0 / 480);
  EXPECT_DOUBLE_EQ(result.values.at("precision"), 16.0 / 40);
  EXPECT_DOUBLE_EQ(result.values.at("recall"), 0.5);
  EXPECT_DOUBLE_EQ(result.values.at("specificity"), 424.0 / 448);
  EXPECT_DOUBLE_EQ(result.values.at("volume_difference_ml"), 8 * 1.0 / 1000);
  EXPECT_DOUBLE_EQ(result.values.at("volume_difference_relative"), 0.25);
  EXPECT_DOUBLE_EQ(result.values.at("hd"), 3 * 0.5);
  ASSERT_EQ(result.values.size(), metric_infos().size());
  for (const auto& info : metric_infos()) EXPECT_TRUE(result.values.contains(info.name)) << info.name;
}

TEST(Counts, EveryIntegerTypeAndStrideCountsAlike) {
  const auto reference = with_box({0, 0, 0}, {3, 3, 3}, 2), prediction = with_box({1, 1, 1}, {3, 3, 3}, 2);
  const auto expected = count_structures(reference, prediction, structures_of({2})).front();
  for (const auto type : {at::kByte, at::kShort, at::kLong}) {
    const auto counted = count_structures(reference.to(type), prediction, structures_of({2})).front();
    EXPECT_EQ(counted.counts, expected.counts);
  }
  const auto turned =
      count_structures(reference.transpose(0, 2), prediction.transpose(0, 2), structures_of({2})).front();
  EXPECT_EQ(turned.counts, expected.counts);
  EXPECT_EQ(expected.box.begin, (std::array<int64_t, 3>{0, 0, 0}));
  EXPECT_EQ(expected.box.size, (std::array<int64_t, 3>{4, 4, 4}));
}

TEST(Counts, RegionsAreUnionsOfLabels) {
  auto reference = with_box({0, 0, 0}, {2, 2, 2}, 1), prediction = with_box({0, 0, 0}, {2, 2, 2}, 3);
  tests::paint(reference, {3, 3, 3}, {1, 1, 1}, 3);
  const std::vector<Structure> structures{{"whole", {1, 3}}, {"one", {1}}, {"gone", {-7}}};
  const auto counted = count_structures(reference, prediction, structures);
  EXPECT_EQ(counted[0].counts, (Counts{8, 0, 1, 480 - 9}));
  EXPECT_EQ(counted[1].counts, (Counts{0, 0, 8, 480 - 8}));
  EXPECT_EQ(counted[2].counts, (Counts{0, 0, 0, 480}));
  EXPECT_TRUE(counted[2].box.empty());
}

TEST(Counts, FaultsAreNamed) {
  const auto map = tests::empty_map(size);
  const auto other = tests::empty_map({6, 8, 9});
  EXPECT_THROW(count_structures(map, other, structures_of({1})), core::UserError);
  EXPECT_THROW(count_structures(map.to(at::kFloat), map, structures_of({1})), core::UserError);
  EXPECT_THROW(count_structures(map, map, structures_of({1}), 1), core::UserError);
  EXPECT_THROW(measure(other, other, "nnunet"), core::UserError);
  try {
    count_structures(map, with_box({0, 0, 0}, {1, 1, 2}, 9), structures_of({1}), 9, "case_17");
    FAIL() << "a prediction may not hold the ignore label";
  } catch (const core::UserError& error) {
    EXPECT_NE(std::string(error.what()).find("ignore label 9 in 2 voxels"), std::string::npos) << error.what();
    EXPECT_EQ(error.where(), "case_17");
  }
}

TEST(Policies, BothMasksEmpty) {
  const auto none = tests::empty_map(size);
  for (const char* policy : {"nnunet", "monai"}) {
    const auto result = measure(none, none, policy);
    EXPECT_EQ(result.outcome, Outcome::absent);
    for (const char* metric : {"dice", "iou", "precision", "recall", "hd", "hd95", "assd", "nsd"})
      EXPECT_TRUE(std::isnan(result.values.at(metric))) << policy << ' ' << metric;
    EXPECT_EQ(result.values.at("accuracy"), 1);
  }
  const auto brats = measure(none, none, "brats");
  for (const char* metric : {"dice", "iou", "precision", "recall", "nsd"})
    EXPECT_EQ(brats.values.at(metric), 1) << metric;
  for (const char* metric : distances) EXPECT_EQ(brats.values.at(metric), 0) << metric;
}

TEST(Policies, MissedStructure) {
  const auto box = with_box({1, 1, 1}, {2, 2, 2}), none = tests::empty_map(size);
  const std::map<std::string, double> penalties{{"nnunet", diagonal}, {"monai", diagonal}, {"brats", 373.13}};
  for (const auto& [policy, penalty] : penalties) {
    const auto result = measure(box, none, policy);
    EXPECT_TRUE(result.missed());
    for (const char* metric : {"dice", "iou", "precision", "recall", "nsd"})
      EXPECT_EQ(result.values.at(metric), 0) << policy << ' ' << metric;
    for (const char* metric : distances) EXPECT_DOUBLE_EQ(result.values.at(metric), penalty) << policy << ' ' << metric;
  }
  const auto strict = measure(box, none, "monai_strict");
  EXPECT_EQ(strict.values.at("dice"), 0);
  for (const char* metric : distances) EXPECT_TRUE(std::isnan(strict.values.at(metric)));
}

TEST(Policies, FalseAlarm) {
  const auto box = with_box({1, 1, 1}, {2, 2, 2}), none = tests::empty_map(size);
  EXPECT_EQ(measure(none, box, "nnunet").values.at("dice"), 0);
  EXPECT_TRUE(std::isnan(measure(none, box, "monai").values.at("dice")));
  EXPECT_EQ(measure(none, box, "brats").values.at("dice"), 0);
  EXPECT_EQ(measure(none, box, "brats").values.at("recall"), 0);
  EXPECT_DOUBLE_EQ(measure(none, box, "nnunet").values.at("hd95"), diagonal);
  EXPECT_DOUBLE_EQ(measure(none, box, "brats").values.at("hd95"), 373.13);
  for (const auto& policy : policy_names()) {
    EXPECT_EQ(measure(none, box, policy).outcome, Outcome::false_alarm);
    EXPECT_EQ(measure(none, box, policy).values.at("nsd"), 0);
  }
}

TEST(Policies, NamesAndDescriptions) {
  for (const auto& name : policy_names()) {
    const auto policy = policy_by_name(name);
    EXPECT_EQ(policy.name, name);
    EXPECT_NE(policy.description.find("Policy " + name), std::string::npos);
    EXPECT_FALSE(surface_description(policy.surface).empty());
  }
  EXPECT_EQ(policy_by_name("nnunet").surface, SurfaceDefinition::surfels);
  EXPECT_EQ(policy_by_name("monai").surface, SurfaceDefinition::monai);
  try {
    policy_by_name("nnunnet");
    FAIL() << "an unknown policy must be refused";
  } catch (const core::UserError& error) {
    EXPECT_NE(error.hint().find("'nnunet'"), std::string::npos) << error.hint();
  }
}

TEST(IgnoreLabel, VoxelsCountNowhere) {
  auto reference = with_box({1, 1, 1}, {2, 4, 4});
  const auto prediction = with_box({1, 1, 1}, {2, 4, 6});
  tests::paint(reference, {0, 0, 5}, {6, 8, 5}, 255);  // all that the prediction has too much is ignored
  EvaluationOptions options;
  options.ignore_label = 255;
  const auto result = measure(reference, prediction, "nnunet", options);
  EXPECT_EQ(result.counts, (Counts{32, 0, 0, 240 - 32}));
  EXPECT_EQ(result.values.at("dice"), 1);
  EXPECT_EQ(result.values.at("hd"), 0);
  EXPECT_EQ(result.values.at("nsd"), 1);
}

TEST(Summary, AMissNeverImprovesAMean) {
  const auto box = with_box({1, 1, 1}, {3, 3, 3}), none = tests::empty_map(size);
  const auto poor = with_box({5, 7, 9}, {1, 1, 1});  // nowhere near
  for (const char* name : {"nnunet", "monai", "brats"}) {
    const auto policy = policy_by_name(name);
    const auto one = [&](const at::Tensor& prediction) {
      return evaluate_case(box, prediction, tests::grid(size, spacing), std::vector<int64_t>{1}, policy);
    };
    const auto hit = summarize({one(box), one(poor)}, policy), miss = summarize({one(box), one(none)}, policy);
    EXPECT_EQ(miss.structures[0].n_missed, 1);
    for (const auto& info : metric_infos()) {
      const double with_poor = hit.foreground.metrics.at(info.name).mean;
      const double with_miss = miss.foreground.metrics.at(info.name).mean;
      // Counting background right is no merit of a miss: accuracy and specificity see one false positive less.
      if (info.name == "accuracy" || info.name == "specificity") continue;
      EXPECT_EQ(miss.foreground.metrics.at(info.name).count, 2) << name << ' ' << info.name;
      if (info.higher_is_better)
        EXPECT_LE(with_miss, with_poor) << name << ' ' << info.name;
      else
        EXPECT_GE(with_miss, with_poor) << name << ' ' << info.name;
    }
  }
}

CaseResult scored(std::vector<double> dice_of_classes) {
  CaseResult result{"case", {}};
  for (size_t i = 0; i < dice_of_classes.size(); ++i)
    result.structures.push_back({std::to_string(i + 1), {}, Outcome::found, {{"dice", dice_of_classes[i]}}});
  return result;
}

TEST(Summary, OrderOfMeansFollowsThePolicy) {
  const double undefined = std::numeric_limits<double>::quiet_NaN();
  const std::vector<CaseResult> cases{scored({0.9, undefined}), scored({0.7, 0.2}), scored({0.5, 0.4})};
  const auto nnunet = summarize(cases, policy_by_name("nnunet")), monai = summarize(cases, policy_by_name("monai"));
  EXPECT_NEAR(nnunet.foreground.metrics.at("dice").mean, (0.7 + 0.3) / 2, 1e-15);
  EXPECT_NEAR(monai.foreground.metrics.at("dice").mean, (0.9 + 0.45 + 0.45) / 3, 1e-15);
  const auto& second = nnunet.structures[1].metrics.at("dice");
  EXPECT_EQ(second.count, 2);
  EXPECT_NEAR(second.sd, std::sqrt(0.02), 1e-15);
  EXPECT_NEAR(second.median, 0.3, 1e-15);
  EXPECT_NEAR(nnunet.foreground.metrics.at("dice").median, 0.45, 1e-15);

  const std::vector<CaseResult> never{scored({0.9, undefined}), scored({0.7, undefined})};
  EXPECT_TRUE(std::isnan(summarize(never, policy_by_name("nnunet")).foreground.metrics.at("dice").mean));
  EXPECT_NEAR(summarize(never, policy_by_name("monai")).foreground.metrics.at("dice").mean, 0.8, 1e-15);
}

TEST(Summary, NoCasesAndForeignCases) {
  EXPECT_TRUE(summarize({}, policy_by_name("nnunet")).structures.empty());
  EXPECT_THROW(summarize({scored({1}), scored({1, 1})}, policy_by_name("nnunet")), core::InternalError);
}

TEST(Statistic, LeavesOutUndefinedValues) {
  const auto statistic = describe({3, NAN, 1, 2, 10});
  EXPECT_EQ(statistic.count, 4);
  EXPECT_DOUBLE_EQ(statistic.mean, 4);
  EXPECT_DOUBLE_EQ(statistic.sd, std::sqrt(50.0 / 3));
  EXPECT_DOUBLE_EQ(statistic.median, 2.5);
  EXPECT_DOUBLE_EQ(statistic.lower_quartile, 1.75);
  EXPECT_DOUBLE_EQ(statistic.upper_quartile, 4.75);
  EXPECT_TRUE(std::isnan(describe({5}).sd));
  EXPECT_TRUE(std::isnan(describe({}).mean));
}

}  // namespace
}  // namespace medvol::metrics
