#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/journeys/program.h"
#include "tests/support/support.h"

namespace medvol::tests {
namespace {

TEST(WholePath, TrainPredictEvaluateExportReport) {
  const TemporaryFolder folder;
  const Program program(folder.path());
  const auto succeed = [&](const std::vector<std::string>& arguments) {
    const Outcome outcome = program.run(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.output;
    return outcome.output;
  };
  succeed(small_training("run"));
  for (const char* file :
       {"config.yaml", "overrides.yaml", "identity.json", "log.jsonl", "curves.png", "curves.svg", "plan.json",
        "checkpoints/last.safetensors", "checkpoints/best.safetensors", "evaluation/summary.json",
        "evaluation/cases.csv", "evaluation/report.md", "evaluation/report.html", "export/model.pt"})
    EXPECT_TRUE(std::filesystem::exists(folder / ("run/" + std::string(file)))) << file;
  bool events = false;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "run"))
    events |= entry.path().filename().string().rfind("events.out.tfevents.", 0) == 0;
  EXPECT_TRUE(events);

  // The run directory and the exported file give the same masks, byte for byte, as the training program wrote.
  succeed({"predict", "model=run", "input=phantom/imagesTr", "cases=validation", "output=from_run"});
  succeed({"export", "run=run", "format=torchscript", "output=model.pt"});
  size_t compared = 0;
  std::vector<std::string> ids;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "from_run")) {
    const std::string name = entry.path().filename().string();
    ids.push_back(name.substr(0, name.find('.')));
    EXPECT_EQ(read_file(entry.path()), read_file(folder / ("run/predictions/" + name))) << name;
  }
  ASSERT_EQ(ids.size(), 2u);
  succeed({"predict", "model=model.pt", "input=phantom/imagesTr", "cases=" + ids[0] + "," + ids[1], "output=from_file",
           "hardware.compute_threads=1"});
  for (const auto& entry : std::filesystem::directory_iterator(folder / "from_file")) {
    ++compared;
    EXPECT_EQ(read_file(entry.path()), read_file(folder / ("run/predictions/" + entry.path().filename().string())));
  }
  EXPECT_EQ(compared, 2u);

  // evaluate gives the figures that training reported; without cases= the unpredicted references are misses.
  succeed({"evaluate", "reference=phantom/labelsTr", "prediction=from_run", "cases=predicted", "output=scores"});
  const auto dice = [&](const std::string& file) {
    return nlohmann::json::parse(read_file(folder / file)).at("foreground_mean").at("Dice").get<double>();
  };
  EXPECT_NEAR(dice("scores/summary.json"), dice("run/evaluation/summary.json"), 1e-12);
  succeed({"evaluate", "reference=phantom/labelsTr", "prediction=from_run", "output=missed"});
  EXPECT_NEAR(dice("missed/summary.json"), dice("scores/summary.json") * 2 / 10, 1e-9);

  succeed(small_training("second", {"seed=2"}));
  EXPECT_NE(succeed({"report", "runs=run,second", "output=both"}).find("second"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(folder / "both/report.html"));
}

TEST(WholePath, OneImageFoldAllAndOtherFormats) {
  const TemporaryFolder folder;
  const Program program(folder.path());
  const Outcome trained = program.run(small_training("run", {"fold=all", "trainer.max_steps=4"}));
  ASSERT_EQ(trained.code, 0) << trained.output;
  std::filesystem::path image;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "phantom/imagesTr")) image = entry.path();
  const Outcome predicted = program.run(
      {"predict", "model=run", "input=" + image.string(), "output=one.nrrd", "confidence=true", "probabilities=true"});
  ASSERT_EQ(predicted.code, 0) << predicted.output;
  for (const char* file : {"one.nrrd", "one_confidence.nrrd", "one_probabilities.nrrd"})
    EXPECT_TRUE(std::filesystem::exists(folder / file)) << file;
  const Outcome refused =
      program.run({"predict", "model=run", "input=phantom/imagesTr", "output=out", "cases=validation"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.output.find("held out no case"), std::string::npos) << refused.output;
}

TEST(WholePath, TwoDimensionalNetworksTrainOnSlices) {
  const TemporaryFolder folder;
  const Program program(folder.path());
  const Outcome outcome =
      program.run(small_training("run", {"plan.configuration=2d", "plan.patch_size=[32,32]", "trainer.max_steps=6"}));
  EXPECT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_TRUE(std::filesystem::exists(folder / "run/evaluation/summary.json"));
}

/// A memory so small that a patch sees less than a quarter of the phantom.
TEST(WholePath, LowResolutionAndResidualEncodersArePlannedAndTrained) {
  const TemporaryFolder folder;
  const Program program(folder.path());
  const Outcome low = program.run(small_training(
      "low", {"plan.configuration=3d_lowres", "plan.memory_gb=0.01", "plan.patch_size=[]", "trainer.max_steps=4"}));
  ASSERT_EQ(low.code, 0) << low.output;
  const auto all = nlohmann::json::parse(read_file(folder / "low/plan.json"))["configurations"];
  for (const char* name : {"2d", "3d_fullres", "3d_lowres", "3d_cascade_fullres"}) EXPECT_TRUE(all.contains(name));
  EXPECT_GT(all["3d_lowres"]["spacing"][0], all["3d_fullres"]["spacing"][0]);
  const Outcome residual = program.run(small_training("residual", {"plan=resenc_m", "trainer.max_steps=2"}));
  ASSERT_EQ(residual.code, 0) << residual.output;
  const Outcome followed =
      program.run(small_training("followed", {"plan.from=low/plan.json", "plan.configuration=3d_fullres",
                                              "plan.patch_size=[]", "plan.batch_size=1", "trainer.max_steps=1"}));
  EXPECT_EQ(followed.code, 0) << followed.output;
}

}  // namespace
}  // namespace medvol::tests
