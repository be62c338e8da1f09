#include "framework/dicom/structure_set.h"

#include <torch/types.h>

#include <nlohmann/json.hpp>
#include <random>

#include "framework/dicom/data_set.h"
#include "framework/dicom/series.h"
#include "tests/framework/dicom/refusal.h"
#include "tests/support/support.h"

namespace medvol::dicom {
namespace {

std::filesystem::path rt_utils() { return tests::test_data() / "rt_utils_rtstruct/tests"; }

/// A set of one region, number 1.
StructureSet set_of(std::vector<Contour> contours) { return {"here.dcm", {{1, "it", std::move(contours), 0}}, ""}; }

Contour square(double low, double high, double z) {
  return {{low, low, z}, {high, low, z}, {high, high, z}, {low, high, z}};
}

imaging::Geometry grid_of(int64_t x, int64_t y, int64_t z) {
  imaging::Geometry grid;
  grid.size = {x, y, z};
  return grid;
}

int64_t voxels(const StructureSet& set, const imaging::Geometry& grid) {
  return set.mask(1, grid).data.sum().item<int64_t>();
}

TEST(StructureSet, CentresInsideCountAndThoseOnLowerEdges) {
  const imaging::Geometry grid = grid_of(10, 10, 3);
  const at::Tensor mask = set_of({square(1.5, 4.5, 1)}).mask(1, grid).data;
  EXPECT_EQ(mask.sum().item<int64_t>(), 9);
  EXPECT_EQ(mask.slice(0, 1, 2).slice(1, 2, 5).slice(2, 2, 5).sum().item<int64_t>(), 9);
  EXPECT_EQ(voxels(set_of({square(2, 5, 1)}), grid), 9);  // 2, 3, 4: half-open
  // The direction in which a contour runs does not matter.
  Contour backwards = square(2, 5, 1);
  std::reverse(backwards.begin(), backwards.end());
  EXPECT_TRUE(set_of({backwards}).mask(1, grid).data.equal(set_of({square(2, 5, 1)}).mask(1, grid).data));
}

TEST(StructureSet, AContourInsideAnotherIsAHole) {
  const StructureSet set = set_of({square(0.5, 8.5, 0), square(2.5, 6.5, 0), square(3.5, 5.5, 0)});
  EXPECT_EQ(voxels(set, grid_of(10, 10, 1)), 64 - 16 + 4);
}

TEST(StructureSet, WhatLeavesTheSliceIsCutOff) {
  EXPECT_EQ(voxels(set_of({square(-20, 3.5, 0)}), grid_of(10, 10, 1)), 16);
  EXPECT_EQ(voxels(set_of({square(6.5, 40, 0)}), grid_of(10, 10, 1)), 9);
  EXPECT_EQ(voxels(set_of({square(20, 40, 0)}), grid_of(10, 10, 1)), 0);
}

TEST(StructureSet, ATriangleHasItsArea) {
  const imaging::Geometry grid = grid_of(200, 200, 1);
  // Rows of ceil(1.25 j + 0.125) centres, j = 0 … 119, which sum up to the area.
  EXPECT_EQ(voxels(set_of({{{9.5, 19.5, 0}, {159.5, 19.5, 0}, {9.5, 139.5, 0}}}), grid), 9000);
}

TEST(StructureSet, PlanesAcrossAnyAxisOfAnObliqueGrid) {
  // The same squares, across each of the index axes of a turned grid with unequal spacing.
  imaging::Geometry grid = grid_of(12, 14, 16);
  grid.spacing = {0.5, 2, 3};
  grid.origin = {10, -20, 5};
  const double c = std::cos(0.4), s = std::sin(0.4);
  grid.direction = {c, -s, 0, s, c, 0, 0, 0, 1};
  const auto to_patient = [&](std::array<double, 3> index) {
    std::array<double, 3> point = grid.origin;
    for (int row = 0; row < 3; ++row)
      for (int axis = 0; axis < 3; ++axis)
        point[row] += grid.direction[3 * row + axis] * grid.spacing[axis] * index[axis];
    return point;
  };
  for (int across = 0; across < 3; ++across) {
    Contour contour;
    for (const auto& corner : square(2.5, 7.5, 0)) {
      std::array<double, 3> index{};
      index[across] = 4.3;  // between slices: the nearer one
      index[(across + 1) % 3] = corner[0];
      index[(across + 2) % 3] = corner[1];
      contour.push_back(to_patient(index));
    }
    const at::Tensor mask = set_of({contour}).mask(1, grid).data;
    EXPECT_EQ(mask.sum().item<int64_t>(), 25) << across;
    EXPECT_EQ(mask.select(2 - across, 4).sum().item<int64_t>(), 25) << across;
  }
}

TEST(StructureSet, OfTwoPlanesInASliceTheNearerCounts) {
  const imaging::Geometry grid = grid_of(10, 10, 3);
  EXPECT_EQ(voxels(set_of({square(0.5, 3.5, 1.4), square(0.5, 4.5, 1.1)}), grid), 16);
  EXPECT_EQ(voxels(set_of({square(0.5, 4.5, 1.1), square(0.5, 3.5, 1.4)}), grid), 16);
  EXPECT_EQ(voxels(set_of({square(0.5, 3.5, 0.75), square(0.5, 4.5, 1.25)}), grid), 9);  // a tie: the first
  EXPECT_EQ(voxels(set_of({square(0.5, 8.5, 1.01), square(1.5, 2.5, 1.0)}), grid), 63);  // one plane: a hole
}

TEST(StructureSet, WhatFitsNoSliceIsRefused) {
  const imaging::Geometry grid = grid_of(10, 10, 3);
  const auto said = [&](std::vector<Contour> contours) {
    return refusal([&] { set_of(std::move(contours)).mask(1, grid); });
  };
  EXPECT_EQ(said({square(1, 4, 2.4)}), "");
  EXPECT_TRUE(contains(said({square(1, 4, 2.6)}), "outside the image"));
  EXPECT_TRUE(contains(said({square(1, 4, -0.6)}), "outside the image"));
  EXPECT_TRUE(contains(said({{{1, 1, 0}, {8, 1, 0}, {8, 8, 2}, {1, 8, 2}}}), "crosses slices"));
  EXPECT_TRUE(contains(said({}), "no closed contour"));
  EXPECT_TRUE(contains(refusal([&] { set_of({}).mask(2, grid); }), "no region 2"));
  EXPECT_TRUE(contains(refusal([&] { set_of({}).number_of("in"); }), "did you mean 'it'"));
}

TEST(StructureSet, EqualsTheEvenOddRuleOfPython) {
  MEDVOL_NEEDS_DATA("rt_utils_rtstruct");
  const auto golden =
      nlohmann::json::parse(tests::read_file(tests::source_root() / "tests/framework/dicom/golden/structure_set.json"));
  const auto folder = rt_utils() / "mock_data";
  const StructureSet set = open_structure_set(folder / "rt.dcm");
  ASSERT_EQ(set.regions().size(), 1u);
  EXPECT_EQ(set.regions()[0].contours.size(), 2u);
  EXPECT_EQ(set.regions()[0].open_contours, 0);
  const imaging::Geometry grid = find_slices(folder).geometry;
  const at::Tensor mask = set.mask(set.number_of(golden["name"]), grid).data;
  const at::Tensor places = mask.nonzero();
  const at::Tensor sums = places.sum(0);
  const std::vector<int64_t> moments{places.size(0), sums[2].item<int64_t>(), sums[1].item<int64_t>(),
                                     sums[0].item<int64_t>()};
  EXPECT_EQ(moments, golden["moments"].get<std::vector<int64_t>>());
  // rt-utils rounds the points to pixels and counts the outline as inside: it adds voxels and misses none.
  EXPECT_EQ(golden["rt_utils"]["only_ours"], 0);
}

TEST(StructureSet, ContoursOfSlicesThatAreNotThereAreRefused) {
  MEDVOL_NEEDS_DATA("rt_utils_rtstruct");
  const auto folder = rt_utils() / "mock_data";
  const imaging::Geometry grid = find_slices(folder).geometry;  // z 60 and 65; contours at 60, 65 and 70
  const StructureSet set = open_structure_set(folder / "invalid_reference_rt.dcm");
  ASSERT_EQ(set.regions().size(), 4u);
  for (const Region& region : set.regions()) {
    EXPECT_TRUE(contains(refusal([&] { set.mask(region.number, grid); }), "outside the image")) << region.name;
  }
  imaging::Geometry longer = grid;
  longer.size[2] = 3;
  EXPECT_GT(set.mask(1, longer).data.sum().item<int64_t>(), 0);
}

TEST(StructureSet, OtherContoursAreCountedAndDamagedOnesRefused) {
  MEDVOL_NEEDS_DATA("rt_utils_rtstruct");
  const tests::TemporaryFolder folder;
  const auto read = [&](auto change) {
    const auto file = read_data_set(rt_utils() / "mock_data/rt.dcm");
    change(*file->getDataset(), *first_item_of(file->getDataset(), DCM_ROIContourSequence));
    write_data_set(folder / "rt.dcm", *file);
    return open_structure_set(folder / "rt.dcm");
  };
  const StructureSet open = read([](DcmDataset&, DcmItem& region) {
    items_of(region, DCM_ContourSequence).at(1)->putAndInsertString(DCM_ContourGeometricType, "OPEN_PLANAR");
  });
  EXPECT_EQ(open.regions()[0].contours.size(), 1u);
  EXPECT_EQ(open.regions()[0].open_contours, 1);
  EXPECT_TRUE(contains(refusal([&] {
                         read([](DcmDataset&, DcmItem& region) {
                           items_of(region, DCM_ContourSequence).at(0)->putAndInsertString(DCM_ContourData, "1\\2");
                         });
                       }),
                       "triples"));
  EXPECT_TRUE(
      contains(refusal([&] {
                 read([](DcmDataset&, DcmItem& region) { region.putAndInsertString(DCM_ReferencedROINumber, "9"); });
               }),
               "does not declare"));
  EXPECT_EQ(read([](DcmDataset& data, DcmItem&) {
              data.findAndDeleteElement(DCM_ReferencedFrameOfReferenceSequence);
            }).series_key(),
            "");
  EXPECT_TRUE(
      contains(refusal([] { open_structure_set(rt_utils() / "mock_data/ct_1.dcm"); }), "no DICOM structure set"));
}

TEST(StructureSet, CutOrDamagedFilesNeverEndTheProgram) {
  MEDVOL_NEEDS_DATA("rt_utils_rtstruct");
  const tests::TemporaryFolder folder;
  const imaging::Geometry grid = find_slices(rt_utils() / "mock_data").geometry;
  const std::string bytes = tests::read_file(rt_utils() / "mock_data/rt.dcm");
  std::mt19937 random(6);
  for (size_t size = 0; size < bytes.size(); size += 1 + random() % 31) {
    tests::write_file(folder / "cut.dcm", bytes.substr(0, size));
    const std::string said = refusal([&] {
      const StructureSet set = open_structure_set(folder / "cut.dcm");
      for (const Region& region : set.regions()) set.mask(region.number, grid);
    });
    EXPECT_TRUE(said != "" || size + 600 > bytes.size()) << size;  // the last sequences are not needed
  }
  for (int i = 0; i < 200; ++i) {
    std::string damaged = bytes;
    for (int k = 0; k < 3; ++k) damaged[132 + random() % (damaged.size() - 132)] = static_cast<char>(random());
    tests::write_file(folder / "cut.dcm", damaged);
    refusal([&] { open_structure_set(folder / "cut.dcm").mask(1, grid); });
  }
}

}  // namespace
}  // namespace medvol::dicom
