#include "framework/dicom/segmentation_write.h"

#include <torch/types.h>

#include "framework/dicom/data_set.h"
#include "framework/imaging/image_io.h"
#include "tests/framework/dicom/refusal.h"
#include "tests/support/support.h"

namespace medvol::dicom {
namespace {

std::filesystem::path dcmqi() { return tests::test_data() / "dcmqi_seg/data/segmentations"; }

/// Labels 3 and 9; label 9 on one slice only.
imaging::Volume two_labels(const SeriesSlices& source) {
  const auto [depth, height, width] = source.geometry.size_zyx();
  imaging::Volume map{at::zeros({depth, height, width}, at::kByte), source.geometry};
  map.data.slice(1, 3, 17).slice(2, 5, 20).fill_(3);
  map.data[1].slice(0, 20, 31).fill_(9);
  map.data[0][height - 1][width - 1] = 3;
  return map;
}

const std::vector<Segment> labels{{3, "liver"}, {9, "tumour, left"}};
const SegmentationMaker maker{"medvol unet", "0.1.0"};

TEST(SegmentationWriting, ReadsBackVoxelForVoxel) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const tests::TemporaryFolder folder;
  for (const std::string name : {"24x38x3/image", "23x38x3/image", "ct-3slice"}) {
    const SeriesSlices source = find_slices(dcmqi() / name);
    imaging::Volume map = two_labels(source);
    write_segmentation(folder / "a/map.dcm", map, labels, source, maker);
    const SegmentationObject object = open_segmentation(folder / "a/map.dcm");
    ASSERT_EQ(object.segments().size(), 2u);
    EXPECT_EQ(object.segments()[0].number, 1);
    EXPECT_EQ(object.segments()[1].label, "tumour, left");
    EXPECT_EQ(object.series_key(), list_series(dcmqi() / name).at(0).key);
    EXPECT_TRUE(object.mask(1, source.geometry).data.equal(map.data.eq(3).to(at::kByte))) << name;
    EXPECT_TRUE(object.mask(2, source.geometry).data.equal(map.data.eq(9).to(at::kByte))) << name;
  }
}

TEST(SegmentationWriting, ObliqueSlicesKeepTheirPlaces) {
  MEDVOL_NEEDS_DATA("rt_utils_rtstruct");
  const tests::TemporaryFolder folder;
  const SeriesSlices source = find_slices(tests::test_data() / "rt_utils_rtstruct/tests/oriented_data");
  const imaging::Volume map = two_labels(source);
  write_segmentation(folder / "map.dcm", map, labels, source, maker);
  EXPECT_TRUE(open_segmentation(folder / "map.dcm").mask(1, source.geometry).data.equal(map.data.eq(3).to(at::kByte)));
}

TEST(SegmentationWriting, TheSameTwiceIsTheSameFile) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const tests::TemporaryFolder folder;
  const SeriesSlices source = find_slices(dcmqi() / "24x38x3/image");
  imaging::Volume map = two_labels(source);
  write_segmentation(folder / "a.dcm", map, labels, source, maker);
  write_segmentation(folder / "b.dcm", map, labels, source, maker);
  EXPECT_EQ(tests::read_file(folder / "a.dcm"), tests::read_file(folder / "b.dcm"));
  map.data[0][0][0] = 3;
  write_segmentation(folder / "b.dcm", map, labels, source, maker);
  DcmDataset& a = *read_data_set(folder / "a.dcm")->getAndRemoveDataset();
  DcmDataset& b = *read_data_set(folder / "b.dcm")->getAndRemoveDataset();
  EXPECT_NE(text_of(a, DCM_SOPInstanceUID), text_of(b, DCM_SOPInstanceUID));
  delete &a;
  delete &b;
}

TEST(SegmentationWriting, PatientStudyAndReferencesAreTheSources) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const tests::TemporaryFolder folder;
  const SeriesSlices source = find_slices(dcmqi() / "24x38x3/image");
  write_segmentation(folder / "a.dcm", two_labels(source), labels, source, maker);
  const auto file = read_data_set(folder / "a.dcm"), image = read_data_set(source.files[1]);
  DcmDataset &data = *file->getDataset(), &slice = *image->getDataset();
  for (const DcmTagKey& tag : {DCM_PatientName, DCM_PatientID, DCM_StudyInstanceUID, DCM_FrameOfReferenceUID}) {
    EXPECT_EQ(text_of(data, tag), text_of(slice, tag)) << DcmTag(tag).getTagName();
  }
  EXPECT_NE(text_of(data, DCM_SeriesInstanceUID), text_of(slice, DCM_SeriesInstanceUID));
  const auto frames = items_of(data, DCM_PerFrameFunctionalGroupsSequence);
  ASSERT_EQ(frames.size(), 4u);  // three slices of one label, one of the other
  DcmItem* derivation = first_item_of(frames[3], DCM_DerivationImageSequence);
  DcmItem* reference = first_item_of(derivation, DCM_SourceImageSequence);
  EXPECT_EQ(text_of(*reference, DCM_ReferencedSOPInstanceUID), text_of(slice, DCM_SOPInstanceUID));
  EXPECT_EQ(text_of(*first_item_of(frames[3], DCM_FrameContentSequence), DCM_DimensionIndexValues), "2\\2");
  const auto series = items_of(data, DCM_ReferencedSeriesSequence);
  ASSERT_EQ(series.size(), 1u);
  EXPECT_EQ(items_of(*series[0], DCM_ReferencedInstanceSequence).size(), 3u);
}

TEST(SegmentationWriting, NothingFoundIsOneEmptyFrame) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const tests::TemporaryFolder folder;
  const SeriesSlices source = find_slices(dcmqi() / "24x38x3/image");
  imaging::Volume map = two_labels(source);
  map.data.zero_();
  write_segmentation(folder / "a.dcm", map, labels, source, maker);
  const SegmentationObject object = open_segmentation(folder / "a.dcm");
  EXPECT_EQ(object.segments().size(), 2u);
  EXPECT_EQ(object.label_map(source.geometry).data.any().item<bool>(), false);
}

TEST(SegmentationWriting, LongAndForeignNamesFit) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const tests::TemporaryFolder folder;
  const SeriesSlices source = find_slices(dcmqi() / "24x38x3/image");
  const std::string long_name(100, 'x');
  write_segmentation(folder / "a.dcm", two_labels(source), {{3, "Föie\\gauche"}, {9, long_name}}, source, maker);
  const SegmentationObject object = open_segmentation(folder / "a.dcm");
  EXPECT_EQ(object.segments()[0].label, "Föie/gauche");
  EXPECT_EQ(object.segments()[1].label, long_name.substr(0, 64));
}

}  // namespace
}  // namespace medvol::dicom
