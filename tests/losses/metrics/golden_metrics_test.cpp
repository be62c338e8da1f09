#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "framework/imaging/image_io.h"
#include "losses/metrics/surface.h"
#include "tests/support/support.h"

// Every column of golden_metrics.json, computed by surface-distance, MedPy and SimpleITK on real segmentations.
namespace medvol::metrics {
namespace {

using Json = nlohmann::json;
constexpr double relative_tolerance = 1e-9;  // SimpleITK's distances are float32: 1e-6 there

void expect_equal(double value, const Json& golden, const std::string& what, double tolerance = relative_tolerance) {
  const double expected = golden.get<double>();
  EXPECT_NEAR(value, expected, tolerance * std::max(1e-6, std::abs(expected))) << what;
}

class Segmentations {
 public:
  const imaging::Volume& at(const std::string& path) {
    if (!volumes_.contains(path)) volumes_[path] = imaging::read_labels(tests::test_data() / path);
    return volumes_.at(path);
  }

 private:
  std::map<std::string, imaging::Volume> volumes_;
};

Structure structure_of(const Json& label) {
  if (label.is_number()) return {std::to_string(label.get<int64_t>()), {label.get<int64_t>()}};
  Structure foreground{"foreground", {}};
  for (int64_t value = 1; value <= 250; ++value) foreground.labels.push_back(value);
  return foreground;
}

void check_counts(const Counts& counts, const Json& row, const std::string& what) {
  EXPECT_EQ(counts.tp, row["tp"].get<int64_t>()) << what;
  EXPECT_EQ(counts.reference(), row["n_ref"].get<int64_t>()) << what;
  EXPECT_EQ(counts.predicted(), row["n_pred"].get<int64_t>()) << what;
  EXPECT_DOUBLE_EQ(dice(counts), row["dice"].get<double>()) << what;
  EXPECT_DOUBLE_EQ(iou(counts), row["iou"].get<double>()) << what;
  expect_equal(volume_similarity(counts), row["sitk"]["volume_similarity"], what);
  expect_equal(dice(counts), row["sitk"]["dice"], what);
}

void check_surfels(const MaskPair& masks, const Json& golden, const std::string& what) {
  const auto surfaces = compare_surfaces(masks, SurfaceDefinition::surfels);
  expect_equal(surfaces.hausdorff(), golden["hd100"], what + " hd100");
  expect_equal(surfaces.hausdorff(95), golden["hd95"], what + " hd95");
  expect_equal(surfaces.normalised(1), golden["nsd_1mm"], what + " nsd 1 mm");
  expect_equal(surfaces.normalised(2), golden["nsd_2mm"], what + " nsd 2 mm");
  expect_equal(surfaces.overlap(1)[0], golden["overlap_1mm"][0], what + " overlap of the reference");
  expect_equal(surfaces.overlap(1)[1], golden["overlap_1mm"][1], what + " overlap of the prediction");
  expect_equal(surfaces.mean_from_reference(), golden["asd_gt_to_pred_and_pred_to_gt"][0], what + " asd");
  expect_equal(surfaces.mean_from_prediction(), golden["asd_gt_to_pred_and_pred_to_gt"][1], what + " asd");
}

void check_medpy(const MaskPair& masks, const Json& row, const std::string& what) {
  const auto surfaces = compare_surfaces(masks, SurfaceDefinition::medpy);
  for (const char* variant : {"medpy_padded", "medpy_unpadded"}) {
    expect_equal(surfaces.hausdorff(), row[variant]["hd"], what + " medpy hd");
    expect_equal(surfaces.hausdorff(95), row[variant]["hd95"], what + " medpy hd95");
    expect_equal(surfaces.average_symmetric(), row[variant]["assd"], what + " medpy assd");
  }
  expect_equal(surfaces.mean_from_prediction(), row["medpy_padded"]["asd_pred_to_ref"], what + " medpy asd");
  expect_equal(surfaces.mean_from_reference(), row["medpy_padded"]["asd_ref_to_pred"], what + " medpy asd");
}

void check_all_voxels(const MaskPair& masks, const Json& golden, const std::string& what) {
  const auto distances = compare_surfaces(masks, SurfaceDefinition::all_voxels);
  expect_equal(distances.hausdorff(), golden["hausdorff_all_voxels"], what + " sitk hd", 1e-6);
  expect_equal(distances.average_symmetric(), golden["avg_hausdorff_all_voxels"], what + " sitk average", 1e-6);
}

TEST(GoldenMetrics, EqualToThreeToolsOnRealSegmentations) {
  MEDVOL_NEEDS_DATA("golden_metrics.json");
  const Json golden = Json::parse(tests::read_file(tests::test_data() / "golden_metrics.json"));
  ASSERT_EQ(golden["rows"].size(), 27u);
  Segmentations segmentations;
  for (const auto& row : golden["rows"]) {
    const auto& reference = segmentations.at(row["ref"].get<std::string>());
    const auto& prediction = segmentations.at(row["pred"].get<std::string>());
    const Structure structure = structure_of(row["label"]);
    const std::string what = row["pred"].get<std::string>() + " label " + structure.name;
    const auto counted = count_structures(reference.data, prediction.data, {structure}).front();
    check_counts(counted.counts, row, what);
    const MaskPair masks = mask_pair(reference.data, prediction.data, structure, std::nullopt, counted.box,
                                     reference.geometry.spacing_zyx(), 3);
    for (int axis = 0; axis < 3; ++axis)
      EXPECT_NEAR(masks.spacing[size_t(2 - axis)], row["spacing_mm"][size_t(axis)].get<double>(), 1e-12) << what;
    check_surfels(masks, row["surface_distance"], what);
    check_medpy(masks, row, what);
    check_all_voxels(masks, row["sitk"], what);
  }
}

}  // namespace
}  // namespace medvol::metrics
