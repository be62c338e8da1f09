#include "framework/runtime/philox.h"

#include <gtest/gtest.h>

#include <vector>

namespace medvol::runtime {
namespace {

// Known answers of Random123 (kat_vectors: philox4x32, 10 rounds).
TEST(Philox, KnownAnswers) {
  using Block = std::array<uint32_t, 4>;
  EXPECT_EQ(Philox::block({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const uint32_t ones = 0xffffffff;
  EXPECT_EQ(Philox::block({ones, ones, ones, ones}, {ones, ones}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox::block({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, StreamsDifferByEveryPartOfTheirName) {
  const uint64_t first = Philox(1, 2, 3).next_u64();
  EXPECT_EQ(first, Philox(1, 2, 3).next_u64());
  EXPECT_NE(first, Philox(2, 2, 3).next_u64());
  EXPECT_NE(first, Philox(1, 3, 3).next_u64());
  EXPECT_NE(first, Philox(1, 2, 4).next_u64());
  EXPECT_NE(first, Philox(1, 2, 3 + (uint64_t(1) << 32)).next_u64());
}

TEST(Philox, MomentsOfItsDistributions) {
  Philox draws(7, purpose_statistics);
  constexpr int n = 200000;
  double sum = 0, square = 0, uniform = 0;
  std::vector<int> counts(5);
  for (int i = 0; i < n; ++i) {
    const double x = draws.normal();
    sum += x;
    square += x * x;
    uniform += draws.uniform();
    ++counts[draws.below(5)];
  }
  EXPECT_NEAR(sum / n, 0, 5 / std::sqrt(n));
  EXPECT_NEAR(square / n, 1, 5 * std::sqrt(2.0 / n));
  EXPECT_NEAR(uniform / n, 0.5, 5 * std::sqrt(1.0 / 12 / n));
  for (const int count : counts) EXPECT_NEAR(count, n / 5.0, 5 * std::sqrt(n * 0.16));
}

}  // namespace
}  // namespace medvol::runtime
