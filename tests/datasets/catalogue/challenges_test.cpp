// Challenges whose data cannot be had here, in tiny copies of their layouts. Describing a data set opens no image.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "datasets/catalogue/acdc.h"
#include "datasets/catalogue/csv_list.h"
#include "datasets/catalogue/kits.h"
#include "datasets/catalogue/lits.h"
#include "tests/datasets/catalogue/layout_checks.h"

namespace medvol::datasets {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using tests::TemporaryFolder;

void acdc_patient(const std::filesystem::path& folder, const std::string& ed, const std::string& es) {
  const std::string name = folder.filename().string();
  tests::write_file(folder / "Info.cfg", "ED: " + ed + "\nES: " + es + "\nGroup: DCM\nHeight: 184.0\nNbFrame: 30\n");
  touch(folder, {name + "_4d.nii.gz", name + "_frame04.nii.gz", name + "_frame04_gt.nii.gz", name + "_frame12.nii.gz",
                 name + "_frame12_gt.nii.gz"});
}

TEST(Acdc, HasTwoPhasesAPatient) {
  const TemporaryFolder folder;
  acdc_patient(folder / "training/patient090", "4", "12");
  acdc_patient(folder / "testing/patient101", "4", "12");
  const DatasetDescription dataset = describe<Acdc>(folder.path());  // dataset "acdc"
  EXPECT_THAT(ids(dataset.cases), ElementsAre("patient090_frame04", "patient090_frame12"));
  EXPECT_EQ(dataset.cases[0].patient, dataset.cases[1].patient);
  EXPECT_EQ(dataset.cases[0].attributes.at("phase"), "ED");
  EXPECT_EQ(dataset.cases[1].attributes.at("group"), "DCM");
  EXPECT_EQ(dataset.cases[1].labels[0].file.filename(), "patient090_frame12_gt.nii.gz");
  EXPECT_EQ(dataset.test_cases.size(), 2u);
  EXPECT_EQ(dataset.labels.at(3), "left ventricle");
}

TEST(Acdc, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_of([&] { describe<Acdc>(folder.path()); }), HasSubstr("holds no training/patient001"));
  acdc_patient(folder / "training/patient001", "four", "12");
  EXPECT_THAT(error_of([&] { describe<Acdc>(folder.path()); }), HasSubstr("'ED' is no frame's number"));
  acdc_patient(folder / "training/patient001", "5", "12");
  EXPECT_THAT(error_of([&] { describe<Acdc>(folder.path()); }), HasSubstr("the ED frame is missing"));
  std::filesystem::remove(folder / "training/patient001/Info.cfg");
  EXPECT_THAT(error_of([&] { describe<Acdc>(folder.path()); }), HasSubstr("has no Info.cfg"));
}

TEST(Lits, CountsThroughBothBatches) {
  const TemporaryFolder folder;
  touch(folder / "Training Batch 1", {"volume-2.nii", "segmentation-2.nii", "volume-10.nii", "segmentation-10.nii"});
  touch(folder / "Training Batch 2", {"volume-28.nii", "segmentation-28.nii"});
  touch(folder / "LiTS Testset", {"test-volume-0.nii"});
  const DatasetDescription dataset = describe<Lits>(folder.path());  // dataset "lits"
  EXPECT_THAT(ids(dataset.cases), ElementsAre("volume_002", "volume_010", "volume_028"));
  EXPECT_EQ(dataset.cases[1].labels[0].file.filename(), "segmentation-10.nii");
  EXPECT_THAT(ids(dataset.test_cases), ElementsAre("test_volume_000"));
  touch(folder / "Training Batch 2", {"volume-29.nii"});
  EXPECT_THAT(error_of([&] { describe<Lits>(folder.path()); }), HasSubstr("segmentation-29.nii"));
  EXPECT_THAT(error_of([&] { describe<Lits>(folder / "LiTS Testset"); }), HasSubstr("holds no volume-N.nii"));
}

TEST(Lits, TheSameVolumeTwiceIsRefused) {
  const TemporaryFolder folder;
  for (const char* part : {"a", "b"}) touch(folder / part, {"volume-2.nii", "segmentation-2.nii"});
  EXPECT_THAT(error_of([&] { describe<Lits>(folder.path()); }), HasSubstr("'volume_002' is there twice"));
}

