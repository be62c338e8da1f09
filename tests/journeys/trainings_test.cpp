#include <signal.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

#include "tests/journeys/program.h"
#include "tests/support/support.h"

namespace medvol::tests {
namespace {

/// Overrides that make a small training of each kind; the adversary joins in the middle.
std::vector<std::string> kind(const std::string& name) {
  const std::vector<std::string> short_run{
      "optimizer=adamw",          "trainer.max_epochs=null",    "trainer.max_steps=24", "trainer.checkpoint_every=3",
      "trainer.validate_every=6", "trainer.validation_cases=1", "trainer=" + name};
  const std::vector<std::string> adversary{"trainer.adversary.begins=0.4", "discriminator.features=4"};
  std::vector<std::string> own;
  if (name == "adversarial_segmentation") own = {"trainer.adversary.weight=0.1"};
  if (name == "super_resolution") own = {"network=srgan", "network.features=4", "network.blocks=1"};
  if (name == "synthesis") own = {"network=spade", "network.features=4", "network.hidden=8"};
  // The reference as its own prediction: nothing is to be mended, and the training is one all the same.
  if (name == "mesh_refinement") own = {"trainer.segmentations=phantom/labelsTr", "trainer.points=200"};
  own.insert(own.end(), short_run.begin(), short_run.end());
  if (name != "pretraining" && name != "mesh_refinement") own.insert(own.end(), adversary.begin(), adversary.end());
  return own;
}

/// The small training without the options of a U-Net where another network is named.
std::vector<std::string> arguments(const std::string& run, const std::string& name) {
  std::vector<std::string> all = small_training(run, kind(name));
  const bool own_network = name == "super_resolution" || name == "synthesis";
  std::erase_if(
      all, [&](const std::string& word) { return own_network && word.rfind("network.features_per_stage", 0) == 0; });
  return all;
}

class Trainings : public testing::TestWithParam<std::string> {};

TEST_P(Trainings, EndsWithTheSameBitsAfterKills) {
  const TemporaryFolder folder;
  const Program program(folder.path());
  const Outcome whole = program.run(arguments("whole", GetParam()));
  ASSERT_EQ(whole.code, 0) << whole.output;
  EXPECT_TRUE(std::filesystem::exists(folder / "whole/export/model.pt") ||
              std::filesystem::exists(folder / "whole/export/mesh.onnx"));
  EXPECT_TRUE(std::filesystem::exists(folder / "whole/outcome.json"));
  std::vector<std::string> again = arguments("killed", GetParam());
  again.push_back("resume=true");
  for (const int64_t step : {5, 11}) {
    const Outcome killed = program.run_and_kill_at_step(again, "killed", step);
    ASSERT_EQ(killed.code, 128 + SIGKILL) << killed.output;
  }
  const Outcome rest = program.run(again);
  ASSERT_EQ(rest.code, 0) << rest.output;
  EXPECT_NE(rest.output.find("resumed at step"), std::string::npos) << rest.output;
  EXPECT_EQ(state_of(folder / "killed"), state_of(folder / "whole"));
}

INSTANTIATE_TEST_SUITE_P(Kinds, Trainings,
                         testing::Values("adversarial_segmentation", "super_resolution", "synthesis", "pretraining",
                                         "mesh_refinement"),
                         [](const auto& one) { return one.param; });

TEST(Synthesise, WhatItWritesIsTrainedOn) {
  const TemporaryFolder folder;
  const Program program(folder.path());
  const Outcome trained = program.run(arguments("painter", "synthesis"));
  ASSERT_EQ(trained.code, 0) << trained.output;
  const Outcome made = program.run({"synthesise", "model=painter", "count=3", "output=made"});
  ASSERT_EQ(made.code, 0) << made.output;
  EXPECT_TRUE(std::filesystem::exists(folder / "made/dataset.json"));
  EXPECT_TRUE(std::filesystem::exists(folder / "made/imagesTr/synthetic_00002_0000.nii.gz"));
  const Outcome full = program.run({"synthesise", "model=painter", "count=3", "output=made"});
  EXPECT_EQ(full.code, 1) << full.output;
  EXPECT_NE(full.output.find("is not empty"), std::string::npos) << full.output;
  const Outcome mixed = program.run(small_training(
      "mixed", {"dataset.synthetic_root=made", "dataset.synthetic_fraction=0.5", "trainer.max_steps=4"}));
  ASSERT_EQ(mixed.code, 0) << mixed.output;
  const Outcome refused = program.run({"predict", "model=painter", "input=phantom/imagesTr", "output=out"});
  EXPECT_EQ(refused.code, 1) << refused.output;
  EXPECT_NE(refused.output.find("medvol synthesise"), std::string::npos) << refused.output;
}

TEST(SuperResolution, PredictsLargerImagesFromRunAndFileAlike) {
  const TemporaryFolder folder;
  const Program program(folder.path());
  const Outcome trained = program.run(arguments("run", "super_resolution"));
  ASSERT_EQ(trained.code, 0) << trained.output;
  EXPECT_NE(trained.output.find("cubic_bspline"), std::string::npos) << trained.output;
  const std::string one = "input=phantom/imagesTr/phantom_000_0000.nii.gz";
  for (const char* model : {"run", "run/export/model.pt"}) {
    const Outcome predicted =
        program.run({"predict", std::string("model=") + model, one,
                     std::string("output=") + (std::string(model) == "run" ? "a.nii.gz" : "b.nii.gz")});
    ASSERT_EQ(predicted.code, 0) << predicted.output;
  }
  EXPECT_EQ(read_file(folder / "a.nii.gz"), read_file(folder / "b.nii.gz"));
}

/// The phantom as a data set of nnU-Net's layout whose labels are regions, declared from the outside in.
void declare_regions(const std::filesystem::path& phantom, const std::filesystem::path& regions) {
  std::filesystem::copy(phantom, regions, std::filesystem::copy_options::recursive);
  auto declared = nlohmann::ordered_json::parse(read_file(regions / "dataset.json"));
  std::vector<int64_t> all;
  for (const auto& [name, label] : declared.at("labels").items())
    if (label != 0) all.push_back(label);
  std::sort(all.begin(), all.end());
  declared["labels"] = {{"background", 0}, {"everything", all}, {"last", {all.back()}}};
  declared["regions_class_order"] = {all.front(), all.back()};
  write_file(regions / "dataset.json", declared.dump());
}

TEST(Regions, AreTrainedPredictedAndScored) {
  const TemporaryFolder folder;
  const Program program(folder.path());
  ASSERT_EQ(program.run(small_training("classes", {"trainer.max_steps=1"})).code, 0);
  declare_regions(folder / "phantom", folder / "regions");
  const auto on_regions = [](const std::string& run, const std::vector<std::string>& more) {
    std::vector<std::string> words = small_training(run, more);
    std::erase_if(words, [](const std::string& word) { return word.starts_with("dataset"); });
    words.insert(words.end(), {"dataset=nnunet", "dataset.root=regions"});
    return words;
  };
  const Outcome refused = program.run(on_regions("refused", {}));
  EXPECT_EQ(refused.code, 1) << refused.output;
  EXPECT_NE(refused.output.find("choose loss=dice_bce"), std::string::npos) << refused.output;
  const Outcome trained = program.run(on_regions("trained", {"loss=dice_bce", "trainer.max_steps=40"}));
  ASSERT_EQ(trained.code, 0) << trained.output;
  EXPECT_NE(trained.output.find("everything"), std::string::npos) << trained.output;
  const std::string image = "input=regions/imagesTr/phantom_000_0000.nii.gz";
  for (const char* model : {"trained", "trained/export/model.pt"})
    ASSERT_EQ(program
                  .run({"predict", std::string("model=") + model, image,
                        std::string("output=") + (std::string(model) == "trained" ? "a.nii.gz" : "b.nii.gz")})
                  .code,
              0);
  EXPECT_EQ(read_file(folder / "a.nii.gz"), read_file(folder / "b.nii.gz"));
  const Outcome described = program.run({"describe", "model=trained/export/model.pt"});
  EXPECT_NE(described.output.find("everything: labels 1, 2, 3, painted 1"), std::string::npos) << described.output;
  const Outcome scored = program.run(
      {"evaluate", "reference=regions/labelsTr", "prediction=trained/predictions", "cases=predicted", "output=scored"});
  ASSERT_EQ(scored.code, 0) << scored.output;
  EXPECT_NE(scored.output.find("everything"), std::string::npos) << scored.output;
}

TEST(Pretrained, FineTuningTakesWhatFitsAndSaysWhatDoesNot) {
  const TemporaryFolder folder;
  const Program program(folder.path());
  ASSERT_EQ(program.run(arguments("before", "pretraining")).code, 0);
  const Outcome tuned =
      program.run(small_training("after", {"pretrained.from=before", "trainer.max_steps=4", "training_cases=4"}));
  ASSERT_EQ(tuned.code, 0) << tuned.output;
  EXPECT_NE(tuned.output.find("seg_layers"), std::string::npos) << tuned.output;
  const Outcome absent = program.run(small_training("absent", {"pretrained.from=nowhere"}));
  EXPECT_EQ(absent.code, 1) << absent.output;
}

}  // namespace
}  // namespace medvol::tests
