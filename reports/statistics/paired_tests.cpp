#include "reports/statistics/paired_tests.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "framework/core/error.h"
#include "reports/statistics/normal.h"

namespace medvol::reports {
namespace {

constexpr int64_t largest_exact = 25;

struct SignedRanks {
  double positive = 0, negative = 0;  ///< sums of the ranks of positive and of negative differences
  double tie_term = 0;                ///< sum of t³ - t over groups of t equal ranks
};

/// Ranks |differences| from 1 on; equal ones share the mean of their ranks.
SignedRanks rank_sums(std::vector<double> differences) {
  std::sort(differences.begin(), differences.end(), [](double a, double b) { return std::abs(a) < std::abs(b); });
  SignedRanks ranks;
  for (size_t begin = 0; begin < differences.size();) {
    size_t end = begin;
    while (end < differences.size() && std::abs(differences[end]) == std::abs(differences[begin])) ++end;
    const double rank = double(begin + end + 1) / 2;
    for (size_t i = begin; i < end; ++i) (differences[i] > 0 ? ranks.positive : ranks.negative) += rank;
    const double tied = double(end - begin);
    ranks.tie_term += tied * tied * tied - tied;
    begin = end;
  }
  return ranks;
}

/// P(W <= statistic) · 2 for n untied pairs: every one of the 2ⁿ sign patterns is equally likely.
double exact_p(int64_t n, double statistic) {
  const int64_t largest = n * (n + 1) / 2;
  std::vector<double> patterns(size_t(largest + 1), 0);  // sign patterns by rank sum; below 2²⁵, so exact
  patterns[0] = 1;
  for (int64_t rank = 1; rank <= n; ++rank)
    for (int64_t sum = largest; sum >= rank; --sum) patterns[size_t(sum)] += patterns[size_t(sum - rank)];
  const double tail = std::accumulate(patterns.begin(), patterns.begin() + int64_t(statistic) + 1, 0.0);
  return std::min(1.0, 2 * std::ldexp(tail, -int(n)));
}

double normal_p(int64_t n, double statistic, double tie_term) {
  const double count = double(n);
  const double mean = count * (count + 1) / 4;
  const double variance = (count * (count + 1) * (2 * count + 1) - tie_term / 2) / 24;
  const double distance = std::max(0.0, mean - statistic - 0.5);  // half a rank for continuity
  return variance > 0 ? std::min(1.0, 2 * normal_probability(-distance / std::sqrt(variance))) : 1.0;
}

}  // namespace

WilcoxonResult wilcoxon_signed_rank(const std::vector<double>& a, const std::vector<double>& b) {
  MEDVOL_CHECK(a.size() == b.size(), "paired samples of {} and {} values", a.size(), b.size());
  std::vector<double> differences;
  bool equal_pairs = false;
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = a[i] - b[i];
    if (difference == 0) equal_pairs = true;
    if (difference != 0 && !std::isnan(difference)) differences.push_back(difference);
  }
  WilcoxonResult result;
  result.n = int64_t(differences.size());
  if (result.n == 0) return result;
  const SignedRanks ranks = rank_sums(std::move(differences));
  result.statistic = std::min(ranks.positive, ranks.negative);
  result.exact = result.n <= largest_exact && ranks.tie_term == 0 && !equal_pairs;
  result.p = result.exact ? exact_p(result.n, result.statistic) : normal_p(result.n, result.statistic, ranks.tie_term);
  return result;
}

std::vector<double> holm_adjusted(const std::vector<double>& p_values) {
  std::vector<size_t> order;
  for (size_t i = 0; i < p_values.size(); ++i)
    if (!std::isnan(p_values[i])) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](size_t i, size_t j) { return p_values[i] < p_values[j]; });
  std::vector<double> adjusted = p_values;
  double largest = 0;
  for (size_t step = 0; step < order.size(); ++step) {
    largest = std::max(largest, std::min(1.0, double(order.size() - step) * p_values[order[step]]));
    adjusted[order[step]] = largest;
  }
  return adjusted;
}

}  // namespace medvol::reports
