#include "framework/dicom/series.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "framework/dicom/slice_header.h"
#include "framework/dicom/slice_stack.h"
#include "framework/imaging/grid_transform.h"
#include "framework/imaging/image_io.h"
#include "tests/framework/dicom/refusal.h"
#include "tests/support/support.h"

namespace medvol::dicom {
namespace {

std::filesystem::path ge_folder() { return tests::test_data() / "dcm_qa_ct_ge/In/GE"; }
std::filesystem::path torchio_folder() { return tests::test_data() / "torchio_dicom/tests/image_data/dicom"; }
std::filesystem::path total_folder() { return tests::test_data() / "totalsegmentator_tests/tests/reference_files"; }

/// Slices of 10x8 pixels at these places, in the plane of `row` x `column`.
std::vector<SliceHeader> slices_at(const std::vector<std::array<double, 3>>& positions,
                                   std::array<double, 6> orientation = {1, 0, 0, 0, 1, 0}) {
  std::vector<SliceHeader> slices;
  for (const auto& position : positions) {
    SliceHeader slice;
    slice.columns = 10;
    slice.rows = 8;
    slice.position = position;
    slice.orientation = orientation;
    slice.spacing = {0.5, 0.75};
    slice.thickness = 9;
    slices.push_back(slice);
  }
  return slices;
}

TEST(SliceStack, SpacingIsTheDistanceOfPositionsNotTheThickness) {
  const SliceStack stack = stack_slices(slices_at({{1, 2, 30}, {1, 2, 26}, {1, 2, 28}}), "here");
  EXPECT_EQ(stack.geometry.size, (std::array<int64_t, 3>{10, 8, 3}));
  EXPECT_EQ(stack.geometry.spacing, (std::array<double, 3>{0.75, 0.5, 2}));
  EXPECT_EQ(stack.geometry.origin, (std::array<double, 3>{1, 2, 26}));
  EXPECT_EQ((*stack.slices.back().position)[2], 30);
}

TEST(SliceStack, OrderFollowsTheNormalOfAnObliquePlane) {
  // Sagittal: rows run to the back, columns to the head, so the normal points to the left (LPS +x).
  const SliceStack stack = stack_slices(slices_at({{0, 5, 5}, {3, 5, 5}, {1.5, 5, 5}}, {0, 1, 0, 0, 0, 1}), "here");
  EXPECT_EQ(stack.geometry.origin[0], 0);
  EXPECT_EQ(stack.geometry.spacing[2], 1.5);
  EXPECT_EQ(stack.geometry.direction, (std::array<double, 9>{0, 0, 1, 1, 0, 0, 0, 1, 0}));
}

TEST(SliceStack, RoundedPositionsAreNoGap) {
  std::vector<std::array<double, 3>> positions;
  for (int i = 0; i < 200; ++i) positions.push_back({0, 0, std::round(i * 6.25) / 10});  // 0.625 mm to 0.1 mm
  EXPECT_NEAR(stack_slices(slices_at(positions), "here").geometry.spacing[2], 0.625, 1e-3);
}

TEST(SliceStack, AMissingSliceIsRefusedWithItsGap) {
  for (const int missing : {1, 50, 98}) {
    std::vector<std::array<double, 3>> positions;
    for (int i = 0; i < 100; ++i) {
      if (i != missing) positions.push_back({0, 0, 1.5 * i});
    }
    const std::string message = refusal([&] { stack_slices(slices_at(positions), "folder/x"); });
    EXPECT_TRUE(contains(message, "3.00")) << message;
    EXPECT_TRUE(contains(message, "1.50 (")) << message;
    EXPECT_TRUE(contains(message, "folder/x"));
  }
}

TEST(SliceStack, TiltIsMeasuredInDegrees) {
  const double tilt = std::tan(7.5 * 3.14159265358979 / 180);
  const std::string message = refusal([&] {
    stack_slices(slices_at({{0, 0, 0}, {0, 2 * tilt, 2}, {0, 4 * tilt, 4}}), "here");
  });
  EXPECT_TRUE(contains(message, "gantry tilt of 7.5 degrees")) << message;
  EXPECT_FALSE(contains(message, "uneven")) << message;
}

TEST(SliceStack, UnlikeSlicesAreRefused) {
  EXPECT_TRUE(contains(refusal([] { stack_slices(slices_at({{0, 0, 0}, {0, 0, 0}}), "here"); }), "share a position"));
  auto sizes = slices_at({{0, 0, 0}, {0, 0, 1}});
  sizes[1].rows = 9;
  EXPECT_TRUE(contains(refusal([&] { stack_slices(sizes, "here"); }), "10x8 and of 10x9"));
  auto turned = slices_at({{0, 0, 0}, {0, 0, 1}});
  turned[1].orientation = {0, 1, 0, 0, 0, 1};
  EXPECT_TRUE(contains(refusal([&] { stack_slices(turned, "here"); }), "orientation"));
  auto nowhere = slices_at({{0, 0, 0}, {0, 0, 1}});
  nowhere[0].position.reset();
  EXPECT_TRUE(contains(refusal([&] { stack_slices(nowhere, "here"); }), "ImagePositionPatient"));
  auto frames = slices_at({{0, 0, 0}});
  frames[0].frames = 12;
  EXPECT_TRUE(contains(refusal([&] { stack_slices(frames, "here"); }), "12 frames"));
}

TEST(Series, Jpeg2000SeriesLiesOnItsSegmentationsGrid) {
  MEDVOL_NEEDS_DATA("totalsegmentator_tests");
  const imaging::Volume ct = read_series(total_folder() / "example_ct_dicom");
  EXPECT_EQ(ct.data.sizes(), (std::vector<int64_t>{1, 20, 512, 512}));
  EXPECT_NEAR(ct.geometry.spacing[2], 2.0, 1e-6);  // SliceThickness says 3
  imaging::GridTransform ours = imaging::GridTransform::start(ct.geometry);
  const auto segmentation = imaging::read_geometry(total_folder() / "example_seg_dicom.nii.gz");
  imaging::GridTransform theirs = imaging::GridTransform::start(segmentation);
  EXPECT_TRUE(ours.orient_to_ras().network_geometry().matches(theirs.orient_to_ras().network_geometry()));
  // Hounsfield units: air outside the body near -1000 (rescale intercept -1024 applied), bone below 4000.
  EXPECT_GE(ct.data.min().item<float>(), -1024);
  EXPECT_LT(ct.data.min().item<float>(), -950);
  EXPECT_LT(ct.data.max().item<float>(), 4000);
}

TEST(Series, FlippedAxesInThePlane) {
  MEDVOL_NEEDS_DATA("torchio_dicom");
  const imaging::Volume ct = read_series(torchio_folder());
  EXPECT_EQ(ct.geometry.size, (std::array<int64_t, 3>{88, 128, 17}));
  EXPECT_EQ(ct.geometry.direction, (std::array<double, 9>{-1, 0, 0, 0, -1, 0, 0, 0, 1}));
  for (const double spacing : ct.geometry.spacing) EXPECT_NEAR(spacing, 2, 1e-5);
  EXPECT_NEAR(ct.geometry.origin[2], -24.707, 1e-6);
  imaging::GridTransform transform = imaging::GridTransform::start(ct.geometry);
  EXPECT_TRUE(transform.orient_to_ras().apply_image(ct.data).equal(ct.data));  // it is RAS already
}

TEST(Series, TiltedUnevenSeriesIsRefusedWithWhatWasMeasured) {
  MEDVOL_NEEDS_DATA("dcm_qa_ct_ge");
  const std::string message = refusal([] { read_series(ge_folder()); });
  EXPECT_TRUE(contains(message, "gantry tilt of 18.5 degrees")) << message;
  EXPECT_TRUE(contains(message, "4.00 (3 times), 1.08, 7.00 (3 times) mm")) << message;
}

TEST(Series, EveryEncodingGivesTheSamePixels) {
  MEDVOL_NEEDS_DATA("dicomparser_tests");
  const auto folder = tests::test_data() / "dicomparser_tests/testImages";
  const imaging::Volume reference = read_series(folder / "CT1_UNC.explicit_little_endian.dcm");
  EXPECT_EQ(reference.data.sizes(), (std::vector<int64_t>{1, 1, 512, 512}));
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".dcm") continue;
    EXPECT_TRUE(read_series(entry.path()).data.equal(reference.data)) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 8);
  EXPECT_EQ(read_series(folder / "deflate/image_dfl").data.size(3), 512);
  // The copies of one slice in one folder are no volume; the electrocardiogram beside the image is no image.
  EXPECT_TRUE(contains(refusal([&] { read_series(folder / "encapsulated"); }), "share a position"));
  EXPECT_TRUE(contains(refusal([&] { read_series(folder / "deflate/wave_dfl"); }), "no image series"));
}

