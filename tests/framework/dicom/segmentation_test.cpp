#include "framework/dicom/segmentation.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcrleerg.h>
#include <torch/types.h>

#include <nlohmann/json.hpp>
#include <random>

#include "framework/dicom/data_set.h"
#include "framework/dicom/series.h"
#include "framework/imaging/image_io.h"
#include "tests/framework/dicom/refusal.h"
#include "tests/support/support.h"

namespace medvol::dicom {
namespace {

std::filesystem::path dcmqi() { return tests::test_data() / "dcmqi_seg/data/segmentations"; }
std::filesystem::path highdicom() { return tests::test_data() / "highdicom_tests/data/test_files"; }

/// Voxel for voxel where the reference map holds `label`.
void expect_equals_reference(const imaging::Volume& mask, const std::filesystem::path& reference, int64_t label) {
  const imaging::Volume map = imaging::read_labels(reference);
  EXPECT_TRUE(mask.geometry.matches(map.geometry)) << mask.geometry.text() << ", " << map.geometry.text();
  EXPECT_EQ(mask.data.scalar_type(), at::kByte);
  EXPECT_TRUE(mask.data.equal(map.data.eq(label).to(at::kByte))) << reference << ", label " << label;
  EXPECT_TRUE(mask.data.any().item<bool>());
}

/// Voxels and the sums of their indices x, y, z.
std::vector<int64_t> moments(const at::Tensor& mask) {
  const at::Tensor places = mask.nonzero();
  const at::Tensor sums = places.sum(0);
  return {places.size(0), sums[2].item<int64_t>(), sums[1].item<int64_t>(), sums[0].item<int64_t>()};
}

/// A copy of a real file, with one thing changed.
template <class Change>
std::filesystem::path changed(const tests::TemporaryFolder& folder, const std::filesystem::path& original,
                              const Change& change) {
  const auto file = read_data_set(original);
  change(*file->getDataset());
  const auto path = folder / "changed.dcm";
  write_data_set(path, *file);
  return path;
}

TEST(Segmentation, BinaryEqualsItsReferenceOnTheSeriesGrid) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const imaging::Geometry grid = find_slices(dcmqi() / "ct-3slice").geometry;
  const SegmentationObject liver = open_segmentation(dcmqi() / "liver.dcm");
  EXPECT_EQ(liver.kind(), SegmentationKind::binary);
  ASSERT_EQ(liver.segments().size(), 1u);
  EXPECT_EQ(liver.segments()[0].label, "Liver");
  EXPECT_EQ(liver.series_key(), list_series(dcmqi() / "ct-3slice").at(0).key);
  expect_equals_reference(liver.mask(liver.number_of("Liver"), grid), dcmqi() / "liver_seg.nrrd", 1);
}

TEST(Segmentation, FramesThatEndWithinAByte) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  for (const std::string size : {"23x38x3", "24x38x3"}) {  // 874 and 912 bits a frame
    const auto folder = dcmqi() / size;
    const SegmentationObject object = open_segmentation(folder / "seg/label.seg");
    const imaging::Geometry grid = find_slices(folder / "image").geometry;
    expect_equals_reference(object.mask(1, grid), folder / "nrrd/label.nrrd", 1);
    EXPECT_TRUE(object.label_map(grid).data.equal(imaging::read_labels(folder / "nrrd/label.nrrd").data));
  }
}

TEST(Segmentation, SegmentsOverlapAndAreSparse) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const imaging::Geometry grid = find_slices(dcmqi() / "ct-3slice").geometry;
  const SegmentationObject object = open_segmentation(dcmqi() / "partial_overlaps.dcm");
  const std::vector<std::pair<int64_t, std::string>> files{{1, "1"}, {2, "2"}, {3, "3"}, {4, "1"}, {5, "1"}};
  ASSERT_EQ(object.segments().size(), files.size());
  for (const auto& [number, file] : files) {
    expect_equals_reference(object.mask(number, grid), dcmqi() / ("partial_overlaps-" + file + ".nrrd"), number);
  }
  EXPECT_TRUE(contains(refusal([&] { object.label_map(grid); }), "overlap"));
  EXPECT_TRUE(contains(refusal([&] { object.mask(6, grid); }), "no segment 6"));
  EXPECT_TRUE(contains(refusal([&] { object.number_of("GREAN"); }), "did you mean 'GREEN'"));
}

