#include <gmock/gmock.h>

#include "datasets/catalogue/decathlon.h"
#include "datasets/catalogue/nnunet_raw.h"
#include "datasets/catalogue/read_case.h"
#include "datasets/catalogue/register.h"
#include "tests/datasets/catalogue/layout_checks.h"
#include "tests/datasets/catalogue/made_dataset.h"

namespace medvol::datasets {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(NnunetRaw, ReadsTheFolder) {
  const tests::TemporaryFolder folder;
  tests::made_dataset(folder.path(), 2);
  const imaging::Volume image = tests::made_image();
  imaging::write_image(folder / "imagesTs" / "other_0000.nii.gz", image);
  tests::write_file(folder / "splits_final.json", R"([{"train": ["case_1"], "val": ["case_0"]}])");
  const DatasetDescription dataset = NnunetRaw({.root = folder.path(), .patients = std::nullopt}).describe();
  EXPECT_EQ(dataset.channel_names, std::vector<std::string>{"MRI"});
  EXPECT_EQ(dataset.labels, (std::map<int64_t, std::string>{{1, "organ"}, {2, "corner"}}));
  EXPECT_EQ(dataset.file_ending, ".nii.gz");
  ASSERT_EQ(dataset.cases.size(), 2u);
  EXPECT_EQ(dataset.cases[1].id, "case_1");
  EXPECT_EQ(dataset.cases[1].patient, "case_1");
  EXPECT_EQ(dataset.cases[1].images, std::vector{folder / "imagesTr/case_1_0000.nii.gz"});
  ASSERT_EQ(dataset.test_cases.size(), 1u);
  EXPECT_EQ(dataset.test_cases[0].id, "other");
  EXPECT_TRUE(dataset.test_cases[0].labels.empty());
  ASSERT_EQ(dataset.given_splits.size(), 1u);
  EXPECT_EQ(dataset.given_splits[0].validation, std::vector<std::string>{"case_0"});
  EXPECT_EQ(dataset.find("other").id, "other");
  EXPECT_THAT(error_of([&] { dataset.find("case_2"); }), HasSubstr("did you mean 'case_"));
}

TEST(NnunetRaw, IgnoreLabelAndTwoChannels) {
  const tests::TemporaryFolder folder;
  tests::made_dataset(folder.path(), 1);
  imaging::Volume second = tests::made_image();
  imaging::write_image(folder / "imagesTr" / "case_0_0001.nii.gz", second);
  tests::write_file(
      folder / "dataset.json",
      R"({"channel_names": {"0": "T1", "1": "T2"}, "labels": {"background": 0, "organ": 1, "ignore": 2}, "numTraining": 1, "file_ending": ".nii.gz"})");
  const DatasetDescription dataset = NnunetRaw({.root = folder.path(), .patients = std::nullopt}).describe();
  EXPECT_EQ(dataset.ignore_label, 2);
  EXPECT_EQ(dataset.labels.size(), 1u);
  const imaging::Volume image = read_case_image(dataset.cases[0].images, 2);
  EXPECT_EQ(image.data.sizes(), (std::vector<int64_t>{2, 12, 14, 16}));
}

TEST(NnunetRaw, RegionsComeInTheOrderOfTheirDeclaration) {
  const tests::TemporaryFolder folder;
  tests::made_dataset(folder.path(), 2);
  tests::write_file(folder / "dataset.json", R"({"channel_names": {"0": "T1", "1": "FLAIR"}, "file_ending": ".nii.gz",
      "labels": {"background": 0, "whole tumor": [1, 2], "core": [2], "enhancing": 3},
      "regions_class_order": [1, 2, 3]})");
  const DatasetDescription dataset = NnunetRaw({.root = folder.path(), .patients = std::nullopt}).describe();
  EXPECT_EQ(dataset.regions,
            (std::vector<plan::Region>{{"whole tumor", {1, 2}, 1}, {"core", {2}, 2}, {"enhancing", {3}, 3}}));
  EXPECT_EQ(dataset.labels, (std::map<int64_t, std::string>{{1, "1"}, {2, "2"}, {3, "enhancing"}}));
}