TEST(Series, DamagedFilesAreOneLine) {
  MEDVOL_NEEDS_DATA("dicomparser_tests");
  MEDVOL_NEEDS_DATA("totalsegmentator_tests");
  const tests::TemporaryFolder folder;
  const auto plain = tests::test_data() / "dicomparser_tests/testImages/CT1_UNC.explicit_little_endian.dcm";
  const auto j2k = std::filesystem::directory_iterator(total_folder() / "example_ct_dicom")->path();
  for (const auto& source : {plain, j2k}) {
    const std::string bytes = tests::read_file(source);
    for (const double part : {0.5, 0.9, 0.01}) {
      tests::write_file(folder / "cut.dcm", bytes.substr(0, static_cast<size_t>(part * double(bytes.size()))));
      const std::string message = refusal([&] { read_series(folder.path()); });
      EXPECT_NE(message, "") << source << " " << part;
    }
  }
  tests::write_file(folder / "cut.dcm", "no DICOM at all");
  EXPECT_TRUE(contains(refusal([&] { read_series(folder.path()); }), "cut.dcm"));
  tests::write_file(folder / "cut.dcm", "");
  EXPECT_NE(refusal([&] { list_series(folder.path()); }), "");
  EXPECT_TRUE(contains(refusal([&] { list_series(folder / "absent"); }), "absent"));
}