TEST(Segmentation, LabelMapsLeaveOutFramesAndPadding) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const imaging::Geometry grid = find_slices(dcmqi() / "24x38x3/image").geometry;
  for (const std::string name : {"noppv", "ppv5"}) {
    const SegmentationObject object = open_segmentation(dcmqi() / ("sparse-labelmap-" + name + ".dcm"));
    EXPECT_EQ(object.kind(), SegmentationKind::labelmap);
    ASSERT_EQ(object.segments().size(), 2u);
    EXPECT_EQ(object.segments()[0].number, 0);
    EXPECT_EQ(object.segments()[1].label, "Liver");
    const imaging::Volume mask = object.mask(1, grid);
    expect_equals_reference(mask, dcmqi() / ("sparse_labelmap_" + name + "_seg.nrrd"), 1);
    EXPECT_TRUE(object.label_map(grid).data.equal(mask.data.to(at::kInt)));
  }
}

TEST(Segmentation, WhatPydicomReads) {
  MEDVOL_NEEDS_DATA("highdicom_tests");
  const auto golden =
      nlohmann::json::parse(tests::read_file(tests::source_root() / "tests/framework/dicom/golden/segmentations.json"));
  ASSERT_EQ(golden.size(), 5u);
  for (const auto& [name, expected] : golden.items()) {
    const SegmentationObject object = open_segmentation(highdicom() / name);
    EXPECT_EQ(object.kind() == SegmentationKind::fractional, expected["kind"] == "FRACTIONAL") << name;
    imaging::Geometry grid;
    grid.size = expected["size"];
    grid.spacing = expected["spacing"];
    grid.origin = expected["origin"];
    ASSERT_EQ(object.segments().size(), expected["segments"].size());
    for (const Segment& segment : object.segments()) {
      const auto& values = expected["segments"][std::to_string(segment.number)];
      EXPECT_EQ(segment.label, values["label"]);
      EXPECT_EQ(moments(object.mask(segment.number, grid).data), values["moments"].get<std::vector<int64_t>>()) << name;
    }
  }
}

TEST(Segmentation, ASingleFrameLiesOnItsSlice) {
  MEDVOL_NEEDS_DATA("highdicom_tests");
  const auto golden =
      nlohmann::json::parse(tests::read_file(tests::source_root() / "tests/framework/dicom/golden/segmentations.json"));
  const std::string name = "seg_image_ct_binary_single_frame.dcm";
  const imaging::Volume mask =
      open_segmentation(highdicom() / name).mask(1, find_slices(highdicom() / "ct_image.dcm").geometry);
  EXPECT_EQ(moments(mask.data), golden[name]["segments"]["1"]["moments"].get<std::vector<int64_t>>());
}

TEST(Segmentation, TheThresholdOfSharesIsInclusive) {
  MEDVOL_NEEDS_DATA("highdicom_tests");
  const SegmentationObject object = open_segmentation(highdicom() / "seg_image_ct_true_fractional.dcm");
  imaging::Geometry grid;
  grid.size = {16, 16, 3};
  grid.spacing = {0.488281, 0.488281, 1.25};
  grid.origin = {-125.0, -128.100006, 103.019997};
  int64_t last = 16 * 16 * 3 + 1;
  for (const double threshold : {1.0 / 255, 0.25, 0.5, 0.75, 1.0}) {
    const int64_t voxels = object.mask(1, grid, threshold).data.sum().item<int64_t>();
    EXPECT_LE(voxels, last);
    last = voxels;
  }
  EXPECT_GT(object.mask(1, grid, 1.0 / 255).data.sum().item<int64_t>(), last);
}

TEST(Segmentation, AnyAxesOfTheGridAndEitherDirection) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const imaging::Geometry grid = find_slices(dcmqi() / "23x38x3/image").geometry;
  const SegmentationObject object = open_segmentation(dcmqi() / "23x38x3/seg/label.seg");
  const at::Tensor mask = object.mask(1, grid).data;
  imaging::Geometry turned = grid;  // x' = -z, y' = x, z' = y
  turned.size = {grid.size[2], grid.size[0], grid.size[1]};
  turned.spacing = {grid.spacing[2], grid.spacing[0], grid.spacing[1]};
  turned.direction = {0, 1, 0, 0, 0, 1, -1, 0, 0};
  turned.origin[2] += grid.spacing[2] * static_cast<double>(grid.size[2] - 1);
  EXPECT_TRUE(object.mask(1, turned).data.equal(mask.flip(0).permute({1, 2, 0})));
}

