#include "framework/imaging/resample.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <fstream>

#include "framework/imaging/orientation.h"
#include "tests/support/support.h"

namespace medvol::imaging {
namespace {

std::filesystem::path golden(const std::string& name) {
  return tests::source_root() / "tests/framework/imaging/golden" / name;
}

struct GoldenCase {
  std::string kind;
  int order = 0, apart = -1;
  std::array<int64_t, 3> shape{}, target{};
  at::Tensor input, expected;
  std::optional<int> axis() const { return apart < 0 ? std::nullopt : std::optional<int>(apart); }
};

at::Tensor read_values(std::istream& file, const std::array<int64_t, 3>& shape) {
  at::Tensor values = at::empty({shape[0], shape[1], shape[2]}, at::kDouble);
  for (int64_t i = 0; i < values.numel(); ++i) file >> values.data_ptr<double>()[i];
  return values;
}

std::vector<GoldenCase> golden_cases() {
  std::ifstream file(golden("resampling.txt"));
  std::vector<GoldenCase> cases;
  for (GoldenCase next; file >> next.kind >> next.order >> next.apart;) {
    for (int64_t& n : next.shape) file >> n;
    for (int64_t& n : next.target) file >> n;
    next.input = read_values(file, next.shape);
    next.expected = read_values(file, next.target);
    cases.push_back(next);
  }
  return cases;
}

TEST(Resample, EqualsScikitImageAndNnunet) {
  const std::vector<GoldenCase> cases = golden_cases();
  ASSERT_EQ(cases.size(), 13u);
  for (const GoldenCase& one : cases) {
    SCOPED_TRACE(fmt::format("{} order {} apart {} to {}", one.kind, one.order, one.apart, one.target[0]));
    if (one.kind == "image") {
      const at::Tensor image = one.input.unsqueeze(0).to(at::kFloat);
      const at::Tensor got = resample_image_apart(image, one.target, one.order, one.axis());
      EXPECT_LT((got[0].to(at::kDouble) - one.expected).abs().max().item<double>(), 1e-5);
    } else {
      const at::Tensor got = resample_labels(one.input.to(at::kInt), one.target, one.order, one.axis());
      EXPECT_TRUE(got.equal(one.expected.to(at::kInt)));
    }
  }
}

TEST(Resample, SameForAnyNumberOfThreadsAndEveryChannelAlone) {
  torch::manual_seed(1);
  const at::Tensor image = torch::randn({2, 9, 33, 21});
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor one = resample_image(image, {14, 20, 50}, 3);
  at::set_num_threads(4);
  const at::Tensor four = resample_image(image, {14, 20, 50}, 3);
  at::set_num_threads(before);
  EXPECT_TRUE(one.equal(four));
  EXPECT_TRUE(one[1].equal(resample_image(image.narrow(0, 1, 1), {14, 20, 50}, 3)[0]));
}

TEST(Resample, SameGridIsACopyAndAConstantStays) {
  const at::Tensor image = torch::randn({1, 3, 4, 5});
  const at::Tensor same = resample_image(image, {3, 4, 5}, 3);
  EXPECT_TRUE(same.equal(image));
  EXPECT_NE(same.data_ptr(), image.data_ptr());
  const at::Tensor constant = resample_image(torch::full({1, 3, 4, 5}, 7.0f), {9, 2, 11}, 3);
  EXPECT_TRUE(constant.equal(torch::full({1, 9, 2, 11}, 7.0f)));
}

TEST(Resample, CubicReproducesAParabolaInside) {
  // Cubic splines reproduce polynomials of degree 3; away from the edges their continuation is forgotten.
  const at::Tensor x = torch::arange(60, at::kDouble);
  const at::Tensor image = (0.01 * x * x - x).to(at::kFloat).view({1, 1, 1, 60});
  const at::Tensor fine = resample_image(image, {1, 1, 180}, 3).flatten().narrow(0, 45, 90).to(at::kDouble);
  const at::Tensor u = (torch::arange(45, 135, at::kDouble) + 0.5) / 3 - 0.5;
  EXPECT_LT((fine - (0.01 * u * u - u)).abs().max().item<double>(), 1e-5);
}

TEST(Resample, KeepsTheRangeAndLetsNanThrough) {
  at::Tensor image = torch::zeros({1, 1, 1, 40});
  image.narrow(3, 20, 20).fill_(1);
  const at::Tensor step = resample_image(image, {1, 1, 133}, 3);
  EXPECT_EQ(step.min().item<float>(), 0);
  EXPECT_EQ(step.max().item<float>(), 1);
  at::Tensor holed = torch::randn({1, 4, 6, 6});
  holed[0][1][2][3] = std::nanf("");
  EXPECT_TRUE(resample_image(holed, {4, 9, 9}, 1).isnan().any().item<bool>());
}

TEST(Resample, LabelsOfEveryIntegerTypeAndNoneInvented) {
  torch::manual_seed(2);
  const at::Tensor labels = torch::randint(0, 4, {6, 7, 8}) * 50;
  const at::Tensor reference = resample_labels(labels, {11, 5, 13}, 1);
  for (const at::ScalarType type : {at::kByte, at::kShort, at::kInt}) {
    const at::Tensor got = resample_labels(labels.to(type), {11, 5, 13}, 1);
    EXPECT_EQ(got.scalar_type(), type);
    EXPECT_TRUE(got.to(at::kLong).equal(reference));
  }
  EXPECT_TRUE((reference % 50 == 0).all().item<bool>());
}

TEST(Resample, ShapeRoundsHalfToEvenAsPython) {
  using Shape = std::array<int64_t, 3>;
  EXPECT_EQ(resampled_shape({5, 7, 10}, {1, 1, 1}, {2, 2, 1}), (Shape{2, 4, 10}));  // 2.5, 3.5
  EXPECT_EQ(resampled_shape({1, 3, 40}, {1, 1, 0.5}, {9, 9, 0.8}), (Shape{1, 1, 25}));
}

TEST(Resample, AnisotropicAxisFollowsNnunet) {
  EXPECT_EQ(anisotropic_axis({5, 1, 1}, {1, 1, 1}), 0);
  EXPECT_EQ(anisotropic_axis({1, 1, 1}, {1, 1, 4}), 2);
  EXPECT_EQ(anisotropic_axis({3, 1, 1}, {1, 1, 1}), std::nullopt);           // not above 3
  EXPECT_EQ(anisotropic_axis({0.24, 1.25, 1.25}, {1, 1, 1}), std::nullopt);  // two long axes
  EXPECT_EQ(anisotropic_axis({0.24, 1.25, 1.25}, {1, 1, 9}), std::nullopt);  // the old grid decides
}

TEST(Orientation, EqualsNibabelForObliqueAndShearedGrids) {
  std::ifstream file(golden("orientations.txt"));
  int cases = 0;
  std::array<double, 9> direction;
  while (file >> direction[0]) {
    for (size_t i = 1; i < 9; ++i) file >> direction[i];
    AxisOrder expected;
    for (int& source : expected.source) file >> source;
    for (int& sign : expected.sign) file >> sign;
    const AxisOrder got = closest_axes(direction);
    EXPECT_EQ(got.source, expected.source) << "case " << cases;
    EXPECT_EQ(got.sign, expected.sign) << "case " << cases;
    ++cases;
  }
  EXPECT_EQ(cases, 40);
}

}  // namespace
}  // namespace medvol::imaging
