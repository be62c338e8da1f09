#include "framework/imaging/grid_transform.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/imaging/image_io.h"
#include "tests/support/support.h"

namespace medvol::imaging {
namespace {

using Vector = std::array<double, 3>;

Vector world(const Geometry& grid, const Vector& index) {
  Vector point = grid.origin;
  for (int row = 0; row < 3; ++row) {
    for (int axis = 0; axis < 3; ++axis) {
      point[row] += grid.direction[3 * row + axis] * grid.spacing[axis] * index[axis];
    }
  }
  return point;
}

/// All 48 axis orders of a grid of 7x5x6 voxels (x, y, z), each with its own spacing and origin.
std::vector<Geometry> all_axis_orders() {
  std::vector<Geometry> grids;
  std::array<int, 3> order{0, 1, 2};
  do {
    for (int signs = 0; signs < 8; ++signs) {
      Geometry grid;
      grid.size = {7, 5, 6};
      grid.spacing = {0.7, 1.1, 2.5};
      grid.origin = {-31.5 + signs, 12.25, 80};
      grid.direction = {};
      for (int axis = 0; axis < 3; ++axis) grid.direction[3 * order[axis] + axis] = signs >> axis & 1 ? -1 : 1;
      grids.push_back(grid);
    }
  } while (std::next_permutation(order.begin(), order.end()));
  return grids;
}

Geometry oblique_grid(uint64_t seed) {
  torch::manual_seed(seed);
  const at::Tensor rotation = std::get<0>(at::linalg_qr(torch::randn({3, 3}, at::kDouble))).contiguous();
  Geometry grid;
  std::copy_n(rotation.data_ptr<double>(), 9, grid.direction.begin());
  for (int axis = 0; axis < 3; ++axis) {
    grid.size[axis] = torch::randint(4, 14, {1}).item<int64_t>();
    grid.spacing[axis] = 0.4 + 3 * torch::rand({1}).item<double>();
    grid.origin[axis] = 100 * torch::randn({1}).item<double>();
  }
  return grid;
}

at::Tensor random_labels(const Geometry& grid) {
  const auto [depth, height, width] = grid.size_zyx();
  return torch::randint(1, 6, {depth, height, width}, at::kInt);
}

TEST(GridTransform, The48AxisOrdersGiveOneArrayAndGoBackExactly) {
  MEDVOL_NEEDS_DATA("niivue_tests");
  const auto folder = tests::test_data() / "niivue_tests/packages/niivue/tests/images/nifti_space";
  const at::Tensor reference = read_image(folder / "RAS.nii.gz").data;
  const Geometry reference_grid = read_geometry(folder / "RAS.nii.gz");
  const tests::TemporaryFolder out;
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    SCOPED_TRACE(entry.path().filename().string());
    const Volume file = read_image(entry.path());
    GridTransform transform = GridTransform::start(file.geometry);
    transform.orient_to_ras();
    const at::Tensor canonical = transform.apply_image(file.data);
    EXPECT_TRUE(canonical.equal(reference));
    EXPECT_TRUE(transform.network_geometry().matches(reference_grid, 1e-3)) << transform.network_geometry().text();
    // The grey values stand for a label map on this grid.
    const at::Tensor labels = canonical[0].to(at::kInt);
    const at::Tensor back = transform.restore_labels(labels);
    EXPECT_TRUE(back.equal(file.data[0].to(at::kInt)));
    write_labels(out / "back.nii", {back, file.geometry});
    const Volume written = read_labels(out / "back.nii");
    EXPECT_TRUE(written.data.equal(back));
    EXPECT_TRUE(written.geometry.matches(file.geometry, 1e-5));
    ++files;
  }
  EXPECT_EQ(files, 48);
}

TEST(GridTransform, OrientAndCropGoBackExactlyForEveryAxisOrder) {
  torch::manual_seed(3);
  for (const Geometry& grid : all_axis_orders()) {
    const at::Tensor labels = random_labels(grid);
    GridTransform transform = GridTransform::start(grid);
    transform.orient_to_ras();
    EXPECT_NEAR(transform.network_geometry().direction[0], -1, 1e-12);
    EXPECT_NEAR(transform.network_geometry().direction[4], -1, 1e-12);
    EXPECT_NEAR(transform.network_geometry().direction[8], 1, 1e-12);
    auto size = transform.network_geometry().size_zyx();
    const at::Tensor whole = transform.apply_labels(labels);
    EXPECT_TRUE(transform.restore_labels(whole).equal(labels));
    for (int64_t& n : size) n -= 2;
    transform.crop({1, 0, 2}, size);
    const at::Tensor cropped = transform.apply_labels(labels);
    EXPECT_TRUE(cropped.equal(whole.narrow(0, 1, size[0]).narrow(1, 0, size[1]).narrow(2, 2, size[2])));
    const at::Tensor restored = transform.restore_labels(cropped);
    EXPECT_TRUE(((restored == labels) | (restored == 0)).all().item<bool>());
    EXPECT_EQ((restored != 0).sum().item<int64_t>(), size[0] * size[1] * size[2]);
    EXPECT_TRUE(transform.apply_labels(restored).equal(cropped));
  }
}

TEST(GridTransform, TransposingOrdersTheAxesAndGoesBackExactly) {
  for (const Geometry& grid : all_axis_orders()) {
    const at::Tensor labels = random_labels(grid);
    GridTransform plain = GridTransform::start(grid).orient_to_ras();
    GridTransform turned = GridTransform(plain).transpose({2, 0, 1});
    const at::Tensor made = turned.apply_labels(labels);
    EXPECT_TRUE(at::equal(made, plain.apply_labels(labels).permute({2, 0, 1})));
    const auto spacing = plain.network_geometry().spacing_zyx();
    EXPECT_EQ(turned.network_geometry().spacing_zyx(), (Vector{spacing[2], spacing[0], spacing[1]}));
    EXPECT_TRUE(at::equal(turned.restore_labels(made), labels));
    // Index axes x, y, z of the turned grid are y, z, x of the other.
    const Vector there = world(turned.network_geometry(), {1, 2, 3}), here = world(plain.network_geometry(), {3, 1, 2});
    for (int axis = 0; axis < 3; ++axis) EXPECT_NEAR(there[axis], here[axis], 1e-9);
    EXPECT_TRUE(at::equal(GridTransform::from_json(turned.to_json()).apply_labels(labels), made));
  }
  const Geometry grid = all_axis_orders().front();
  EXPECT_EQ(GridTransform::start(grid).transpose({0, 1, 2}).to_json(), GridTransform::start(grid).to_json());
}

TEST(GridTransform, AVoxelKeepsItsPlaceInThePatient) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    const Geometry grid = oblique_grid(seed);
    GridTransform transform = GridTransform::start(grid);
    transform.orient_to_ras();
    auto size = transform.network_geometry().size_zyx();
    --size[0];
    size[2] -= 2;
    transform.crop({1, 0, 1}, size);
    const auto [depth, height, width] = grid.size_zyx();
    const at::Tensor numbered = torch::arange(depth * height * width, at::kInt).view({depth, height, width});
    const at::Tensor network = transform.apply_labels(numbered);
    const std::array<int64_t, 3> at_zyx{size[0] / 2, size[1] - 1, 0};
    const int64_t number = network[at_zyx[0]][at_zyx[1]][at_zyx[2]].item<int64_t>();
    const Vector file_index{double(number % width), double(number / width % height), double(number / width / height)};
    const Vector there = world(grid, file_index);
    const Vector here = world(transform.network_geometry(), {double(at_zyx[2]), double(at_zyx[1]), double(at_zyx[0])});
    for (int axis = 0; axis < 3; ++axis) EXPECT_NEAR(there[axis], here[axis], 1e-9) << "seed " << seed;
  }
}