TEST(Segmentation, OtherGridsAreRefused) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const imaging::Geometry grid = find_slices(dcmqi() / "23x38x3/image").geometry;
  const SegmentationObject object = open_segmentation(dcmqi() / "23x38x3/seg/label.seg");
  const auto said = [&](imaging::Geometry other) { return refusal([&] { object.mask(1, other); }); };
  imaging::Geometry other = grid;
  other.origin[0] += 0.35;
  EXPECT_TRUE(contains(said(other), "do not lie on the voxels"));
  other = grid;
  other.spacing[1] *= 1.01;  // 0.37 voxels at the far end
  EXPECT_TRUE(contains(said(other), "do not lie on the voxels"));
  other = grid;
  other.spacing[2] = 5;
  EXPECT_TRUE(contains(said(other), "do not lie on the voxels"));
  other = grid;
  other.direction = {0.6, -0.8, 0, 0.8, 0.6, 0, 0, 0, 1};
  EXPECT_TRUE(contains(said(other), "do not lie on the voxels"));
  other = grid;
  other.size[2] = 2;
  EXPECT_TRUE(contains(said(other), "outside the image"));
  other = grid;
  other.spacing[0] = 0;
  EXPECT_NE(said(other), "");
  other = grid;
  other.origin[0] += 0.7;  // whole voxels beside it: what lies outside is refused, the rest would be a shift
  other.size = {40, 40, 4};
  EXPECT_EQ(said(other).find("voxels of the image"), std::string::npos);
}

TEST(Segmentation, WithoutAPlaceInThePatient) {
  MEDVOL_NEEDS_DATA("highdicom_tests");
  imaging::Geometry grid;
  grid.size = {16, 16, 20};
  for (const char* name :
       {"seg_image_sm_control.dcm", "seg_image_sm_control_labelmap.dcm", "seg_image_cr_binary.dcm"}) {
    const SegmentationObject object = open_segmentation(highdicom() / name);
    EXPECT_TRUE(contains(refusal([&] { object.mask(1, grid); }), "no place in the patient")) << name;
  }
  EXPECT_TRUE(contains(refusal([] { open_segmentation(highdicom() / "seg_image_sm_dots_tiled_full.dcm"); }), "TILED"));
  EXPECT_TRUE(contains(refusal([] { open_segmentation(highdicom() / "ct_image.dcm"); }), "no DICOM segmentation"));
  EXPECT_TRUE(contains(refusal([] { open_segmentation(highdicom() / "README.md"); }), "no DICOM file"));
  EXPECT_TRUE(contains(refusal([] { open_segmentation(highdicom() / "absent"); }), "no such file"));
}

TEST(Segmentation, InconsistentFilesAreOneLine) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const tests::TemporaryFolder folder;
  const auto binary = dcmqi() / "23x38x3/seg/label.seg", map = dcmqi() / "sparse-labelmap-noppv.dcm";
  const auto said = [&](const std::filesystem::path& original, auto change) {
    return refusal([&] { open_segmentation(changed(folder, original, change)); });
  };
  EXPECT_EQ(said(binary, [](DcmDataset&) {}), "");
  EXPECT_TRUE(contains(said(binary,
                            [](DcmDataset& data) {
                              DcmItem* frame = items_of(data, DCM_PerFrameFunctionalGroupsSequence).at(1);
                              DcmItem* segment = first_item_of(frame, DCM_SegmentIdentificationSequence);
                              segment->putAndInsertUint16(DCM_ReferencedSegmentNumber, 7);
                            }),
                       "a frame of segment 7"));
  EXPECT_TRUE(contains(said(binary, [](DcmDataset& data) { data.putAndInsertString(DCM_NumberOfFrames, "4"); }),
                       "4 frames, but functional groups of 3"));
  EXPECT_TRUE(contains(said(binary, [](DcmDataset& data) { data.findAndDeleteElement(DCM_SegmentSequence); }),
                       "declares no segment"));
  EXPECT_TRUE(contains(said(binary, [](DcmDataset& data) { data.putAndInsertUint16(DCM_Rows, 39); }), "do not fill"));
  EXPECT_TRUE(
      contains(said(binary, [](DcmDataset& data) { data.putAndInsertUint16(DCM_BitsAllocated, 8); }), "8 bits"));
  EXPECT_TRUE(
      contains(said(binary, [](DcmDataset& data) { data.findAndDeleteElement(DCM_PixelData); }), "do not fill"));
  EXPECT_TRUE(contains(said(binary, [](DcmDataset& data) { data.putAndInsertString(DCM_SegmentationType, "MESH"); }),
                       "'MESH'"));
  EXPECT_TRUE(contains(said(map,
                            [](DcmDataset& data) {
                              DcmItem* liver = items_of(data, DCM_SegmentSequence).at(1);
                              liver->putAndInsertUint16(DCM_SegmentNumber, 2);
                            }),
                       "hold 1, which stands for no segment"));
}

