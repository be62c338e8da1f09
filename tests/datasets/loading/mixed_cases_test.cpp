#include "datasets/loading/mixed_cases.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "datasets/loading/training_source.h"
#include "framework/core/error.h"

namespace medvol::datasets {
namespace {

/// Cases in memory: case c is first + c everywhere.
class ConstantCases : public TrainingCases {
 public:
  ConstantCases(int64_t count, double first, int64_t channels = 1) : channels_(channels) {
    for (int64_t c = 0; c < count; ++c) {
      images_.push_back(at::full({channels, 6, 6, 6}, first + double(c), at::kFloat));
      TrainingCase view;
      view.image = images_.back().const_data_ptr<float>();
      view.labels = labels_.const_data_ptr<uint8_t>();
      view.channels = channels;
      view.size = {6, 6, 6};
      views_.push_back(view);
    }
  }
  int64_t count() const override { return int64_t(views_.size()); }
  int64_t channels() const override { return channels_; }
  const TrainingCase& open(int64_t index) const override { return views_[size_t(index)]; }

 private:
  int64_t channels_;
  at::Tensor labels_ = at::zeros({6, 6, 6}, at::kByte);
  std::vector<at::Tensor> images_;
  std::vector<TrainingCase> views_;
};

std::unique_ptr<TrainingCases> cases(int64_t count, double first, int64_t channels = 1) {
  return std::make_unique<ConstantCases>(count, first, channels);
}
std::unique_ptr<TrainingCases> mixed(double fraction) { return mixed_cases(cases(4, 0), cases(10, 100), fraction); }

TrainingSource source(std::unique_ptr<TrainingCases> from, int64_t threads) {
  AugmentationOptions off;
  off.enabled = false;
  return {std::move(from), Augmenter(off, {4, 4, 4}), 3, LoadingOptions{threads, 3, 0.33}, 7};
}

/// Draws of `from`, by case.
std::vector<int64_t> counts(const TrainingCases& from, int64_t draws) {
  std::vector<int64_t> result(size_t(from.count()), 0);
  for (int64_t i = 0; i < draws; ++i) {
    runtime::Philox random(5, runtime::purpose_sampling, uint64_t(i));
    ++result[size_t(from.draw(random))];
  }
  return result;
}

TEST(MixedCases, BothSetsAreCountedAndOpenedInOrder) {
  const auto both = mixed(0.5);
  EXPECT_EQ(both->count(), 14);
  EXPECT_EQ(*std::get<const float*>(both->open(3).image), 3);
  EXPECT_EQ(*std::get<const float*>(both->open(4).image), 100);
  EXPECT_EQ(*std::get<const float*>(both->open(13).image), 109);
}

// 20 000 draws: the share's standard deviation is at most 0.0036, each bound below is more than five of its own.
TEST(MixedCases, AddedCasesComeAsOftenAsToldAndEachAlike) {
  constexpr int64_t draws = 20000;
  for (const double fraction : {0.25, 0.7}) {
    const std::vector<int64_t> found = counts(*mixed(fraction), draws);
    for (size_t c = 0; c < found.size(); ++c) {
      const double expected = c < 4 ? (1 - fraction) / 4 : fraction / 10;
      EXPECT_NEAR(double(found[c]) / double(draws), expected, 5.5 * std::sqrt(expected / double(draws))) << c;
    }
  }
}

TEST(MixedCases, FractionOneTakesTheAddedOnesOnly) {
  const std::vector<int64_t> found = counts(*mixed(1), 500);
  for (size_t c = 0; c < 4; ++c) EXPECT_EQ(found[c], 0);
}

TEST(MixedCases, FractionZeroGivesTheRealSetsBatchesBitForBit) {
  TrainingSource alone = source(cases(4, 0), 0), with = source(mixed(0), 2);
  for (int i = 0; i < 20; ++i) {
    const Batch a = alone.next(), b = with.next();
    EXPECT_TRUE(at::equal(a.images, b.images)) << i;
    EXPECT_TRUE(at::equal(a.labels, b.labels)) << i;
  }
}

TEST(MixedCases, BatchesDependOnSeedAndIndexAlone) {
  TrainingSource plain = source(mixed(0.4), 0), threaded = source(mixed(0.4), 3), later = source(mixed(0.4), 1);
  later.load(10);
  bool real = false, added = false;
  for (int i = 0; i < 20; ++i) {
    const at::Tensor images = plain.next().images;
    EXPECT_TRUE(at::equal(images, threaded.next().images)) << i;
    if (i >= 10) {
      EXPECT_TRUE(at::equal(images, later.next().images)) << i;
    }
    real = real || images.max().item<float>() < 10 || images[0].max().item<float>() < 10;
    added = added || images.max().item<float>() >= 100;
  }
  EXPECT_TRUE(real);
  EXPECT_TRUE(added);
}

TEST(MixedCases, RefusesWhatCannotBeMixed) {
  EXPECT_THROW(mixed_cases(cases(4, 0), cases(0, 0), 0.5), core::UserError);
  EXPECT_THROW(mixed_cases(cases(0, 0), cases(4, 0), 0.5), core::UserError);
  EXPECT_THROW(mixed_cases(cases(4, 0, 1), cases(4, 0, 2), 0.5), core::UserError);
  EXPECT_NO_THROW(mixed_cases(cases(4, 0), cases(0, 0), 0));
  EXPECT_NO_THROW(mixed_cases(cases(0, 0), cases(4, 0), 1));
}

}  // namespace
}  // namespace medvol::datasets
