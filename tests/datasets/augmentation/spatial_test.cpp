#include "datasets/augmentation/spatial.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

#include "tests/datasets/augmentation/stored_image.h"

namespace medvol::datasets {
namespace {

/// A smooth image with two labels of it; both as tensors that outlive the patch.
struct Source : tests::StoredImage {
  Source(int64_t channels, const Index3& size, at::ScalarType type = at::kFloat) {
    const at::Tensor z = at::arange(size[0]).view({-1, 1, 1}), y = at::arange(size[1]).view({1, -1, 1});
    const at::Tensor x = at::arange(size[2]).view({1, 1, -1});
    std::vector<at::Tensor> all;
    for (int64_t c = 0; c < channels; ++c)
      all.push_back(at::sin(z * 0.7 + double(c)) + at::cos(y * 0.5) * at::sin(x * 0.3 + 1.0) + 0.5);
    image = at::stack(all).to(at::kFloat).to(type).contiguous();
    labels = (at::floor(z / 4) + at::floor(y / 5) + at::floor(x / 3)).remainder(3).to(at::kByte).contiguous();
  }
};

struct Result {
  at::Tensor image, labels;
};

Result run_gather(const SourcePatch& source, const Index3& patch, const AugmentationDraws& draws,
                  bool in_plane = false) {
  Result result{at::full({source.channels, patch[0], patch[1], patch[2]}, 99.0),
                at::full({patch[0], patch[1], patch[2]}, 99).to(at::kByte)};
  std::vector<float> shares;
  std::vector<int32_t> offsets;
  result.image = result.image.to(at::kFloat);
  gather(source, patch, in_plane, draws, result.image.mutable_data_ptr<float>(),
         result.labels.mutable_data_ptr<uint8_t>(), shares, offsets);
  return result;
}

Result run_crop(const SourcePatch& source, const Index3& patch, const std::array<bool, 3>& mirror) {
  Result result{at::full({source.channels, patch[0], patch[1], patch[2]}, 99.0f, at::kFloat),
                at::full({patch[0], patch[1], patch[2]}, 99, at::kByte)};
  AugmentationDraws draws;
  draws.mirror = mirror;
  crop(source, patch, draws, result.image.mutable_data_ptr<float>(), result.labels.mutable_data_ptr<uint8_t>());
  return result;
}

AugmentationDraws drawn(const std::vector<int64_t>& patch, uint64_t index) {
  AugmentationOptions options;
  options.rotation.probability = options.scaling.probability = 1;
  AugmentationDraws draws;
  runtime::Philox random(17, runtime::purpose_augmentation, index);
  draw(specify(options, patch), 2, random, draws);
  return draws;
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

/// torch's grid of the same map: normalised x, y, z of every output voxel within the box.
at::Tensor torch_grid(const Index3& box, const Index3& patch, const AugmentationDraws& draws) {
  at::Tensor theta = at::zeros({1, 3, 4});
  for (int row = 0; row < 3; ++row)
    for (int column = 0; column < 3; ++column) {
      const size_t r = size_t(2 - row), c = size_t(2 - column);  // x, y, z there; z, y, x here
      const double flip = draws.mirror[c] ? -1 : 1;
      theta[0][row][column] = draws.matrix[r][c] * flip * double(patch[c]) / double(box[r]);
    }
  return at::affine_grid_generator(theta, {1, 1, patch[0], patch[1], patch[2]}, false);
}

at::Tensor torch_sample(const at::Tensor& image, const at::Tensor& grid) {
  return at::grid_sampler(image.to(at::kFloat).unsqueeze(0), grid, 0, 0, false)[0];
}

class AgainstTorch : public ::testing::TestWithParam<std::tuple<at::ScalarType, int>> {};

TEST_P(AgainstTorch, ImageEqualsGridSampleAndLabelsItsHeaviest) {
  const auto [type, index] = GetParam();
  const Index3 size{24, 31, 27}, patch{17, 20, 22};
  const Source source(2, size, type);
  AugmentationDraws draws = drawn({17, 20, 22}, uint64_t(index));
  draws.mirror = {index % 2 == 0, index % 3 == 0, true};
  const Result ours = run_gather(source.patch({0, 0, 0}, size), patch, draws);
  const at::Tensor grid = torch_grid(size, patch, draws);
  EXPECT_LT(largest_difference(ours.image, torch_sample(source.image, grid)), 1e-4);
  // Labels: linear weight of each, the heaviest; voxels on the edge between two are free to go either way.
  std::vector<at::Tensor> weights;
  for (int label = 0; label < 3; ++label)
    weights.push_back(torch_sample((source.labels == label).unsqueeze(0), grid)[0]);
  const at::Tensor stacked = at::stack(weights);
  const auto sorted = std::get<0>(stacked.sort(0, true));
  const at::Tensor clear = (sorted[0] - sorted[1]) > 1e-3;
  EXPECT_GT(clear.to(at::kDouble).mean().item<double>(), 0.8);
  EXPECT_TRUE(at::equal(ours.labels.masked_select(clear), stacked.argmax(0).to(at::kByte).masked_select(clear)));
}

INSTANTIATE_TEST_SUITE_P(Spatial, AgainstTorch,
                         ::testing::Combine(::testing::Values(at::kFloat, at::kHalf), ::testing::Range(0, 6)));

TEST(Spatial, BoxPastTheImageEqualsPaddedGridSample) {
  const Index3 size{9, 12, 11}, begin{-5, 4, -3}, box{20, 22, 24}, patch{13, 14, 15};
  const Source source(2, size);
  at::Tensor padded = at::zeros({2, 20, 22, 24});
  padded.slice(1, 5, 14).slice(2, 0, 8).slice(3, 3, 14) = source.image.slice(2, 4, 12);
  for (uint64_t index = 0; index < 5; ++index) {
    const AugmentationDraws draws = drawn({13, 14, 15}, index);
    const Result ours = run_gather(source.patch(begin, box), patch, draws);
    EXPECT_LT(largest_difference(ours.image, torch_sample(padded, torch_grid(box, patch, draws))), 1e-4) << index;
  }
}

TEST(Spatial, RotationByARightAngleIsAPermutation) {
  const Index3 size{10, 10, 10};
  const Source source(1, size, at::kHalf);
  AugmentationDraws draws;
  draws.matrix = {{{1, 0, 0}, {0, 0, 1}, {0, -1, 0}}};  // source y = output x, source x = − output y
  const Result ours = run_gather(source.patch({0, 0, 0}, size), size, draws);
  EXPECT_TRUE(at::equal(ours.image, source.image.to(at::kFloat).rot90(1, {2, 3})));
  EXPECT_TRUE(at::equal(ours.labels, source.labels.rot90(1, {1, 2})));
  const at::Tensor at_place = source.image[0][3].to(at::kFloat);
  EXPECT_EQ(ours.image[0][3][2][7].item<float>(), at_place[7][9 - 2].item<float>());
}

TEST(Spatial, PlainCropIsTheMiddleAndMirrorsBack) {
  const Source source(2, {12, 15, 14}, at::kHalf);
  const SourcePatch box = source.patch({1, 2, 1}, {10, 11, 12});
  const Index3 patch{6, 7, 9};
  const Result plain = run_crop(box, patch, {});
  EXPECT_TRUE(at::equal(plain.image, source.image.to(at::kFloat).slice(1, 3, 9).slice(2, 4, 11).slice(3, 3, 12)));
  EXPECT_TRUE(at::equal(plain.labels, source.labels.slice(0, 3, 9).slice(1, 4, 11).slice(2, 3, 12)));
  for (int bits = 0; bits < 8; ++bits) {
    const std::array<bool, 3> mirror{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0};
    std::vector<int64_t> axes;
    for (int axis = 0; axis < 3; ++axis)
      if (mirror[size_t(axis)]) axes.push_back(axis);
    const Result flipped = run_crop(box, patch, mirror);
    EXPECT_TRUE(at::equal(flipped.labels.flip(axes), plain.labels)) << bits;
    EXPECT_TRUE(at::equal(flipped.image[1].flip(axes), plain.image[1])) << bits;
  }
}

TEST(Spatial, CropPastTheImageIsZeroThere) {
  const Source source(1, {4, 5, 6});
  const Result result = run_crop(source.patch({-3, -4, 3}, {10, 10, 10}), {10, 10, 10}, {});
  at::Tensor expected = at::zeros({1, 10, 10, 10});
  expected.slice(1, 3, 7).slice(2, 4, 9).slice(3, 0, 3) = source.image.slice(3, 3, 6);
  EXPECT_TRUE(at::equal(result.image, expected));
  EXPECT_EQ(result.labels.sum().item<int64_t>(), source.labels.slice(2, 3, 6).sum().item<int64_t>());
}

TEST(Spatial, InPlaneLeavesSlicesAloneAndWorksOnOne) {
  const Index3 size{3, 20, 22}, patch{3, 12, 13};
  const Source source(2, size, at::kHalf);
  AugmentationDraws draws = drawn({12, 13}, 4);
  EXPECT_EQ(draws.matrix[0], (std::array<double, 3>{1, 0, 0}));
  const Result whole = run_gather(source.patch({0, 0, 0}, size), patch, draws, true);
  EXPECT_LT(largest_difference(whole.image, torch_sample(source.image, torch_grid(size, patch, draws))), 1e-4);
  const Result one = run_gather(source.patch({2, 0, 0}, {1, 20, 22}), {1, 12, 13}, draws, true);
  EXPECT_TRUE(at::equal(one.image[0][0], whole.image[0][2]));
  EXPECT_TRUE(at::equal(one.labels[0], whole.labels[2]));
}

TEST(Spatial, LabelsAreNeverInvented) {
  const Index3 size{16, 16, 16};
  Source source(1, size);
  source.labels = source.labels.mul(100).to(at::kByte);  // 0, 100, 200: 50 would be an average
  for (uint64_t index = 0; index < 20; ++index) {
    const Result result = run_gather(source.patch({-2, 0, 1}, size), {14, 14, 14}, drawn({14, 14, 14}, index));
    std::set<int> found;
    for (const uint8_t label :
         std::vector<uint8_t>(result.labels.data_ptr<uint8_t>(), result.labels.data_ptr<uint8_t>() + 14 * 14 * 14))
      found.insert(label);
    for (const int label : found) EXPECT_TRUE(label == 0 || label == 100 || label == 200) << label;
  }
}

TEST(Spatial, AHalfSharedVoxelGoesToTheSmallerLabel) {
  const std::vector<float> image(2, 0);
  const std::vector<uint8_t> labels{7, 3};
  AugmentationDraws draws;
  const Result result = run_gather({image.data(), labels.data(), 1, {1, 1, 2}, {0, 0, 0}, {1, 1, 2}}, {1, 1, 1}, draws);
  EXPECT_EQ(result.labels.item<int>(), 3);
}

}  // namespace
}  // namespace medvol::datasets
