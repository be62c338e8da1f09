// Layouts of a user's own data: folders, a CSV with a file a class, HDF5.
#include "datasets/catalogue/folders.h"

#include <gmock/gmock.h>

#include "datasets/catalogue/csv_list.h"
#include "datasets/catalogue/hdf5_file.h"
#include "datasets/catalogue/integrity.h"
#include "datasets/catalogue/read_case.h"
#include "tests/datasets/catalogue/layout_checks.h"
#include "tests/datasets/catalogue/made_dataset.h"

namespace medvol::datasets {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using tests::TemporaryFolder;

FoldersOptions organ_and_corner(size_t channels = 1) {
  FoldersOptions options;
  options.channels = std::vector<std::string>(channels, "MRI");
  options.labels = {{"organ", 1}, {"corner", 2}};
  return options;
}

TEST(Folders, PairsStemsAndTakesAFileAChannel) {
  const TemporaryFolder folder;
  touch(folder / "images", {"b_0000.nii.gz", "b_0001.nii.gz", "a_0000.nii.gz", "a_0001.nii.gz", "t_0000.nii.gz",
                            "t_0001.nii.gz", "._a_0000.nii.gz", "notes.txt"});
  touch(folder / "labels", {"a.nrrd", "b.nii.gz"});
  const DatasetDescription dataset = describe<Folders>(folder.path(), organ_and_corner(2));  // dataset "folders"
  EXPECT_THAT(ids(dataset.cases), ElementsAre("a", "b"));
  EXPECT_THAT(ids(dataset.test_cases), ElementsAre("t"));
  EXPECT_EQ(dataset.cases[1].images[1].filename(), "b_0001.nii.gz");
  EXPECT_EQ(dataset.cases[0].labels[0].file.filename(), "a.nrrd");
}

TEST(Folders, ANumberThatIsPartOfTheNameIsNoChannel) {
  const TemporaryFolder folder;
  touch(folder / "images", {"prostate_0017.jpg"});
  touch(folder / "labels", {"prostate_0017.png"});
  const DatasetDescription dataset = describe<Folders>(folder.path(), organ_and_corner());
  EXPECT_THAT(ids(dataset.cases), ElementsAre("prostate_0017"));
  EXPECT_EQ(dataset.file_ending, ".png");  // JPEG cannot hold labels
}

TEST(Folders, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  const auto work = [&] { describe<Folders>(folder.path(), organ_and_corner()); };
  EXPECT_THAT(error_of(work), HasSubstr("there is no folder images"));
  touch(folder / "images", {"a.nii.gz"});
  touch(folder / "labels", {"a.nii.gz", "b.nii.gz"});
  EXPECT_THAT(error_of(work), HasSubstr("the label map has no image"));
  touch(folder / "images", {"b_0000.nii.gz", "b_0002.nii.gz"});
  EXPECT_THAT(error_of(work), HasSubstr("'b' has no channel 1"));
  std::filesystem::remove(folder / "images/b_0002.nii.gz");
  EXPECT_THAT(error_of([&] { describe<Folders, FoldersOptions>(folder.path()); }), HasSubstr("dataset.labels"));
}

/// A CSV whose classes are files of their own, organ first; the second mask overlaps the first.
CsvListOptions masks_a_class(const std::filesystem::path& folder) {
  const imaging::Volume image = tests::made_image();
  imaging::Volume organ{at::zeros({12, 14, 16}, at::kInt), image.geometry}, corner = organ;
  corner.data = organ.data.clone();
  organ.data.slice(0, 2, 8).fill_(255);
  corner.data.slice(0, 6, 10).fill_(1);
  imaging::write_image(folder / "a.nii.gz", image);
  imaging::write_labels(folder / "organ.nii.gz", organ);
  imaging::write_labels(folder / "corner.nii.gz", corner);
  tests::write_file(folder / "lists/cases.csv",
                    "case,image,mask_organ,mask_corner\na,a.nii.gz,organ.nii.gz,corner.nii.gz\n");
  CsvListOptions options;
  options.folder = folder;
  options.labels = {{"organ", 7}, {"corner", 2}};
  return options;
}

TEST(CsvList, PaintsAFileAClassInTheColumnsOrder) {
  const TemporaryFolder folder;
  const CsvListOptions options = masks_a_class(folder.path());
  const DatasetDescription dataset = describe<CsvList>(folder / "lists/cases.csv", options);
  const imaging::Volume image = read_case_image(dataset.cases[0].images, 1);
  const at::Tensor labels = read_case_labels(dataset.cases[0], dataset, image.geometry).data;
  EXPECT_TRUE((labels.slice(0, 2, 6) == 7).all().item<bool>());
  EXPECT_TRUE((labels.slice(0, 6, 10) == 2).all().item<bool>());  // over the organ's 6 to 8
  EXPECT_EQ((labels == 0).sum().item<int64_t>(), 4 * 14 * 16);
  EXPECT_TRUE(check_integrity(dataset).empty());
  imaging::write_labels(folder / "corner.nii.gz", {at::ones({12, 14, 15}, at::kInt), {.size = {15, 14, 12}}});
  const auto findings = check_integrity(dataset);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].line(folder.path()), HasSubstr("corner.nii.gz: its grid is"));
}