TEST(NnunetRaw, SaysWhatIsWrong) {
  const tests::TemporaryFolder folder;
  const auto describe = [&] { NnunetRaw({.root = folder.path(), .patients = std::nullopt}).describe(); };
  EXPECT_THAT(error_of(describe), HasSubstr("there is no dataset.json"));
  tests::write_file(folder / "dataset.json", "{\"labels\": {},\n  \"channel_names\" 1}");
  EXPECT_THAT(error_of(describe), HasSubstr("dataset.json:2:"));
  tests::write_file(folder / "dataset.json",
                    R"({"channel_names": {"0": "MRI"}, "labels": {"background": 0, "a": 1, "b": 3}})");
  EXPECT_THAT(error_of(describe), HasSubstr("3 where 2 was expected"));
  tests::write_file(folder / "dataset.json",
                    R"({"channel_names": {"0": "MRI"}, "labels": {"background": 0, "whole": [1, 2]}})");
  EXPECT_THAT(error_of(describe), HasSubstr("'regions_class_order' is no list of 1 integers"));
  tests::write_file(folder / "dataset.json", R"({"channel_names": {"1": "MRI"}, "labels": {"background": 0, "a": 1}})");
  EXPECT_THAT(error_of(describe), HasSubstr("no name for channel \"0\""));
  tests::write_file(folder / "dataset.json", R"({"channel_names": {"0": "MRI"}, "labels": {"background": 0, "a": 1}})");
  EXPECT_THAT(error_of(describe), HasSubstr("no folder imagesTr"));
  tests::made_dataset(folder.path(), 2);
  tests::write_file(folder / "splits_final.json", R"([{"train": ["case_1"], "val": ["case_1"]}])");
  EXPECT_THAT(error_of(describe), HasSubstr("twice"));
  tests::write_file(folder / "splits_final.json", R"([{"train": ["case_1"], "val": ["case_3"]}])");
  EXPECT_THAT(error_of(describe), HasSubstr("no training case"));
}

TEST(NnunetRaw, PatientTableIsHashed) {
  const tests::TemporaryFolder folder;
  tests::made_dataset(folder.path(), 3);
  tests::write_file(folder / "patients.csv", "case,site,patient\ncase_0,A,Smith\ncase_1,B,Jones\ncase_2,A,Smith\n");
  const DatasetDescription dataset = NnunetRaw({.root = folder.path(), .patients = folder / "patients.csv"}).describe();
  EXPECT_EQ(dataset.cases[0].patient, dataset.cases[2].patient);
  EXPECT_NE(dataset.cases[0].patient, dataset.cases[1].patient);
  EXPECT_THAT(dataset.cases[0].patient, testing::Not(HasSubstr("Smith")));
  EXPECT_EQ(dataset.cases[1].site, "B");
  tests::write_file(folder / "patients.csv", "case,patient\ncase_0,Smith\ncase_1,Jones\n");
  EXPECT_THAT(error_of([&] { NnunetRaw({.root = folder.path(), .patients = folder / "patients.csv"}).describe(); }),
              HasSubstr("'case_2' is missing"));
}

TEST(Decathlon, ReadsTheHippocampus) {
  MEDVOL_NEEDS_DATA("msd_task04_hippocampus");
  const DatasetDescription dataset =
      Decathlon({.root = tests::test_data() / "msd_task04_hippocampus", .patients = std::nullopt}).describe();
  EXPECT_EQ(dataset.name, "Hippocampus");
  EXPECT_EQ(dataset.cases.size(), 200u);
  EXPECT_EQ(dataset.labels, (std::map<int64_t, std::string>{{1, "Anterior"}, {2, "Posterior"}}));
  EXPECT_EQ(dataset.cases.front().id, "hippocampus_004");
  EXPECT_EQ(read_case_image(dataset.cases.front().images, 1).data.dim(), 4);
}

TEST(Decathlon, SaysWhatIsWrong) {
  const tests::TemporaryFolder folder;
  const auto describe = [&] { Decathlon({.root = folder.path(), .patients = std::nullopt}).describe(); };
  const std::string head = R"({"modality": {"0": "MRI"}, "labels": {"0": "background", "1": "a"}, )";
  tests::write_file(folder / "dataset.json", head + R"("training": []})");
  EXPECT_THAT(error_of(describe), AllOf(HasSubstr("lists no case"), HasSubstr("dataset=nnunet")));
  tests::write_file(folder / "dataset.json", head + R"("training": [{"image": "a.nii.gz"}]})");
  EXPECT_THAT(error_of(describe), HasSubstr("'a' has no 'label'"));
  tests::write_file(
      folder / "dataset.json",
      head + R"("training": [{"image": "a.nii.gz", "label": "l"}, {"image": "b/a.nii.gz", "label": "l"}]})");
  EXPECT_THAT(error_of(describe), HasSubstr("'a' is there twice"));
}

TEST(RegisterDatasets, EveryLayoutOnce) {
  DatasetRegistry registry("dataset");
  register_datasets(registry);
  EXPECT_EQ(registry.names(), (std::vector<std::string>{"nnunet", "decathlon", "brats", "acdc", "lits", "kits", "csv",
                                                        "totalsegmentator", "ctpelvic1k", "luna16", "lidc", "tcia",
                                                        "dsb2018", "isbi2012", "folders", "hdf5", "phantom"}));
  EXPECT_THROW(register_datasets(registry), core::InternalError);
}

}  // namespace
}  // namespace medvol::datasets
