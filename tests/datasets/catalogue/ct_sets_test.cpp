// TotalSegmentator and CTPelvic1K.
#include <gmock/gmock.h>

#include <ATen/ATen.h>

#include "datasets/catalogue/ctpelvic1k.h"
#include "datasets/catalogue/integrity.h"
#include "datasets/catalogue/read_case.h"
#include "datasets/catalogue/splits.h"
#include "datasets/catalogue/totalsegmentator.h"
#include "framework/imaging/image_io.h"
#include "tests/datasets/catalogue/layout_checks.h"

namespace medvol::datasets {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using tests::TemporaryFolder;

constexpr const char* meta_header =
    "\xEF\xBB\xBFimage_id;age;gender;institute;study_type;split;manufacturer;scanner_model;kvp;pathology;"
    "pathology_location\n";

void scans(const TemporaryFolder& folder) {
  for (const char* id : {"s0011", "s0012", "s0013"})
    touch(folder / id, {"ct.nii.gz", "segmentations/liver.nii.gz", "segmentations/heart.nii.gz"});
  tests::write_file(folder / "meta.csv", std::string(meta_header) +
                                             "s0011;67;m;A;ct thorax;train;siemens;Force;120;none;\n"
                                             "s0012;70;f;B;\"ct; polytrauma\";val;ge;;120;none;\n"
                                             "s0013;50;f;B;ct;test;ge;;120;none;\n");
}

TotalSegmentatorOptions chosen(std::vector<std::string> structures) {
  TotalSegmentatorOptions options;
  options.structures = std::move(structures);
  return options;
}

TEST(TotalSegmentator, HasAMaskAStructureAndItsOwnSplit) {
  const TemporaryFolder folder;
  scans(folder);
  const auto all = describe<TotalSegmentator, TotalSegmentatorOptions>(folder.path());  // dataset "totalsegmentator"
  EXPECT_EQ(all.labels, (std::map<int64_t, std::string>{{1, "heart"}, {2, "liver"}}));
  EXPECT_THAT(ids(all.cases), ElementsAre("s0011", "s0012"));
  EXPECT_THAT(ids(all.test_cases), ElementsAre("s0013"));
  EXPECT_EQ(all.cases[1].site, "B");
  EXPECT_EQ(all.cases[1].attributes.at("study_type"), "ct; polytrauma");
  EXPECT_THAT(make_split(all, "0").validation, ElementsAre("s0012"));
  const auto some = describe<TotalSegmentator>(folder.path(), chosen({"liver"}));
  ASSERT_THAT(some.cases[0].labels, SizeIs(1));
  EXPECT_EQ(some.cases[0].labels[0].label, 1);
}

TEST(TotalSegmentator, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  const auto work = [&](std::vector<std::string> structures = {}) {
    return error_of([&] { describe<TotalSegmentator>(folder.path(), chosen(structures)); });
  };
  EXPECT_THAT(work(), HasSubstr("holds no s0011/ct.nii.gz"));
  scans(folder);
  EXPECT_THAT(work({"lever"}), HasSubstr("no case has the structure 'lever' (did you mean 'liver'"));
  std::filesystem::remove(folder / "s0012/segmentations/heart.nii.gz");
  EXPECT_THAT(work(), HasSubstr("has no mask of 'heart'"));
  EXPECT_EQ(work({"liver"}), "");
  tests::write_file(folder / "meta.csv", "image_id;split\ns0011;train\ns0012;val\n");
  EXPECT_THAT(work({"liver"}), HasSubstr("no row with a split for 's0013'"));
  tests::write_file(folder / "meta.csv", "image_id,split\ns0011,train\n");
  EXPECT_THAT(work({"liver"}), HasSubstr("image_id"));
}

/// The program's own test case, put into the layout of the set that it was trained on.
TEST(TotalSegmentator, PaintsRealMasks) {
  MEDVOL_NEEDS_DATA("totalsegmentator_tests");
  const std::filesystem::path real = tests::test_data() / "totalsegmentator_tests/tests/reference_files";
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "s0001");
  std::filesystem::create_symlink(real / "example_ct_sm.nii.gz", folder / "s0001/ct.nii.gz");
  std::filesystem::create_directory_symlink(real / "example_seg_fast", folder / "s0001/segmentations");
  const auto dataset = describe<TotalSegmentator>(folder.path(), chosen({"heart", "liver"}));
  const imaging::Volume image = read_case_image(dataset.cases[0].images, 1);
  const at::Tensor labels = read_case_labels(dataset.cases[0], dataset, image.geometry).data;
  for (const auto& [label, name] : dataset.labels) {
    const at::Tensor mask = imaging::read_labels(folder / ("s0001/segmentations/" + name + ".nii.gz")).data;
    EXPECT_EQ((labels == label).sum().item<int64_t>(), (mask != 0).sum().item<int64_t>()) << name;
  }
  const auto all = describe<TotalSegmentator, TotalSegmentatorOptions>(folder.path());
  EXPECT_EQ(all.labels.size(), 117u);
  EXPECT_TRUE(check_integrity(all).empty());
}

TEST(CtPelvic1k, PairsByKeyAcrossFolders) {
  const TemporaryFolder folder;
  touch(folder / "CTPelvic1K_dataset6_data", {"dataset6_CLINIC_0001_data.nii.gz", "dataset6_CLINIC_0002_data.nii.gz"});
  touch(folder / "ipcai2021_dataset6_Anonymized", {"dataset6_CLINIC_0001_mask_4label.nii.gz"});
  touch(folder / "CTPelvic1K_dataset7_data", {"dataset7_CLINIC_metal_0000_data.nii.gz"});
  touch(folder / "CTPelvic1K_dataset7_mask", {"CLINIC_metal_0000_mask_4label.nii.gz"});
  const DatasetDescription dataset = describe<CtPelvic1k>(folder.path());  // dataset "ctpelvic1k"
  EXPECT_THAT(ids(dataset.cases), ElementsAre("CLINIC_0001", "CLINIC_metal_0000"));
  EXPECT_THAT(ids(dataset.test_cases), ElementsAre("CLINIC_0002"));
  EXPECT_EQ(dataset.cases[0].site, "dataset6");
  EXPECT_EQ(dataset.cases[1].site, "dataset7");
  EXPECT_EQ(dataset.labels.at(2), "hip bone 2");
}

TEST(CtPelvic1k, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_of([&] { describe<CtPelvic1k>(folder.path()); }), HasSubstr("holds no *_mask_4label.nii.gz"));
  touch(folder / "a", {"dataset1_0001_mask_4label.nii.gz"});
  EXPECT_THAT(error_of([&] { describe<CtPelvic1k>(folder.path()); }), HasSubstr("has no image 0001_data.nii.gz"));
  imaging::Geometry grid;
  grid.size = {6, 5, 4};
  imaging::write_image(folder / "a/dataset1_0001_data.nii.gz", {at::ones({1, 4, 5, 6}), grid});
  imaging::write_labels(folder / "a/dataset1_0001_mask_4label.nii.gz", {at::full({4, 5, 6}, 5, at::kInt), grid});
  const auto findings = check_integrity(describe<CtPelvic1k>(folder.path()));
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].what, HasSubstr("undeclared label: 5"));
  touch(folder / "b", {"dataset1_0001_data.nii.gz"});
  EXPECT_THAT(error_of([&] { describe<CtPelvic1k>(folder.path()); }), HasSubstr("is there twice"));
}

}  // namespace
}  // namespace medvol::datasets
