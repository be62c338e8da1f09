#include <gtest/gtest.h>
#include <torch/types.h>

#include "framework/core/error.h"
#include "framework/imaging/image_io.h"
#include "reports/figures/color.h"
#include "reports/figures/overlay.h"
#include "reports/figures/planes.h"
#include "tests/support/support.h"

namespace {

using namespace medvol;
using namespace medvol::reports;

imaging::Geometry geometry(std::array<int64_t, 3> xyz, std::array<double, 3> spacing = {1, 1, 1}) {
  imaging::Geometry result;
  result.size = xyz;
  result.spacing = spacing;
  return result;
}

/// Pixels of nearly this colour.
int64_t pixels_of(const torch::Tensor& picture, Color color) {
  const torch::Tensor wanted = torch::tensor({color.red, color.green, color.blue}, torch::kInt);
  return (picture.to(torch::kInt) - wanted).abs().lt(12).all(-1).sum().item<int64_t>();
}

TEST(Planes, AreArrangedFootToHeadFrontToBackRightToLeft) {
  imaging::Geometry rotated = geometry({2, 3, 4}, {0.5, 0.6, 0.7});
  // Index x runs to the head, y to the patient's right, z to the front.
  rotated.direction = {0, -1, 0, 0, 0, -1, 1, 0, 0};
  const torch::Tensor array = torch::arange(24).view({4, 3, 2});
  const torch::Tensor turned = arranged(array, rotated);
  ASSERT_EQ(turned.sizes(), torch::IntArrayRef({2, 4, 3}));
  for (int64_t x = 0; x < 2; ++x)
    for (int64_t y = 0; y < 3; ++y)
      for (int64_t z = 0; z < 4; ++z)
        EXPECT_EQ(turned[x][3 - z][2 - y].item<int64_t>(), array[z][y][x].item<int64_t>());
  EXPECT_EQ(arranged_spacing(rotated), (std::array<double, 3>{0.5, 0.7, 0.6}));
}

TEST(Planes, FocusIsTheCentroidOrTheNearestPlaneWithForeground) {
  torch::Tensor labels = torch::zeros({10, 10, 10}, torch::kInt);
  labels.slice(0, 2, 5).slice(1, 3, 4).slice(2, 6, 9) = 1;
  bool found = false;
  EXPECT_EQ(focus(labels, {1}, found), (std::array<int64_t, 3>{3, 3, 7}));
  EXPECT_TRUE(found);
  // Two structures left and right: the plane between them is empty.
  labels.zero_();
  labels[5][5][1] = 1;
  labels[5][5][8] = 2;
  const auto place = focus(labels, {1, 2}, found);
  EXPECT_TRUE(place[2] == 1 || place[2] == 8);
  focus(labels, {7}, found);
  EXPECT_FALSE(found);
}

TEST(Overlay, OutlinesLieOnTheBorders) {
  Overlay overlay;
  overlay.geometry = geometry({20, 20, 20});
  overlay.image = torch::rand({1, 20, 20, 20});
  overlay.reference = torch::zeros({20, 20, 20}, torch::kInt);
  overlay.reference.slice(0, 5, 15).slice(1, 5, 15).slice(2, 5, 15) = 1;
  overlay.class_names = {{1, "cube"}};
  overlay.plane_height = 200;  // ten pixels a voxel
  const torch::Tensor picture = draw_overlay(overlay);
  const torch::Tensor green =
      (picture.to(torch::kInt) - torch::tensor({0, 190, 140}, torch::kInt)).abs().lt(12).all(-1);
  // The first plane's picture begins at the margin; between voxels 4 | 5 and 14 | 15 lie its outlines.
  const int64_t left = 14;
  const torch::Tensor columns = green.slice(1, left, left + 200).slice(0, 30, 229).sum(0);
  for (const int64_t edge : {50, 150})
    EXPECT_GT(columns.slice(0, edge - 4, edge + 4).max().item<int64_t>(), 80) << edge;
  EXPECT_EQ(columns.slice(0, 0, 40).sum().item<int64_t>(), 0);
  EXPECT_LT(columns.slice(0, 70, 130).max().item<int64_t>(), 20);
  EXPECT_EQ(pixels_of(picture, prediction_color), 0);
}

TEST(Overlay, ShowsAMissAndAFalseAlarm) {
  Overlay overlay;
  overlay.geometry = geometry({16, 16, 16});
  overlay.image = torch::zeros({16, 16, 16});
  overlay.reference = torch::zeros({16, 16, 16}, torch::kInt);
  overlay.prediction = torch::zeros({16, 16, 16}, torch::kInt);
  overlay.class_names = {{1, "lesion"}};
  const int64_t legend_green = pixels_of(draw_overlay(overlay), reference_color);
  const int64_t legend_orange = pixels_of(draw_overlay(overlay), prediction_color);
  EXPECT_GT(legend_green, 0);  // the legend names both though neither has a voxel
  overlay.reference.slice(0, 4, 9).slice(1, 4, 9).slice(2, 4, 9) = 1;
  EXPECT_GT(pixels_of(draw_overlay(overlay), reference_color), legend_green + 500);
  EXPECT_EQ(pixels_of(draw_overlay(overlay), prediction_color), legend_orange);
  overlay.prediction.slice(0, 4, 9).slice(1, 8, 12).slice(2, 4, 9) = 1;
  EXPECT_GT(pixels_of(draw_overlay(overlay), prediction_color), legend_orange + 200);
}

TEST(Overlay, KeepsMillimetresSquare) {
  Overlay overlay;
  overlay.geometry = geometry({40, 40, 10}, {1, 1, 4});  // a cube of 40 mm
  overlay.image = torch::ones({10, 40, 40});
  overlay.image.index_put_({torch::indexing::Slice(), 0, 0}, 0);
  overlay.plane_height = 240;
  const torch::Tensor picture = draw_overlay(overlay);
  EXPECT_EQ(picture.size(1), 3 * 240 + 4 * 14);
  EXPECT_GE(picture.size(0), 240);
  EXPECT_LE(picture.size(0), 320);
}

TEST(Overlay, AFewSlicesAreSeenFromAboveAlone) {
  Overlay overlay;
  overlay.geometry = geometry({40, 40, 2});
  overlay.image = torch::rand({2, 40, 40});
  overlay.plane_height = 240;
  EXPECT_EQ(draw_overlay(overlay).size(1), 560);  // three planes would be wider
}

TEST(Overlay, TheLegendNamesWhatIsToBeSeen) {
  Overlay overlay;
  overlay.geometry = geometry({16, 16, 16});
  overlay.reference = torch::zeros({16, 16, 16}, torch::kInt);
  overlay.reference.slice(0, 4, 9).slice(1, 4, 9).slice(2, 4, 9) = 2;
  overlay.class_names = {{1, "absent"}, {2, "there"}};
  const torch::Tensor picture = draw_overlay(overlay);
  EXPECT_EQ(pixels_of(picture, class_color(0)), 0);
  EXPECT_GT(pixels_of(picture, class_color(1)), 100) << "in the same colour as where the other class is there too";
}

TEST(Overlay, WhatSurroundsAScanDoesNotTakeTheWindow) {
  Overlay overlay;
  overlay.geometry = geometry({16, 16, 16});
  overlay.image = torch::full({16, 16, 16}, -3000);
  overlay.image.slice(1, 2, 14).slice(2, 2, 14) = torch::arange(12).view({1, 1, 12}) * 10;
  overlay.plane_height = 160;
  const torch::Tensor grey = draw_overlay(overlay).to(torch::kInt);
  const torch::Tensor flat = (grey.amax(-1) - grey.amin(-1)) == 0;
  EXPECT_GT((flat & (grey.select(-1, 0) > 100) & (grey.select(-1, 0) < 160)).sum().item<int64_t>(), 1000);
}

TEST(Overlay, TwoDimensionsAndMissingParts) {
  Overlay flat;
  flat.geometry = geometry({30, 20, 1});
  flat.geometry.dimensions = 2;
  flat.prediction = torch::zeros({1, 20, 30}, torch::kInt);
  flat.prediction[0].slice(0, 5, 10).slice(1, 5, 10) = 1;
  flat.class_names = {{1, "nucleus ± 1"}};
  flat.title = "no image, no reference";
  EXPECT_GT(pixels_of(draw_overlay(flat), prediction_color), 100);
  EXPECT_TRUE(overlay_png(flat).starts_with("\x89PNG"));
  flat.reference = torch::zeros({1, 20, 31}, torch::kInt);
  EXPECT_THROW(draw_overlay(flat), core::UserError);
  EXPECT_THROW(draw_overlay({}), core::UserError);
}

TEST(Overlay, NanAndConstantImagesAreDrawn) {
  Overlay overlay;
  overlay.geometry = geometry({8, 8, 8});
  for (const double value : {0.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    overlay.image = torch::full({8, 8, 8}, value);
    EXPECT_EQ(draw_overlay(overlay).dim(), 3);
  }
}

TEST(Overlay, OfARealHippocampus) {
  MEDVOL_NEEDS_DATA("msd_task04_hippocampus");
  const auto root = tests::test_data() / "msd_task04_hippocampus";
  const imaging::Volume labels = imaging::read_labels(root / "labelsTr" / "hippocampus_004.nii.gz");
  const imaging::Volume image = imaging::read_image(root / "imagesTr" / "hippocampus_004.nii.gz");
  Overlay overlay;
  overlay.image = image.data;
  overlay.reference = labels.data;
  overlay.prediction = labels.data.roll(2, 2);  // a prediction two voxels aside
  overlay.geometry = labels.geometry;
  overlay.class_names = {{1, "Anterior"}, {2, "Posterior"}};
  overlay.title = "hippocampus_004 · prediction shifted by two voxels";
  const torch::Tensor picture = draw_overlay(overlay);
  EXPECT_GT(pixels_of(picture, reference_color), 1000);
  EXPECT_GT(pixels_of(picture, prediction_color), 600);
}

}  // namespace
