#include <gtest/gtest.h>

#include <cmath>

#include "losses/metrics/statistic.h"
#include "reports/statistics/bootstrap.h"
#include "reports/statistics/normal.h"
#include "reports/statistics/paired_tests.h"

// Expected values: scipy 1.17.1, by golden_statistics.py beside this file.
namespace medvol::reports {
namespace {

const std::vector<double> few_a{0.878, 0.647, 0.598, 2.050, 1.060, 1.300, 1.060, 3.140, 1.290};
const std::vector<double> few_b{0.870, 0.617, 0.621, 1.880, 1.100, 1.240, 1.010, 3.050, 1.180};

std::vector<double> skewed_values() {
  std::vector<double> values;
  for (int i = 0; i < 25; ++i) values.push_back(std::exp(std::sin(1.3 * i) * 1.5));
  return values;
}

TEST(Wilcoxon, ExactForFewPairsWithoutTies) {
  const auto nine = wilcoxon_signed_rank(few_a, few_b);
  EXPECT_TRUE(nine.exact);
  EXPECT_EQ(nine.n, 9);
  EXPECT_EQ(nine.statistic, 6);
  EXPECT_DOUBLE_EQ(nine.p, 0.0546875);
  const auto eight = wilcoxon_signed_rank({few_a.begin(), few_a.end() - 1}, {few_b.begin(), few_b.end() - 1});
  EXPECT_DOUBLE_EQ(eight.p, 0.109375);
  EXPECT_DOUBLE_EQ(wilcoxon_signed_rank(few_b, few_a).p, nine.p);
  EXPECT_DOUBLE_EQ(wilcoxon_signed_rank({1, 2.1, 3.3, 4.6, 6}, {0, 0, 0, 0, 0}).p, 2.0 / 32);
}

TEST(Wilcoxon, NormalWithTiesAndWithManyPairs) {
  std::vector<double> a, b, c, d;
  for (int i = 0; i < 40; ++i) {
    a.push_back(std::round(100 * (0.8 + 0.1 * std::sin(i))));
    b.push_back(std::round(100 * (0.79 + 0.1 * std::sin(1.1 * i))));
  }
  for (int i = 0; i < 30; ++i) {
    c.push_back(i * 0.01);
    d.push_back(i * 0.01 + std::cos(1.7 * i) * 0.1 - 0.02);
  }
  const auto tied = wilcoxon_signed_rank(a, b);
  EXPECT_FALSE(tied.exact);
  EXPECT_EQ(tied.n, 39);
  EXPECT_EQ(tied.statistic, 334.5);
  EXPECT_NEAR(tied.p, 0.4424527724666665, 1e-12);
  const auto thirty = wilcoxon_signed_rank(c, d);
  EXPECT_EQ(thirty.statistic, 163);
  EXPECT_NEAR(thirty.p, 0.15583622304041933, 1e-12);
}

TEST(Wilcoxon, EqualAndUndefinedPairsAreLeftOut) {
  EXPECT_EQ(wilcoxon_signed_rank({1, 2}, {1, 2}).p, 1);
  const auto result = wilcoxon_signed_rank({1, NAN, 3, 4}, {1, 2, 2, 2});
  EXPECT_EQ(result.n, 2);
  EXPECT_FALSE(result.exact);
}

TEST(Holm, StepsDown) {
  const auto adjusted = holm_adjusted({0.01, 0.04, 0.03, NAN, 0.005});
  EXPECT_DOUBLE_EQ(adjusted[0], 0.03);
  EXPECT_DOUBLE_EQ(adjusted[1], 0.06);
  EXPECT_DOUBLE_EQ(adjusted[2], 0.06);
  EXPECT_TRUE(std::isnan(adjusted[3]));
  EXPECT_DOUBLE_EQ(adjusted[4], 0.02);
  EXPECT_DOUBLE_EQ(holm_adjusted({0.6, 0.7})[1], 1);
}

TEST(Bootstrap, IntervalsAgreeWithScipyWithinTheirSamplingError) {
  BootstrapOptions options;
  options.resamples = 100000;
  options.method = BootstrapOptions::Method::percentile;
  const auto percentile = bootstrap_mean(skewed_values(), options);
  EXPECT_NEAR(percentile.low, 1.0711063, 0.01);
  EXPECT_NEAR(percentile.high, 2.2156505, 0.01);
  options.method = BootstrapOptions::Method::bca;
  const auto bca = bootstrap_mean(skewed_values(), options);
  EXPECT_NEAR(bca.low, 1.1090069, 0.01);
  EXPECT_NEAR(bca.high, 2.2681081, 0.015);
  EXPECT_GT(bca.low, percentile.low + 0.02);
}

TEST(Bootstrap, DeterministicInItsSeed) {
  BootstrapOptions options;
  options.resamples = 500;
  const auto once = bootstrap_mean(skewed_values(), options), again = bootstrap_mean(skewed_values(), options);
  EXPECT_EQ(once.low, again.low);
  EXPECT_EQ(once.high, again.high);
  options.seed = 1;
  EXPECT_NE(bootstrap_mean(skewed_values(), options).low, once.low);
}

TEST(Bootstrap, DegenerateSamples) {
  EXPECT_TRUE(std::isnan(bootstrap_mean({NAN}).low));
  EXPECT_EQ(bootstrap_mean({0.7}).high, 0.7);
  EXPECT_EQ(bootstrap_mean({0.7, NAN, 0.7}).low, 0.7);
}

TEST(Normal, QuantileAndProbabilityAreInverse) {
  EXPECT_NEAR(normal_quantile(0.025), -1.9599639845400545, 1e-12);
  EXPECT_NEAR(normal_quantile(0.9), 1.2815515655446004, 1e-12);
  EXPECT_NEAR(normal_quantile(1e-10), -6.361340902404056, 1e-9);
  for (const double p : {0.001, 0.3, 0.5, 0.99}) EXPECT_NEAR(normal_probability(normal_quantile(p)), p, 1e-14);
}

TEST(Description, MatchesNumpy) {
  const auto statistic = metrics::describe(skewed_values());
  EXPECT_NEAR(statistic.mean, 1.6195649595791246, 1e-13);
  EXPECT_NEAR(statistic.sd, 1.4952998319686395, 1e-13);
  EXPECT_NEAR(statistic.median, 1.0, 1e-13);
  EXPECT_NEAR(statistic.interquartile_range(), 2.48012709 - 0.35641866, 1e-7);
}

}  // namespace
}  // namespace medvol::reports
