#include "datasets/preprocessing/preprocess_case.h"

#include <gmock/gmock.h>

#include "datasets/catalogue/nonzero.h"
#include "datasets/preprocessing/foreground.h"
#include "datasets/preprocessing/normalize.h"
#include "framework/core/error.h"
#include "tests/datasets/catalogue/made_dataset.h"

namespace medvol::datasets {
namespace {

plan::Plan plan_of(std::vector<double> spacing = {1, 1, 1}, int64_t dimensions = 3) {
  plan::Plan plan;
  plan.dimensions = dimensions;
  plan.channel_names = {"MRI"};
  plan.labels = {{1, "organ"}, {2, "corner"}};
  plan.spacing = std::move(spacing);
  plan.normalization = {plan::Normalization::zscore};
  plan.normalize_inside_mask = {false};
  plan.intensities = {{.mean = 2, .standard_deviation = 4, .percentile_00_5 = 1, .percentile_99_5 = 9}};
  return plan;
}

at::Tensor normalized(std::vector<float> values, plan::Normalization how, const at::Tensor& mask = {}) {
  at::Tensor channel = at::tensor(values).view({1, 1, -1}).contiguous();
  normalize(channel, how, plan_of().intensities[0], mask);
  return channel.view(-1);
}

TEST(Normalize, EachSchemeByHand) {
  EXPECT_TRUE(at::allclose(normalized({1, 3, 5, 7}, plan::Normalization::zscore),
                           at::tensor({-3.F, -1.F, 1.F, 3.F}) / std::sqrt(5.F)));
  EXPECT_TRUE(at::equal(normalized({4, 4}, plan::Normalization::zscore), at::zeros(2))) << "a constant image";
  EXPECT_TRUE(at::allclose(normalized({-50, 2, 50}, plan::Normalization::ct), at::tensor({-0.25F, 0.F, 1.75F})));
  EXPECT_TRUE(at::allclose(normalized({2, 4, 10}, plan::Normalization::rescale_to_0_1), at::tensor({0.F, 0.25F, 1.F})));
  EXPECT_TRUE(at::equal(normalized({7, -3}, plan::Normalization::none), at::tensor({7.F, -3.F})));
  EXPECT_TRUE(at::allclose(normalized({0, 51}, plan::Normalization::rgb_to_0_1), at::tensor({0.F, 0.2F})));
  EXPECT_THROW(normalized({0, 256}, plan::Normalization::rgb_to_0_1), core::UserError);
  const at::Tensor mask = at::tensor({1, 1, 0}).to(at::kBool).view({1, 1, 3});
  EXPECT_TRUE(at::allclose(normalized({1, 3, 100}, plan::Normalization::zscore, mask), at::tensor({-1.F, 1.F, 100.F})));
}

TEST(Nonzero, BoxOfTheUnionAndFilledHoles) {
  at::Tensor image = at::zeros({2, 7, 8, 9});
  image[0].slice(0, 1, 6).slice(1, 2, 7).slice(2, 3, 8).fill_(1);
  image[0][3][4][5] = 0;  // a hole inside
  image[0][1][2][3] = 0;  // a dent at the surface
  image[1][0][2][4] = -1;
  const Box box = nonzero_box(image);
  EXPECT_EQ(box.begin, (std::array<int64_t, 3>{0, 2, 3}));
  EXPECT_EQ(box.size, (std::array<int64_t, 3>{6, 5, 5}));
  const at::Tensor mask = nonzero_mask(image);
  EXPECT_TRUE(mask[3][4][5].item<bool>());
  EXPECT_FALSE(mask[1][2][3].item<bool>());
  EXPECT_EQ(mask.sum().item<int64_t>(), 5 * 5 * 5 - 1 + 1);
  EXPECT_EQ(nonzero_box(at::zeros({1, 2, 3, 4})).size, (std::array<int64_t, 3>{2, 3, 4}));
}

TEST(PreprocessCase, CropsBeforeItNormalises) {
  imaging::Volume image = tests::made_image();
  image.data.slice(1, 0, 2).zero_();
  const PreprocessedCase made = preprocess_case(image, tests::made_labels(image), plan_of());
  EXPECT_EQ(made.image.sizes(), (std::vector<int64_t>{1, 10, 14, 16}));
  EXPECT_EQ(made.labels.scalar_type(), at::kByte);
  EXPECT_NEAR(made.image.mean().item<double>(), 0, 1e-6);
  EXPECT_NEAR(made.image.std(false).item<double>(), 1, 1e-6);
  EXPECT_TRUE(at::equal(made.transform.restore_labels(made.labels).to(at::kInt), tests::made_labels(image).data));
}

TEST(PreprocessCase, ResamplesToThePlanAndBack) {
  const imaging::Volume image = tests::made_image({12, 14, 16}, {1.5, 1, 2});  // x 1.5, y 1, z 2 mm
  const PreprocessedCase made = preprocess_case(image, tests::made_labels(image), plan_of({1, 1, 1}));
  EXPECT_EQ(made.image.sizes(), (std::vector<int64_t>{1, 24, 14, 24}));
  EXPECT_EQ(made.labels.sizes(), (std::vector<int64_t>{24, 14, 24}));
  const at::Tensor back = made.transform.restore_labels(made.labels).to(at::kInt),
                   truth = tests::made_labels(image).data;
  EXPECT_GT(at::eq(back, truth).to(at::kFloat).mean().item<double>(), 0.995);
  const PreprocessedCase flat = preprocess_case(image, std::nullopt, plan_of({9, 1, 1}, 2));
  EXPECT_EQ(flat.image.sizes(), (std::vector<int64_t>{1, 12, 14, 24})) << "2D keeps the slices";
  EXPECT_FALSE(flat.labels.defined());
}

TEST(PreprocessCase, MaskedNormalisationKeepsTheOutsideAtZero) {
  imaging::Volume image = tests::made_image();
  image.data.slice(1, 0, 6).slice(2, 0, 7).slice(3, 0, 8).zero_();  // an octant; the box stays whole
  plan::Plan plan = plan_of();
  plan.normalize_inside_mask = {true};
  const at::Tensor made = preprocess_case(image, std::nullopt, plan).image;
  EXPECT_EQ(made.slice(1, 0, 6).slice(2, 0, 7).slice(3, 0, 8).abs().max().item<float>(), 0);
  EXPECT_NEAR(made.sum().item<double>(), 0, 1e-2);
}

TEST(PreprocessCase, PutsTheAxesInPlanOrder) {
  const imaging::Volume image = tests::made_image({12, 14, 16}, {4, 1, 1});  // x is the coarsest
  plan::Plan plan = plan_of({4, 1, 2});
  plan.transpose_forward = {2, 0, 1};
  const PreprocessedCase made = preprocess_case(image, tests::made_labels(image), plan);
  EXPECT_EQ(made.image.sizes(), (std::vector<int64_t>{1, 16, 12, 7}));
  EXPECT_EQ(made.transform.network_geometry().spacing_zyx(), (std::array<double, 3>{4, 1, 2}));
  plan.spacing = {4, 1, 1};
  const PreprocessedCase kept = preprocess_case(image, tests::made_labels(image), plan);
  EXPECT_TRUE(at::equal(kept.transform.restore_labels(kept.labels).to(at::kInt), tests::made_labels(image).data));
}

TEST(PreprocessCase, LabelsBecomeClasses) {
  const imaging::Volume image = tests::made_image();
  imaging::Volume labels = tests::made_labels(image);                                         // 0, 1, 2
  labels.data = at::where(labels.data == 2, at::full_like(labels.data, 4), labels.data * 2);  // 0, 2, 4
  labels.data[0][0][0] = 255;
  plan::Plan plan = plan_of();
  plan.labels = {{2, "a"}, {4, "b"}};
  plan.ignore_label = 255;
  const at::Tensor classes = preprocess_case(image, labels, plan).labels;
  EXPECT_EQ((classes == 3).sum().item<int64_t>(), 1);
  EXPECT_EQ((classes == 1).sum().item<int64_t>(), (labels.data == 2).sum().item<int64_t>());
  EXPECT_EQ((classes == 2).sum().item<int64_t>(), (labels.data == 4).sum().item<int64_t>());
  EXPECT_EQ(classes.max().item<int64_t>(), 3);
}

TEST(PreprocessCase, RefusesWhatThePlanIsNotFor) {
  imaging::Volume image = tests::made_image();
  plan::Plan two = plan_of();
  two.normalization.push_back(plan::Normalization::zscore);
  EXPECT_THROW(preprocess_case(image, std::nullopt, two), core::UserError);
  imaging::Volume labels = tests::made_labels(image);
  labels.data[0][0][0] = 256;
  EXPECT_THROW(preprocess_case(image, labels, plan_of()), core::UserError);
  EXPECT_THROW(preprocess_case(image, tests::made_labels(tests::made_image({12, 14, 15})), plan_of()), core::UserError);
  image.data[0][0][0][0] = std::numeric_limits<float>::infinity();
  EXPECT_THROW(preprocess_case(image, std::nullopt, plan_of()), core::UserError);
}

std::vector<plan::Region> classes(const std::vector<int64_t>& labels) {
  std::vector<plan::Region> result;
  for (const int64_t label : labels) result.push_back({"", {label}, label});
  return result;
}

TEST(Foreground, ARegionIsTheUnionOfItsLabels) {
  at::Tensor labels = at::zeros({2, 2, 2}, at::kByte);
  labels[0][0][1] = 2;
  labels[0][1][0] = 1;
  labels[1][1][1] = 2;
  const auto found = foreground_voxels(labels, {{"whole", {1, 2}, 1}, {"core", {2}, 2}}, std::nullopt, {7, 0});
  EXPECT_TRUE(at::equal(found.at(1), at::tensor({1, 2, 7}, at::kLong)));
  EXPECT_TRUE(at::equal(found.at(2), at::tensor({1, 7}, at::kLong)));
}

TEST(Foreground, AllVoxelsOrTenThousand) {
  at::Tensor labels = at::zeros({40, 40, 40}, at::kByte);
  labels.slice(0, 0, 20).fill_(1);  // 32 000 voxels
  labels[30][1][2] = 2;
  const auto found = foreground_voxels(labels, classes({1, 2, 3}), std::nullopt, {7, 0});
  EXPECT_EQ(found.size(), 2u) << "a label that does not occur has no entry";
  EXPECT_EQ(found.at(2).item<int64_t>(), 30 * 1600 + 1 * 40 + 2);
  const at::Tensor& many = found.at(1);
  EXPECT_EQ(many.size(0), 10'000);
  EXPECT_TRUE((many.slice(0, 1) > many.slice(0, 0, -1)).all().item<bool>()) << "ascending, none twice";
  EXPECT_TRUE((labels.view(-1).index_select(0, many) == 1).all().item<bool>());
  EXPECT_NEAR(many.to(at::kDouble).mean().item<double>(), 16000, 300) << "spread evenly";
  EXPECT_TRUE(at::equal(many, foreground_voxels(labels, classes({1}), std::nullopt, {7, 0}).at(1)));
  EXPECT_FALSE(at::equal(many, foreground_voxels(labels, classes({1}), std::nullopt, {8, 0}).at(1)));
}

TEST(Foreground, AnnotatedVoxelsBesideAnIgnoreLabel) {
  at::Tensor labels = at::full({2, 2, 2}, 3, at::kByte);
  labels[0][0][0] = 0;
  labels[1][1][1] = 1;
  const auto found = foreground_voxels(labels, classes({1, 2}), 3, {7, 0});
  EXPECT_EQ(found.size(), 2u);
  EXPECT_TRUE(at::equal(found.at(-1), at::tensor({0, 7}, at::kLong)));
}

}  // namespace
}  // namespace medvol::datasets
