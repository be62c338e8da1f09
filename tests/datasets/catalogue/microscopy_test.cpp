// The Data Science Bowl's nuclei and ISBI 2012's membranes.
#include <gmock/gmock.h>

#include "datasets/catalogue/dsb2018.h"
#include "datasets/catalogue/integrity.h"
#include "datasets/catalogue/isbi2012.h"
#include "datasets/catalogue/read_case.h"
#include "datasets/catalogue/splits.h"
#include "framework/imaging/image_io.h"
#include "framework/imaging/picture.h"
#include "tests/datasets/catalogue/layout_checks.h"
#include "tests/datasets/catalogue/microscopy_files.h"

#include <ATen/ATen.h>

namespace medvol::datasets {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using tests::TemporaryFolder;

TEST(Dsb2018, PaintsAMaskANucleus) {
  const TemporaryFolder folder;
  nuclei(folder / "stage1_train", "aa");
  nuclei(folder / "stage1_test", "bb", /*masks=*/false);
  const DatasetDescription dataset = describe<Dsb2018>(folder.path());  // dataset "dsb2018"
  EXPECT_THAT(ids(dataset.cases), ElementsAre("aa"));
  EXPECT_THAT(ids(dataset.test_cases), ElementsAre("bb"));
  const imaging::Volume image = read_case_image(dataset.cases[0].images, 3);
  EXPECT_THAT(image.data.sizes().vec(), ElementsAre(3, 1, 20, 24));
  const at::Tensor labels = read_case_labels(dataset.cases[0], dataset, image.geometry).data;
  EXPECT_EQ(labels.sum().item<int64_t>(), 2 * 20);
  EXPECT_EQ(labels.max().item<int32_t>(), 1);
  EXPECT_TRUE(check_integrity(dataset).empty());
}

TEST(Dsb2018, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_of([&] { describe<Dsb2018>(folder.path()); }), HasSubstr("holds no stage1_train"));
  nuclei(folder / "stage1_train", "aa", /*masks=*/false);
  EXPECT_THAT(error_of([&] { describe<Dsb2018>(folder.path()); }), HasSubstr("has no masks"));
  nuclei(folder / "stage1_train", "aa");
  imaging::write_png(folder / "stage1_train/aa/masks/small.png", at::full({20, 23}, 255, at::kByte));
  const auto findings = check_integrity(describe<Dsb2018>(folder.path()));
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].what, HasSubstr("its grid is 23x20"));
  imaging::write_png(folder / "stage1_train/aa/images/second.png", at::zeros({20, 24, 3}, at::kByte));
  EXPECT_THAT(error_of([&] { describe<Dsb2018>(folder.path()); }), HasSubstr("holds 2 pictures"));
}

TEST(Dsb2018, ReadsTheRealPictures) {
  MEDVOL_NEEDS_DATA("dsb2018_nuclei");
  const std::filesystem::path root = tests::test_data() / "dsb2018_nuclei";
  const DatasetDescription dataset = describe<Dsb2018>(root);
  ASSERT_THAT(dataset.cases, SizeIs(40));
  size_t masks = 0;
  for (const Case& one : dataset.cases) masks += one.labels.size();
  EXPECT_EQ(masks, 1669u);
  // The semantic map is where the instance map that was merged from the same masks is not 0.
  const Case& one = dataset.cases[3];
  const imaging::Volume image = read_case_image(one.images, 3);
  const at::Tensor labels = read_case_labels(one, dataset, image.geometry).data;
  const at::Tensor instances = imaging::read_labels(root / "derived_instances" / (one.id + ".png")).data;
  EXPECT_TRUE(at::equal(labels, (instances != 0).to(at::kInt)));
}

TEST(Isbi2012, CutsTheStackIntoRunsOfSlices) {
  const TemporaryFolder folder;
  stacks(folder.path());
  Isbi2012Options options;
  options.blocks = 3;
  const DatasetDescription dataset = describe<Isbi2012>(folder.path(), options);  // dataset "isbi2012"
  EXPECT_THAT(ids(dataset.cases), ElementsAre("slices_00_01", "slices_02_03", "slices_04_05"));
  const imaging::Volume image = read_case_image(dataset.cases[1].images, 1);
  EXPECT_THAT(image.data.sizes().vec(), ElementsAre(1, 2, 16, 18));
  EXPECT_EQ(image.data[0][1][0][0].item<float>(), 4);
  const at::Tensor labels = read_case_labels(dataset.cases[1], dataset, image.geometry).data;
  EXPECT_EQ(labels.sum().item<int64_t>(), 2 * 16 * 6);
  EXPECT_EQ(labels[0][0][3].item<int32_t>(), 1);
  EXPECT_THAT(make_split(dataset, "1").validation, ElementsAre("slices_02_03"));
  EXPECT_EQ(dataset.file_ending, ".nii.gz");
  EXPECT_TRUE(check_integrity(dataset).empty());
}

TEST(Isbi2012, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  const auto work = [&] { describe<Isbi2012, Isbi2012Options>(folder.path()); };
  EXPECT_THAT(error_of(work), HasSubstr("there is no train-volume.tif"));
  stacks(folder.path(), /*label_pages=*/5);
  EXPECT_THAT(error_of(work), HasSubstr("is of 18x16x5"));
  stacks(folder.path(), 6, /*inside=*/1);
  const auto findings = check_integrity(describe<Isbi2012, Isbi2012Options>(folder.path()));
  ASSERT_FALSE(findings.empty());
  EXPECT_THAT(findings[0].what, HasSubstr("holds 1, where only the values 0|255 are known"));
}

}  // namespace
}  // namespace medvol::datasets