TEST(Series, SeveralAreListedAndOneIsChosenByName) {
  MEDVOL_NEEDS_DATA("torchio_dicom");
  MEDVOL_NEEDS_DATA("totalsegmentator_tests");
  const tests::TemporaryFolder folder;
  std::filesystem::copy(torchio_folder(), folder / "a");
  std::filesystem::copy(total_folder() / "example_ct_dicom", folder / "b");
  tests::write_file(folder / "b/notes.txt", "not DICOM");
  const std::vector<SeriesInfo> series = list_series(folder.path());
  ASSERT_EQ(series.size(), 2u);
  EXPECT_EQ(series[0].description, "CT Body 3.0");
  EXPECT_EQ(series[0].slices, 20);
  EXPECT_EQ(series[1].slices, 17);
  EXPECT_EQ(series[1].size, (std::array<int64_t, 2>{88, 128}));
  const std::string message = refusal([&] { read_series(folder.path()); });
  for (const SeriesInfo& one : series) EXPECT_TRUE(contains(message, one.text())) << message;
  EXPECT_EQ(read_series(folder.path(), "CT Body 3.0").data.size(1), 20);
  EXPECT_EQ(read_series(folder.path(), series[1].key).data.size(1), 17);
  EXPECT_EQ(read_series(folder.path(), series[1].key.substr(0, 8)).data.size(1), 17);
  EXPECT_EQ(read_series(folder.path(), "CT B").data.size(1), 20);
  EXPECT_TRUE(contains(refusal([&] { read_series(folder.path(), "T2"); }), "no series is named 'T2'"));
  EXPECT_TRUE(contains(refusal([&] { read_series(folder.path(), ""); }), "2 series"));
}

TEST(Series, AMissingFileIsFound) {
  MEDVOL_NEEDS_DATA("torchio_dicom");
  const tests::TemporaryFolder folder;
  std::filesystem::copy(torchio_folder(), folder / "a");
  std::filesystem::remove(folder / "a/IMG0009.dcm");
  const std::string message = refusal([&] { read_series(folder.path()); });
  EXPECT_TRUE(contains(message, "2.00 (7 times), 4.00, 2.00 (7 times) mm")) << message;
}

TEST(Series, NothingShownIdentifies) {
  MEDVOL_NEEDS_DATA("dcm_qa_ct_ge");
  const auto header = read_slice_header(ge_folder() / "11.dcm");
  ASSERT_TRUE(header);
  ASSERT_FALSE(header->series_uid.empty());
  const SeriesInfo info = list_series(ge_folder()).at(0);
  EXPECT_EQ(info.key.size(), 12u);
  EXPECT_EQ(info.key, list_series(ge_folder() / "12.dcm").at(0).key);
  const std::string message = info.text() + refusal([] { read_series(ge_folder()); });
  EXPECT_FALSE(contains(message, header->series_uid.substr(header->series_uid.size() - 8)));
}

}  // namespace
}  // namespace medvol::dicom
