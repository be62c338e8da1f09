#include "datasets/augmentation/elastic.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "datasets/augmentation/augmenter.h"

namespace medvol::datasets {
namespace {

struct Source {
  at::Tensor image, labels;
  explicit Source(const Index3& size) {
    at::manual_seed(9);
    image = at::randn({1, size[0], size[1], size[2]});
    labels = at::randint(0, 3, {size[0], size[1], size[2]}).mul(100).to(at::kByte).contiguous();
  }
  SourcePatch patch() const {
    const Index3 size{labels.size(0), labels.size(1), labels.size(2)};
    return {image.const_data_ptr<float>(), labels.const_data_ptr<uint8_t>(), 1, size, {0, 0, 0}, size};
  }
};

struct Bent {
  at::Tensor image, labels;
  Bent(const Source& source, const Index3& size, const AugmentationDraws& draws)
      : image(at::empty({size[0], size[1], size[2]})), labels(at::empty(image.sizes(), at::kByte)) {
    gather_elastic(source.patch(), size, draws, image.mutable_data_ptr<float>(), labels.mutable_data_ptr<uint8_t>());
  }
};

/// Every control point shifted alike.
AugmentationDraws shifted(double z, double y, double x) {
  AugmentationDraws draws;
  draws.elastic.points = {5, 6, 7};
  for (const double shift : {z, y, x}) draws.elastic.shifts.insert(draws.elastic.shifts.end(), 5 * 6 * 7, float(shift));
  return draws;
}

TEST(Elastic, SplineWeightsAddUpToOneAndAreThoseOfACubic) {
  const std::vector<float> weights = spline_weights(9, 7);  // four pieces of two voxels
  for (int64_t voxel = 0; voxel < 9; ++voxel) {
    double sum = 0;
    for (int64_t point = 0; point < 7; ++point) sum += double(weights[size_t(voxel * 7 + point)]);
    EXPECT_NEAR(sum, 1, 1e-6);
  }
  EXPECT_NEAR(weights[0], 1.0 / 6, 1e-6);  // on a knot: 1/6, 4/6, 1/6
  EXPECT_NEAR(weights[1], 4.0 / 6, 1e-6);
  EXPECT_NEAR(weights[1 * 7 + 0], 1.0 / 48, 1e-6);  // between two: 1/48, 23/48, 23/48, 1/48
  EXPECT_NEAR(weights[1 * 7 + 2], 23.0 / 48, 1e-6);
  EXPECT_NEAR(weights[8 * 7 + 6], 1.0 / 6, 1e-6);
}

TEST(Elastic, ShiftingEveryPointIsATranslation) {
  const Source source({16, 17, 18});
  const Bent still(source, {8, 9, 10}, shifted(0, 0, 0)), moved(source, {8, 9, 10}, shifted(1, -2, 3));
  EXPECT_LT((still.image - source.image[0].slice(0, 4, 12).slice(1, 4, 13).slice(2, 4, 14)).abs().max().item<double>(),
            1e-5);
  EXPECT_LT((moved.image - source.image[0].slice(0, 5, 13).slice(1, 2, 11).slice(2, 7, 17)).abs().max().item<double>(),
            1e-4);
  EXPECT_TRUE(at::equal(moved.labels, source.labels.slice(0, 5, 13).slice(1, 2, 11).slice(2, 7, 17)));
}

TEST(Elastic, DrawnFieldsLeaveTheRimInventNoLabelAndMoveEachAxis) {
  AugmentationOptions options;
  for (const auto& [name, probability] : step_probabilities(options)) *probability = name == "elastic" ? 1 : 0;
  const Augmenter augmenter(options, {14, 14, 14});
  const Source source(augmenter.source_patch_size());
  AugmentationDraws draws;
  for (uint64_t i = 0; i < 20; ++i) {
    runtime::Philox random(1, 2, i);
    draw(augmenter.specification(), 1, random, draws);
    ASSERT_EQ(draws.elastic.shifts.size(), size_t(3 * 7 * 7 * 7));
    EXPECT_TRUE(draws.interpolate);
    for (size_t axis = 0; axis < 3; ++axis) {
      EXPECT_EQ(draws.elastic.shifts[axis * 343 + (1 * 7 + 3) * 7 + 3], 0);
      const float middle = draws.elastic.shifts[axis * 343 + (3 * 7 + 3) * 7 + 3];
      EXPECT_TRUE(middle != 0 && std::abs(middle) <= 7.5f);
    }
    const Bent bent(source, {14, 14, 14}, draws);
    EXPECT_TRUE(bent.labels.remainder(100).eq(0).all().item<bool>());
  }
  options.dummy_2d = true;
  runtime::Philox random(1, 2, 3);
  draw(specify(options, {14, 14, 14}), 1, random, draws);
  EXPECT_EQ(draws.elastic.points, (Index3{1, 7, 7}));
  for (size_t i = 0; i < 49; ++i) EXPECT_EQ(draws.elastic.shifts[i], 0);
}

}  // namespace
}  // namespace medvol::datasets