TEST(GridTransform, ResamplingKeepsTheOuterFacesAndReturnsToTheFileGrid) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    const Geometry grid = oblique_grid(seed);
    GridTransform transform = GridTransform::start(grid);
    transform.orient_to_ras().crop({0, 1, 0}, {3, 2, 4}).resample({1.3, 0.6, 0.9});
    const Geometry& network = transform.network_geometry();
    GridTransform before = GridTransform::start(grid);
    before.orient_to_ras().crop({0, 1, 0}, {3, 2, 4});
    const Vector first = world(before.network_geometry(), {-0.5, -0.5, -0.5});
    const Vector last = world(before.network_geometry(), {3.5, 1.5, 2.5});
    const Vector new_first = world(network, {-0.5, -0.5, -0.5});
    const Vector new_last = world(network, {network.size[0] - 0.5, network.size[1] - 0.5, network.size[2] - 0.5});
    for (int axis = 0; axis < 3; ++axis) {
      EXPECT_NEAR(first[axis], new_first[axis], 1e-9);
      EXPECT_NEAR(last[axis], new_last[axis], 1e-9);
    }
    const at::Tensor labels = transform.apply_labels(random_labels(grid));
    const at::Tensor image = torch::randn({2, grid.size[2], grid.size[1], grid.size[0]});
    EXPECT_EQ(labels.sizes(), transform.apply_image(image)[0].sizes());
    EXPECT_EQ(transform.restore_labels(labels).sizes(), random_labels(grid).sizes());
    EXPECT_TRUE(transform.resamples());
  }
}