TEST(CsvList, AMaskOfNoClassIsRefused) {
  const TemporaryFolder folder;
  CsvListOptions options = masks_a_class(folder.path());
  options.labels = {{"organ", 1}, {"corners", 2}};
  EXPECT_THAT(error_of([&] { describe<CsvList>(folder / "lists/cases.csv", options); }),
              HasSubstr("no class for the column 'mask_corner'"));
}

// golden/cases.h5 was written by h5py 3.14 (golden/make_h5.py): compressed, chunked, texts of both kinds.
std::filesystem::path h5py_file() { return tests::source_root() / "tests/datasets/catalogue/golden/cases.h5"; }

Hdf5FileOptions two_classes() {
  Hdf5FileOptions options;
  options.channels = {"A", "B"};
  options.labels = {{"one", 1}, {"two", 2}};
  return options;
}

TEST(Hdf5File, ReadsWhatH5pyWrote) {
  const DatasetDescription dataset = describe<Hdf5File>(h5py_file(), two_classes());  // dataset "hdf5"
  EXPECT_THAT(ids(dataset.cases), ElementsAre("first", "second"));
  EXPECT_THAT(ids(dataset.test_cases), ElementsAre("without"));
  EXPECT_EQ(dataset.cases[0].patient, dataset.cases[1].patient);
  EXPECT_EQ(dataset.cases[0].patient.find("Smith"), std::string::npos);
  EXPECT_EQ(dataset.cases[0].site, "north");
  EXPECT_EQ(dataset.cases[0].attributes.at("phase"), "arterial");
  const imaging::Volume image = read_case_image(dataset.cases[1].images, 2);
  EXPECT_EQ(image.geometry.spacing, (std::array<double, 3>{0.5, 0.75, 2.5}));
  EXPECT_EQ(image.geometry.origin, (std::array<double, 3>{10, -20, 30}));
  const at::Tensor expected = (at::arange(8 * 10 * 12, at::kFloat) + 100).view({8, 10, 12}) / 4;
  EXPECT_TRUE(at::equal(image.data, at::stack({expected, -expected})));
  const at::Tensor labels = read_case_labels(dataset.cases[1], dataset, image.geometry).data;
  EXPECT_EQ(labels.sum().item<int64_t>(), 2 * 2 * 3 * 3);
  EXPECT_EQ(labels[1][1][2].item<int32_t>(), 2);
  EXPECT_TRUE(check_integrity(dataset).empty());
}

TEST(Hdf5File, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  tests::write_file(folder / "no.h5", "no HDF5");
  EXPECT_THAT(error_of([&] { describe<Hdf5File>(folder / "no.h5", two_classes()); }),
              HasSubstr("cannot read 'images'"));
  EXPECT_THAT(error_of([&] { describe<Hdf5File>(folder / "absent.h5", two_classes()); }), HasSubstr("no such file"));
  EXPECT_THAT(error_of([] { read_hdf5_image(h5py_file(), "images/third"); }), HasSubstr("cannot read 'images/third'"));
  EXPECT_THAT(error_of([] { read_hdf5_image(h5py_file(), "labels/first"); }), HasSubstr("'spacing' of labels/first"));
  const std::string whole = tests::read_file(h5py_file());
  tests::write_file(folder / "cut.h5", whole.substr(0, whole.size() / 2));
  EXPECT_THAT(error_of([&] { describe<Hdf5File>(folder / "cut.h5", two_classes()); }), HasSubstr("cut.h5"));
}

}  // namespace
}  // namespace medvol::datasets
