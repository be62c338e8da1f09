#include "datasets/catalogue/brats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "datasets/catalogue/register.h"
#include "tests/datasets/catalogue/layout_checks.h"

namespace medvol::datasets {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A case's files, empty: describing a data set opens none.
void make_case(const std::filesystem::path& folder, const std::vector<std::string>& endings) {
  for (const std::string& ending : endings) tests::write_file(folder / (folder.filename().string() + ending), "");
}

const std::vector<std::string> of_2018{"_t1.nii.gz", "_t1ce.nii.gz", "_t2.nii.gz", "_flair.nii.gz", "_seg.nii.gz"};
const std::vector<std::string> of_2023{"-t1n.nii.gz", "-t1c.nii.gz", "-t2w.nii.gz", "-t2f.nii.gz", "-seg.nii.gz"};

DatasetDescription describe(const std::filesystem::path& root) { return datasets::describe<Brats>(root); }

std::string refusal(const std::filesystem::path& root) {
  return error_of([&] { describe(root); });
}

TEST(Brats, OfTheYear2018HasGradesSitesAndLabelFour) {
  DatasetRegistry registry("dataset");
  register_datasets(registry);
  EXPECT_THAT(registry.names(), testing::Contains("brats"));
  const tests::TemporaryFolder folder;
  make_case(folder / "HGG/Brats18_CBICA_AAM_1", of_2018);
  make_case(folder / "HGG/Brats18_2013_11_1", of_2018);
  make_case(folder / "LGG/Brats18_TCIA09_141_1", of_2018);
  const DatasetDescription dataset = describe(folder.path());
  ASSERT_EQ(dataset.cases.size(), 3u);
  const Case& one = dataset.cases[1];
  EXPECT_EQ(one.id, "Brats18_CBICA_AAM_1");
  EXPECT_EQ(one.site, "CBICA");
  EXPECT_EQ(one.patient, "CBICA_AAM");
  EXPECT_EQ(dataset.cases[0].site, "2013");
  EXPECT_THAT(dataset.channel_names, ElementsAre("T1", "T1ce", "T2", "FLAIR"));
  EXPECT_EQ(one.images[3].filename(), "Brats18_CBICA_AAM_1_flair.nii.gz");
  EXPECT_EQ(one.labels[0].file.filename(), "Brats18_CBICA_AAM_1_seg.nii.gz");
  EXPECT_TRUE(dataset.labels.contains(4));
  EXPECT_EQ(dataset.regions[0], (plan::Region{"whole tumour", {1, 2, 4}, 2}));
  EXPECT_EQ(dataset.regions[2].painted, 4);
}

TEST(Brats, OfTheYear2020IsNotPackedAndHasAMisnamedLabelMap) {
  const tests::TemporaryFolder folder;
  const std::string root = "MICCAI_BraTS2020_TrainingData";
  make_case(folder / (root + "/BraTS20_Training_354"), {"_t1.nii", "_t1ce.nii", "_t2.nii", "_flair.nii", "_seg.nii"});
  make_case(folder / (root + "/BraTS20_Training_355"), {"_t1.nii", "_t1ce.nii", "_t2.nii", "_flair.nii"});
  tests::write_file(folder / (root + "/BraTS20_Training_355/W39_1998.09.19_Segm.nii"), "");
  tests::write_file(folder / (root + "/name_mapping.csv"), "");
  const DatasetDescription dataset = describe(folder.path());
  ASSERT_EQ(dataset.cases.size(), 2u);
  EXPECT_EQ(dataset.cases[1].labels[0].file.filename(), "W39_1998.09.19_Segm.nii");
  EXPECT_EQ(dataset.file_ending, ".nii");
}

TEST(Brats, OfTheYear2023HasTimePointsAndLabelThree) {
  const tests::TemporaryFolder folder;
  make_case(folder / "BraTS-GLI-00005-000", of_2023);
  make_case(folder / "BraTS-GLI-00005-001", of_2023);
  make_case(folder / "BraTS-GLI-00006-000", {of_2023.begin(), of_2023.end() - 1});
  const DatasetDescription dataset = describe(folder.path());
  ASSERT_EQ(dataset.cases.size(), 2u);
  EXPECT_EQ(dataset.cases[0].patient, dataset.cases[1].patient);
  EXPECT_EQ(dataset.cases[0].images[1].filename(), "BraTS-GLI-00005-000-t1c.nii.gz");
  EXPECT_FALSE(dataset.labels.contains(4));
  ASSERT_EQ(dataset.test_cases.size(), 1u);
  EXPECT_EQ(dataset.test_cases[0].id, "BraTS-GLI-00006-000");
}

TEST(Brats, SaysWhatIsWrong) {
  const tests::TemporaryFolder folder;
  EXPECT_THAT(refusal(folder / "nowhere"), HasSubstr("is no folder"));
  std::filesystem::create_directories(folder / "empty");
  EXPECT_THAT(refusal(folder / "empty"), HasSubstr("holds no case of BraTS"));
  make_case(folder / "torn/BraTS2021_00000", {"_t1.nii.gz", "_t2.nii.gz", "_seg.nii.gz"});
  EXPECT_THAT(refusal(folder / "torn"), HasSubstr("has no BraTS2021_00000_t1ce.nii.gz"));
  make_case(folder / "mixed/BraTS2021_00000", of_2018);
  make_case(folder / "mixed/BraTS-GLI-00005-000", of_2023);
  EXPECT_THAT(refusal(folder / "mixed"), HasSubstr("another year's challenge"));
  make_case(folder / "validation/BraTS2021_00001", {of_2018.begin(), of_2018.end() - 1});
  EXPECT_THAT(refusal(folder / "validation"), HasSubstr("no case has a label map"));
}

}  // namespace
}  // namespace medvol::datasets