TEST(Kits, TellsTheYearsApart) {
  const TemporaryFolder folder;
  touch(folder / "19/case_00000", {"imaging.nii.gz", "segmentation.nii.gz"});
  touch(folder / "19/case_00210", {"imaging.nii.gz"});
  const DatasetDescription of_2019 = describe<Kits>(folder / "19");  // dataset "kits"
  EXPECT_EQ(of_2019.name, "KiTS19");
  EXPECT_TRUE(of_2019.regions.empty());
  EXPECT_EQ(of_2019.labels.size(), 2u);
  EXPECT_THAT(ids(of_2019.test_cases), ElementsAre("case_00210"));
  touch(folder / "21/case_00000", {"imaging.nii.gz", "aggregated_MAJ_seg.nii.gz", "aggregated_OR_seg.nii.gz"});
  const DatasetDescription of_2021 = describe<Kits>(folder / "21");
  EXPECT_EQ(of_2021.name, "KiTS21");
  EXPECT_EQ(of_2021.cases[0].labels[0].file.filename(), "aggregated_MAJ_seg.nii.gz");
  touch(folder / "23/case_00000", {"imaging.nii.gz", "segmentation.nii.gz", "instances/kidney_instance-1.nii.gz"});
  const DatasetDescription of_2023 = describe<Kits>(folder / "23");
  EXPECT_EQ(of_2023.name, "KiTS23");
  EXPECT_EQ(of_2023.regions[1], (plan::Region{"masses", {2, 3}, 3}));
}

TEST(Kits, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_of([&] { describe<Kits>(folder.path()); }), HasSubstr("holds no case_00000"));
  touch(folder / "case_00000", {"segmentation.nii.gz"});
  EXPECT_THAT(error_of([&] { describe<Kits>(folder.path()); }), HasSubstr("has no imaging.nii.gz"));
}

TEST(CsvList, ReadsChannelsPatientsAndAttributes) {
  const TemporaryFolder folder;
  tests::write_file(folder / "cases.csv",
                    "case,image_0,image_1,label,patient,site,sex\n"
                    "b,im/b_t1.nii,im/b_t2.nii,la/b.nii,p1,north,f\n"
                    "a,im/a_t1.nii,im/a_t2.nii,la/a.nii,p1,south,m\n"
                    "c,im/c_t1.nii,im/c_t2.nii,,p2,south,f\n");
  CsvListOptions options;  // dataset "csv"
  options.root = folder / "cases.csv";
  options.channels = {"T1", "T2"};
  options.labels = {{"lesion", 4}};
  const DatasetDescription dataset = CsvList(options).describe();
  EXPECT_THAT(ids(dataset.cases), ElementsAre("a", "b"));
  EXPECT_THAT(ids(dataset.test_cases), ElementsAre("c"));
  EXPECT_EQ(dataset.cases[0].patient, dataset.cases[1].patient);
  EXPECT_NE(dataset.cases[0].patient, "p1") << "patients are kept as keyed hashes";
  EXPECT_EQ(dataset.cases[0].site, "south");
  EXPECT_EQ(dataset.cases[1].attributes, (std::map<std::string, std::string>{{"sex", "f"}}));
  EXPECT_EQ(dataset.cases[1].images[1], folder / "im/b_t2.nii");
  EXPECT_EQ(dataset.labels.at(4), "lesion");
}

TEST(CsvList, APatientsHashStaysWhenTheFolderMoves) {
  const TemporaryFolder folder;
  CsvListOptions options;
  options.labels = {{"lesion", 1}};
  std::vector<std::string> patients;
  for (const char* place : {"here", "there"}) {
    options.root = folder / place / "cases.csv";
    tests::write_file(*options.root, "case,image,label,patient\na,a.nii,b.nii,p1\n");
    patients.push_back(CsvList(options).describe().cases[0].patient);
  }
  EXPECT_EQ(patients[0], patients[1]) << "splits by patient hang on it";
}

TEST(CsvList, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  CsvListOptions options;
  options.root = folder / "cases.csv";
  options.labels = {{"lesion", 1}};
  const auto refusal = [&](const std::string& text) {
    tests::write_file(folder / "cases.csv", text);
    return error_of([&] { CsvList(options).describe(); });
  };
  EXPECT_THAT(refusal("case,picture,label\na,b,c\n"), HasSubstr("image"));
  EXPECT_THAT(refusal("case,image,label\n,b,c\n"), HasSubstr("names no case"));
  EXPECT_THAT(refusal("case,image,label\na,,c\n"), HasSubstr("'a' has no image"));
  EXPECT_THAT(refusal("case,image,label\na,b,\n"), HasSubstr("no row has a label map"));
  EXPECT_THAT(refusal("case,image,label\na,b,c\na,d,e\n"), HasSubstr("'a' is there twice"));
  options.labels = {};
  EXPECT_THAT(refusal("case,image,label\na,b,c\n"), HasSubstr("does not name the classes"));
  options.labels = {{"lesion", 1}, {"other", 1}};
  EXPECT_THAT(refusal("case,image,label\na,b,c\n"), HasSubstr("is taken"));
}

}  // namespace
}  // namespace medvol::datasets
