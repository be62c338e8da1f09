// LUNA16's spheres and LIDC's outlines.
#include <gmock/gmock.h>

#include <ATen/ATen.h>

#include <cmath>

#include "datasets/catalogue/integrity.h"
#include "datasets/catalogue/lidc.h"
#include "datasets/catalogue/lidc_nodules.h"
#include "datasets/catalogue/luna16.h"
#include "datasets/catalogue/read_case.h"
#include "datasets/catalogue/spheres.h"
#include "datasets/catalogue/splits.h"
#include "framework/imaging/image_io.h"
#include "tests/datasets/catalogue/layout_checks.h"
#include "tests/datasets/catalogue/lung_scans.h"

namespace medvol::datasets {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using tests::TemporaryFolder;

TEST(Spheres, HaveTheirVolumeAndPlaceOnATurnedGrid) {
  const imaging::Geometry grid = turned_grid();
  const at::Tensor drawn = draw_spheres({{{4, 12, -291}, 7}}, grid).data;
  const double volume = static_cast<double>(drawn.sum().item<int64_t>()) * 0.25;
  EXPECT_NEAR(volume, 3.14159265 / 6 * 343, 6);
  // World (4, 12) is 8 mm along both reversed axes: index 16, 16; z is slice 9.
  EXPECT_EQ(drawn[9][16][16].item<int32_t>(), 1);
  EXPECT_EQ(drawn[9][16][16 + 7].item<int32_t>(), 1);
  EXPECT_EQ(drawn[9][16][16 + 8].item<int32_t>(), 0);
  EXPECT_EQ(drawn[9 + 3][16][16].item<int32_t>(), 1);
  EXPECT_EQ(drawn[9 + 4][16][16].item<int32_t>(), 0);
  // Smaller than a voxel: the nearest one.
  EXPECT_EQ(draw_spheres({{{4.2, 12, -291.4}, 0.1}}, grid).data.sum().item<int64_t>(), 1);
  EXPECT_THAT(error_of([&] { draw_spheres({{{14, 12, -291}, 7}}, grid); }), HasSubstr("lies outside the image"));
}

TEST(Luna16, DrawsNodulesOverLungsAndFoldsAreSubsets) {
  const TemporaryFolder folder;
  luna_scan(folder.path(), "subset0", "1.2.3");
  luna_scan(folder.path(), "subset7", "1.2.4");
  tests::write_file(folder / "annotations.csv",
                    "seriesuid,coordX,coordY,coordZ,diameter_mm\n1.2.3,4,12,-291,7\n1.2.9,1,2,3,4\n");
  const auto dataset = describe<Luna16, Luna16Options>(folder.path());  // dataset "luna16"
  EXPECT_THAT(ids(dataset.cases), ElementsAre("1.2.3", "1.2.4"));
  EXPECT_THAT(make_split(dataset, "1").validation, ElementsAre("1.2.4"));
  EXPECT_EQ(dataset.file_ending, ".nii.gz");  // .mhd is two files
  const imaging::Volume image = read_case_image(dataset.cases[0].images, 1);
  const at::Tensor labels = read_case_labels(dataset.cases[0], dataset, image.geometry).data;
  EXPECT_EQ((labels == 1).sum().item<int64_t>(), 40 * 36 * 4 / 3 * 2);
  EXPECT_TRUE(at::equal(labels == 2, draw_spheres({{{4, 12, -291}, 7}}, image.geometry).data == 1));
  EXPECT_TRUE(check_integrity(dataset).empty());
  Luna16Options nodules;
  nodules.lungs = false;
  EXPECT_EQ(describe<Luna16>(folder.path(), nodules).labels, (std::map<int64_t, std::string>{{1, "nodule"}}));
}

TEST(Luna16, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  const auto work = [&] { describe<Luna16, Luna16Options>(folder.path()); };
  EXPECT_THAT(error_of(work), HasSubstr("there is no annotations.csv"));
  const std::string header = "seriesuid,coordX,coordY,coordZ,diameter_mm\n";
  tests::write_file(folder / "annotations.csv", header + "1.2.3,4,12,-291,-7\n");
  EXPECT_THAT(error_of(work), HasSubstr("seg-lungs-LUNA16"));
  luna_scan(folder.path(), "subset0", "1.2.3");
  EXPECT_THAT(error_of(work), HasSubstr("diameter -7 of series 1.2.3"));
  tests::write_file(folder / "annotations.csv", header + "1.2.3,4,twelve,-291,7\n");
  EXPECT_THAT(error_of(work), HasSubstr("'twelve' of series 1.2.3 is no number"));
  tests::write_file(folder / "annotations.csv", header + "1.2.3,400,12,-291,7\n");
  std::filesystem::resize_file(folder / "subset0/1.2.3.raw", 1000);
  const auto findings = check_integrity(describe<Luna16, Luna16Options>(folder.path()));
  ASSERT_THAT(findings, SizeIs(2));
  EXPECT_THAT(findings[0].what, HasSubstr("truncated"));
  EXPECT_THAT(findings[1].what, HasSubstr("lies outside the image"));
  for (int subset = 1; subset < 10; ++subset)
    luna_scan(folder.path(), "subset" + std::to_string(subset), "1.3." + std::to_string(subset));
  tests::write_file(folder / "annotations.csv", header + "1.2.9,4,12,-291,7\n");
  EXPECT_THAT(error_of(work), HasSubstr("names the series 1.2.9, which is in no subset"));
}

/// Slice 0 by its UID, slice 1 by z alone.
const std::string first = "<imageZposition>-10.0 </imageZposition><imageSOP_UID>9.1</imageSOP_UID>",
                  second = "<imageZposition>-8.0004</imageZposition><imageSOP_UID>9.77</imageSOP_UID>";
const LidcSlices two_slices{{{"9.1", 0}, {"9.2", 1}}, {-10, -8}};

imaging::Geometry small_grid() {
  imaging::Geometry grid;
  grid.size = {32, 30, 2};
  return grid;
}

at::Tensor drawn(const std::string& xml, int64_t level) {
  const TemporaryFolder folder;
  tests::write_file(folder / "1.xml", xml);
  return lidc_nodules(read_lidc_xml(folder / "1.xml"), level, two_slices, small_grid(), folder / "1.xml").data;
}

TEST(LidcNodules, TheOutlineIsTheFirstPixelOutside) {
  const at::Tensor one = drawn(message("1.1", {nodule(square(5, 15, first) + square(5, 15, second))}), 1);
  EXPECT_EQ(one.sum().item<int64_t>(), 2 * 9 * 9);
  EXPECT_EQ(one[0][6][6].item<int32_t>(), 1);
  EXPECT_EQ(one[1][5][10].item<int32_t>(), 0);
  // A hole takes away its inside and not its outline.
  const at::Tensor hole = drawn(message("1.1", {nodule(square(8, 12, first, "FALSE") + square(5, 15, first))}), 1);
  EXPECT_EQ(hole.sum().item<int64_t>(), 9 * 9 - 3 * 3);
  EXPECT_EQ(hole[0][10][10].item<int32_t>(), 0);
}

TEST(LidcNodules, ALevelIsHowManyReadersMarkedAVoxel) {
  // Three readers mark one nodule, shifted by two pixels each; the fourth, the first again in two pieces, another one.
  const std::vector<std::string> readers{nodule(square(2, 8, first)) + nodule(square(2, 8, first)),
                                         nodule(square(4, 10, first)), nodule(square(6, 12, first)),
                                         nodule(square(18, 24, first))};
  const std::string xml = message("1.1", readers);
  EXPECT_EQ((drawn(xml, 1) == 1).sum().item<int64_t>(), 25 + 25 + 25 - 9 - 9 - 1 + 1);
  EXPECT_EQ((drawn(xml, 1) == 2).sum().item<int64_t>(), 25);
  EXPECT_EQ((drawn(xml, 2) == 1).sum().item<int64_t>(), 9 + 9 - 1);  // the twice drawn first counts once
  EXPECT_EQ((drawn(xml, 2) == 2).sum().item<int64_t>(), 0);
  EXPECT_EQ((drawn(xml, 3) == 1).sum().item<int64_t>(), 1);
  EXPECT_EQ(drawn(xml, 4).sum().item<int64_t>(), 0);
}

TEST(LidcNodules, PointsAndNonNodulesHaveNoExtent) {
  const std::string point =
      "<roi>" + first + "<inclusion>TRUE</inclusion><edgeMap><xCoord>5</xCoord><yCoord>5</yCoord></edgeMap></roi>";
  const std::string other =
      "<nonNodule><imageSOP_UID>9.1</imageSOP_UID><locus><xCoord>1</xCoord><yCoord>1</yCoord>"
      "</locus></nonNodule>";
  EXPECT_EQ(drawn(message("1.1", {nodule(point) + other}), 1).sum().item<int64_t>(), 0);
}

TEST(LidcNodules, SaysWhatIsWrong) {
  const auto refusal = [](const std::string& xml) { return error_of([&] { drawn(xml, 1); }); };
  EXPECT_THAT(refusal(message("1.1", {nodule(square(5, 15, first, "MAYBE"))})), HasSubstr("neither TRUE nor FALSE"));
  EXPECT_THAT(refusal(message("1.1", {nodule(square(5, 55, first))})), HasSubstr("an outline leaves the image"));
  EXPECT_THAT(refusal(message("1.1", {nodule(square(5, 15, "<imageZposition>3</imageZposition>"))})),
              HasSubstr("an outline at z 3 mm is on no slice"));
  EXPECT_THAT(refusal(message("", {})), HasSubstr("names no series"));
  EXPECT_THAT(refusal("<LidcReadMessage>\n<oh"), HasSubstr("1.xml:2: is no XML here"));
  EXPECT_THAT(refusal("<IdriReadMessage/>"), HasSubstr("is no <LidcReadMessage>"));
}

TEST(Lidc, ReadsAnnotatedSeries) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const LidcCollection lidc;
  lidc.annotate(lidc.series / "076.xml", lidc.series_uid);
  tests::write_file(lidc.series / "radiograph.xml", "<IdriReadMessage/>");
  const auto dataset = describe<Lidc, LidcOptions>(lidc.folder.path());  // dataset "lidc"
  ASSERT_THAT(dataset.cases, SizeIs(1));
  const Case& one = dataset.cases[0];
  EXPECT_EQ(one.patient, "LIDC-IDRI-0005");
  EXPECT_THAT(one.id, HasSubstr("LIDC-IDRI-0005_"));
  const imaging::Volume image = read_case_image(one.images, 1);
  const at::Tensor labels = read_case_labels(one, dataset, image.geometry).data;
  EXPECT_EQ(labels.sum().item<int64_t>(), 9 * 9);
  EXPECT_EQ(labels[1].sum().item<int64_t>(), 9 * 9);  // 02.dcm is the middle one, whichever way they are ordered
  EXPECT_EQ(dataset.file_ending, ".nii.gz");
  EXPECT_TRUE(check_integrity(dataset).empty());
}

TEST(Lidc, AnnotationsMayLieElsewhereAndMustFit) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const LidcCollection lidc;
  EXPECT_THAT(error_of([&] { describe<Lidc, LidcOptions>(lidc.folder.path()); }), HasSubstr("no CT series with an"));
  const TemporaryFolder apart;
  lidc.annotate(apart / "tcia-lidc-xml/157/158.xml", lidc.series_uid);
  LidcOptions options;
  options.xml = apart.path();
  EXPECT_THAT(describe<Lidc>(lidc.folder.path(), options).cases, SizeIs(1));
  lidc.annotate(lidc.series / "076.xml", "1.2.3");
  EXPECT_THAT(error_of([&] { describe<Lidc>(lidc.folder.path(), options); }), HasSubstr("annotates another series"));
}

}  // namespace
}  // namespace medvol::datasets