TEST(Segmentation, WithoutFramesASegmentIsEmptyAndWithoutReferencesItsSeriesUnknown) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const tests::TemporaryFolder folder;
  const SegmentationObject object =
      open_segmentation(changed(folder, dcmqi() / "23x38x3/seg/label.seg", [](DcmDataset& data) {
        data.findAndDeleteElement(DCM_ReferencedSeriesSequence);
        DcmItem* second = nullptr;
        data.findOrCreateSequenceItem(DCM_SegmentSequence, second, -2);
        second->putAndInsertUint16(DCM_SegmentNumber, 2);
        second->putAndInsertString(DCM_SegmentLabel, "Nothing");
      }));
  EXPECT_EQ(object.series_key(), "");
  const imaging::Geometry grid = find_slices(dcmqi() / "23x38x3/image").geometry;
  EXPECT_EQ(object.mask(object.number_of("Nothing"), grid).data.sum().item<int64_t>(), 0);
}

TEST(Segmentation, CompressedLabelMapsAreDecoded) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const imaging::Geometry grid = find_slices(dcmqi() / "24x38x3/image").geometry;
  const auto original = dcmqi() / "sparse-labelmap-noppv.dcm";
  const tests::TemporaryFolder folder;
  const auto file = read_data_set(original);
  write_data_set(folder / "deflated.dcm", *file, EXS_DeflatedLittleEndianExplicit);
  const imaging::Volume expected = open_segmentation(original).mask(1, grid);
  EXPECT_TRUE(open_segmentation(folder / "deflated.dcm").mask(1, grid).data.equal(expected.data));
  DcmRLEEncoderRegistration::registerCodecs();
  ASSERT_TRUE(file->getDataset()->chooseRepresentation(EXS_RLELossless, nullptr).good());
  write_data_set(folder / "rle.dcm", *file, EXS_RLELossless);
  DcmRLEEncoderRegistration::cleanup();
  EXPECT_TRUE(open_segmentation(folder / "rle.dcm").mask(1, grid).data.equal(expected.data));
}

TEST(Segmentation, CutOrDamagedFilesNeverEndTheProgram) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  MEDVOL_NEEDS_DATA("highdicom_tests");
  const tests::TemporaryFolder folder;
  const auto path = folder / "cut.dcm";
  std::mt19937 random(5);
  for (const auto& original : {dcmqi() / "23x38x3/seg/label.seg", dcmqi() / "sparse-labelmap-ppv5.dcm",
                               highdicom() / "seg_image_ct_binary_overlap.dcm"}) {
    const std::string bytes = tests::read_file(original);
    for (size_t size = 0; size < bytes.size(); size += 1 + random() % 97) {
      tests::write_file(path, bytes.substr(0, size));
      EXPECT_NE(refusal([&] { open_segmentation(path); }), "") << original << " cut to " << size;
    }
    const imaging::Geometry grid = find_slices(dcmqi() / "23x38x3/image").geometry;
    for (int i = 0; i < 150; ++i) {
      std::string damaged = bytes;
      for (int k = 0; k < 3; ++k) damaged[132 + random() % (damaged.size() - 132)] = static_cast<char>(random());
      tests::write_file(path, damaged);
      refusal([&] { open_segmentation(path).mask(1, grid); });  // one line, or a picture of what is left
    }
  }
}

}  // namespace
}  // namespace medvol::dicom
