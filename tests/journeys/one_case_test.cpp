// Real data in layouts of their own, learnt by heart: one case that is trained on and scored, and says so.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/journeys/program.h"
#include "tests/support/support.h"

namespace medvol::tests {
namespace {

namespace fs = std::filesystem;

/// A few seconds of an experiment on the CPU.
std::vector<std::string> short_run(const std::string& experiment, const std::vector<std::string>& more) {
  std::vector<std::string> words{"train",
                                 "experiment=" + experiment,
                                 "run.dir=run",
                                 "prepare.folder=prepared",
                                 "hardware.device=cpu",
                                 "hardware.compute_threads=1",
                                 "network.features_per_stage=[4,8]",
                                 "trainer.max_time=null",
                                 "trainer.max_steps=6",
                                 "trainer.validate_every=6"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// The names of what was scored, of the run's summary.
std::string summary(const TemporaryFolder& folder) { return read_file(folder / "run/evaluation/summary.json"); }

/// That config, log and report all say that the scores are of the training's own case.
void expect_said_loudly(const TemporaryFolder& folder, const Outcome& trained) {
  EXPECT_NE(trained.output.find("TRAINS ON THE CASES THAT IT SCORES"), std::string::npos) << trained.output;
  EXPECT_NE(read_file(folder / "run/config.yaml").find("fold: overfit"), std::string::npos);
  for (const char* report : {"run/evaluation/report.html", "run/evaluation/report.md", "run/evaluation/summary.json"})
    EXPECT_NE(read_file(folder / report).find("trained on the cases that are scored"), std::string::npos) << report;
}

TEST(OneCase, CordOfThickSlices) {
  MEDVOL_NEEDS_DATA("sct_spinalcord");
  const TemporaryFolder folder;
  write_file(folder / "cord.csv",
             "case,image,mask_cord,mask_grey matter\nt2s,t2s/t2s.nii.gz,t2s/t2s_seg.nii.gz,t2s/"
             "t2s_gmseg_manual.nii.gz\n");
  const Outcome trained = Program(folder.path())
                              .run(short_run("cord", {"dataset.root=cord.csv",
                                                      "dataset.folder=" + (test_data() / "sct_spinalcord").string()}));
  ASSERT_EQ(trained.code, 0) << trained.output;
  expect_said_loudly(folder, trained);
  EXPECT_NE(summary(folder).find("grey matter"), std::string::npos);
  const auto plans = nlohmann::json::parse(read_file(folder / "run/plan.json"));
  const auto& patch = plans.at("configurations").at("3d_fullres").at("patch_size");
  EXPECT_LT(patch[0].get<int>(), patch[1].get<int>());
}

TEST(OneCase, FourModalitiesAndRegions) {
  MEDVOL_NEEDS_DATA("tcga_brats_toolkit");
  const TemporaryFolder folder;
  const fs::path from = test_data() / "tcga_brats_toolkit/BraTS-Toolkit/data/TCGA-DU-7294/TCGA-DU-7294_brainles";
  const fs::path to = folder / "tcga/TCGA-DU-7294";
  fs::create_directories(to);
  for (const auto& [theirs, ours] : {std::pair{"t1", "t1"}, {"t1c", "t1ce"}, {"t2", "t2"}, {"fla", "flair"}})
    fs::create_symlink(from / ("raw_bet/TCGA-DU-7294_" + std::string(theirs) + "_bet.nii.gz"),
                       to / ("TCGA-DU-7294_" + std::string(ours) + ".nii.gz"));
  fs::create_symlink(from / "fusion/mav.nii.gz", to / "TCGA-DU-7294_seg.nii.gz");
  const Outcome trained = Program(folder.path())
                              .run(short_run("tcga_four_modalities",
                                             {"dataset.root=tcga", "plan.patch_size=[32,32,32]", "inference.step=1"}));
  ASSERT_EQ(trained.code, 0) << trained.output;
  expect_said_loudly(folder, trained);
  for (const char* said : {"whole tumour", "tumour core", "enhancing tumour", "Policy brats"})
    EXPECT_NE(read_file(folder / "run/evaluation/report.md").find(said), std::string::npos) << said;
}

TEST(OneCase, OrgansThatAreAMaskEachOnADicomSeries) {
  MEDVOL_NEEDS_DATA("dcmqi_seg");
  const TemporaryFolder folder;
  write_file(
      folder / "organs.csv",
      "case,image,mask_heart,mask_liver,mask_spine\nct,ct-3slice,heart_seg.nrrd,liver_seg.nrrd,spine_seg.nrrd\n");
  const Outcome trained =
      Program(folder.path())
          .run(short_run("ct_organs", {"dataset.root=organs.csv", "plan.patch_size=[3,64,64]",
                                       "dataset.folder=" + (test_data() / "dcmqi_seg/data/segmentations").string()}));
  ASSERT_EQ(trained.code, 0) << trained.output;
  expect_said_loudly(folder, trained);
  for (const char* organ : {"heart", "liver"}) EXPECT_NE(summary(folder).find(organ), std::string::npos) << organ;
  EXPECT_TRUE(fs::exists(folder / "run/predictions/ct.nii.gz"));
}

TEST(Nuclei, ManyMasksInRealPicturesAreTrainedScoredAndPredicted) {
  MEDVOL_NEEDS_DATA("dsb2018_nuclei");
  const TemporaryFolder folder;
  fs::create_directories(folder / "dsb/stage1_train");
  int taken = 0;
  for (const auto& entry : fs::directory_iterator(test_data() / "dsb2018_nuclei/stage1_train"))
    if (taken++ < 6) fs::create_directory_symlink(entry.path(), folder / "dsb/stage1_train" / entry.path().filename());
  const Program program(folder.path());
  const Outcome trained = program.run(short_run("nuclei2018", {"dataset.root=dsb", "plan.patch_size=[64,64]"}));
  ASSERT_EQ(trained.code, 0) << trained.output;
  EXPECT_NE(summary(folder).find("nucleus"), std::string::npos);
  const auto split = nlohmann::json::parse(read_file(folder / "run/split.json"));
  const std::string id = split.at("val")[0].get<std::string>();
  EXPECT_TRUE(fs::exists(folder / ("run/predictions/" + id + ".png")));
  const Outcome predicted =
      program.run({"predict", "model=run", "input=dsb/stage1_train/" + id + "/images", "output=masks"});
  ASSERT_EQ(predicted.code, 0) << predicted.output;
  EXPECT_EQ(read_file(folder / ("masks/" + id + ".png")), read_file(folder / ("run/predictions/" + id + ".png")));
}

}  // namespace
}  // namespace medvol::tests