TEST(GridTransform, ProbabilitiesComeBackLinearlyWithBackgroundOutside) {
  Geometry grid;
  grid.size = {12, 10, 9};
  GridTransform transform = GridTransform::start(grid);
  transform.orient_to_ras().crop({1, 2, 3}, {7, 7, 8}).resample({0.5, 0.5, 0.5});
  const auto [depth, height, width] = transform.network_geometry().size_zyx();
  // A ramp along the network's x, which runs against the file's x.
  const at::Tensor ramp = (torch::arange(width) / double(width)).to(at::kFloat).expand({depth, height, width});
  const at::Tensor restored = transform.restore_probabilities(at::stack({1 - ramp, ramp}));
  EXPECT_LT((restored.sum(0) - 1).abs().max().item<double>(), 1e-6);
  EXPECT_EQ(restored[0][0][0][0].item<float>(), 1);
  EXPECT_EQ((restored[0] == 1).sum().item<int64_t>(), 12 * 10 * 9 - 7 * 7 * 8);
  // File x = 4 is oriented x = 7, cropped x = 4: network coordinate 2 * 4.5 - 0.5 = 8.5 of 16.
  EXPECT_NEAR(restored[1][4][4][4].item<double>(), 8.5 / 16, 1e-6);
}

TEST(GridTransform, ArgmaxClassByClassEqualsArgmaxOfAll) {
  torch::manual_seed(5);
  for (uint64_t seed = 0; seed < 6; ++seed) {
    const Geometry grid = oblique_grid(seed);
    GridTransform transform = GridTransform::start(grid);
    transform.orient_to_ras().crop({1, 0, 1}, {2, 3, 3}).resample({0.8, 2, 1});
    const auto [depth, height, width] = transform.network_geometry().size_zyx();
    const at::Tensor probabilities = torch::rand({4, depth, height, width}).softmax(0);
    const at::Tensor all = transform.restore_probabilities(probabilities).argmax(0);
    EXPECT_TRUE(transform.restore_argmax(probabilities).to(at::kLong).equal(all));
  }
  const GridTransform nothing = GridTransform::start(oblique_grid(1));
  const auto [depth, height, width] = nothing.file_geometry().size_zyx();
  const at::Tensor probabilities = torch::rand({3, depth, height, width});
  const at::Tensor untouched = probabilities.clone();
  EXPECT_TRUE(nothing.restore_argmax(probabilities).to(at::kLong).equal(probabilities.argmax(0)));
  EXPECT_TRUE(probabilities.equal(untouched));
}

TEST(GridTransform, JsonKeepsEveryDigit) {
  const Geometry grid = oblique_grid(11);
  GridTransform transform = GridTransform::start(grid);
  transform.orient_to_ras().crop({0, 1, 1}, {4, 3, 2}).resample({1.0 / 3, 0.7, 1.1});
  const GridTransform copy = GridTransform::from_json(nlohmann::json::parse(transform.to_json().dump()));
  EXPECT_EQ(copy.to_json(), transform.to_json());
  EXPECT_TRUE(copy.network_geometry().matches(transform.network_geometry(), 0));
  const at::Tensor labels = random_labels(grid);
  EXPECT_TRUE(copy.apply_labels(labels).equal(transform.apply_labels(labels)));
}

TEST(GridTransform, DamagedJsonIsOneClearLine) {
  GridTransform transform = GridTransform::start(oblique_grid(2));
  transform.crop({0, 0, 0}, {2, 2, 2});
  nlohmann::json outside = transform.to_json();
  outside["steps"][0]["crop"]["size_zyx"] = {2, 2, 900};
  nlohmann::json incomplete = transform.to_json();
  incomplete["file"].erase("origin");
  nlohmann::json folded = transform.to_json();
  folded["steps"][0] = {{"orient", {{"source", {0, 0, 7}}, {"flip", {false, false, false}}}}};
  for (const nlohmann::json& json : {outside, incomplete, folded, nlohmann::json(3)}) {
    EXPECT_THROW(GridTransform::from_json(json), core::UserError) << json;
  }
}

TEST(GridTransform, APictureStaysAsItIs) {
  Geometry grid;
  grid.size = {8, 6, 1};
  grid.dimensions = 2;
  GridTransform transform = GridTransform::start(grid);
  transform.orient_to_ras();
  const at::Tensor image = torch::randn({3, 1, 6, 8});
  EXPECT_TRUE(transform.apply_image(image).equal(image));
}

TEST(GridTransform, AWrongGridIsOurMistake) {
  const GridTransform transform = GridTransform::start(oblique_grid(4));
  EXPECT_THROW(transform.apply_labels(torch::zeros({1, 1, 1}, at::kInt)), core::InternalError);
  GridTransform cropped = transform;
  EXPECT_THROW(cropped.crop({0, 0, 0}, {99, 1, 1}), core::InternalError);
}

}  // namespace
}  // namespace medvol::imaging
