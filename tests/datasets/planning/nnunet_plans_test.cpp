#include <gmock/gmock.h>

#include <set>

#include <nlohmann/json.hpp>

#include "datasets/catalogue/decathlon.h"
#include "datasets/planning/given_plan.h"
#include "datasets/planning/planner.h"
#include "framework/core/error.h"
#include "tests/support/support.h"

/// Against the real nnU-Net v2: tests/datasets/golden/nnunet_plans.py.
namespace medvol::datasets {
namespace {

using nlohmann::json;

const json& golden() {
  static const json read =
      json::parse(tests::read_file(tests::source_root() / "tests/datasets/golden/nnunet_plans.json"));
  return read;
}

const std::vector<std::pair<std::string, PlannerPreset>> presets = {{"nnunet", PlannerPreset::nnunet},
                                                                    {"resenc_m", PlannerPreset::resenc_m},
                                                                    {"resenc_l", PlannerPreset::resenc_l},
                                                                    {"resenc_xl", PlannerPreset::resenc_xl}};

DatasetDescription described(const json& made) {
  DatasetDescription dataset;
  dataset.name = made["name"];
  dataset.channel_names = made["channels"];
  dataset.file_ending = ".nii.gz";
  for (size_t i = 0; i < made["labels"].size(); ++i) dataset.labels[int64_t(i) + 1] = made["labels"][i];
  return dataset;
}

Fingerprint fingerprint_of(const json& made) {
  Fingerprint result;
  const json& numbers = made["fingerprint"];
  for (size_t i = 0; i < numbers["spacings"].size(); ++i)
    result.cases.push_back({.id = std::to_string(i),
                            .shape = numbers["shapes_after_crop"][i],
                            .spacing = numbers["spacings"][i],
                            .relative_size = numbers["median_relative_size_after_cropping"]});
  result.median_relative_size = numbers["median_relative_size_after_cropping"];
  result.intensities.resize(made["channels"].size());
  return result;
}

/// Every configuration that is planned, by whichever of them is chosen.
json planned(const DatasetDescription& dataset, const Fingerprint& fingerprint, PlannerPreset preset) {
  const Plans plans = make_plans(dataset, fingerprint, {.preset = preset, .configuration = "2d"});
  return plan::to_json(plans.chosen, plans.others);
}

/// Everything in `theirs` stands in `ours`, numbers to 1e-12 of their size; `whole`: and nothing else does.
void expect_same(const json& ours, const json& theirs, const std::string& place, bool whole) {
  if (theirs.is_object()) {
    for (const auto& [key, value] : theirs.items()) {
      ASSERT_TRUE(ours.contains(key)) << place << "." << key << " is missing";
      expect_same(ours[key], value, place + "." + key, whole);
    }
    for (const auto& [key, value] : ours.items())
      EXPECT_TRUE(!whole || theirs.contains(key) || key == "medvol") << place << "." << key << " is not nnU-Net's";
  } else if (theirs.is_array()) {
    ASSERT_EQ(ours.size(), theirs.size()) << place;
    for (size_t i = 0; i < theirs.size(); ++i)
      expect_same(ours[i], theirs[i], place + "[" + std::to_string(i) + "]", whole);
  } else if (theirs.is_number()) {
    EXPECT_NEAR(ours.get<double>(), theirs.get<double>(), 1e-12 * std::abs(theirs.get<double>())) << place;
  } else {
    EXPECT_EQ(ours, theirs) << place;
  }
}

std::set<std::string> names(const json& object) {
  std::set<std::string> result;
  for (const auto& [name, value] : object.items()) result.insert(name);
  return result;
}

TEST(NnunetPlans, OfMadeUpDataSetsAndAllPresets) {
  int64_t plans = 0, low = 0, transposed = 0;
  for (const json& made : golden()["made"])
    for (const auto& [name, preset] : presets) {
      json theirs = made["plans"][name];
      const std::string place = made["name"].get<std::string>() + "." + name;
      ASSERT_TRUE(theirs.is_object()) << place;
      // Both read z, y, x from nearest to RAS, whatever reader nnU-Net was told.
      EXPECT_EQ(theirs["image_reader_writer"], "SimpleITKIO");
      theirs["image_reader_writer"] = "NibabelIOWithReorient";
      const json ours = planned(described(made), fingerprint_of(made), preset);
      EXPECT_EQ(names(ours["configurations"]), names(theirs["configurations"])) << place;
      expect_same(ours, theirs, place, false);
      ++plans;
      low += theirs["configurations"].contains("3d_lowres");
      transposed += theirs["transpose_forward"] != json({0, 1, 2});
    }
  EXPECT_GE(plans, 60);
  EXPECT_GE(low, 10);
  EXPECT_GE(transposed, 10);
}

TEST(NnunetPlans, OfHippocampusToTheLastKey) {
  MEDVOL_NEEDS_DATA("msd_task04_hippocampus");
  DatasetDescription dataset =
      Decathlon({.root = tests::test_data() / "msd_task04_hippocampus", .patients = std::nullopt}).describe();
  dataset.name = "Dataset004_Hippocampus";
  const Fingerprint found = extract_fingerprint(dataset, {.threads = 2, .foreground_samples = 2'000'000});
  const json& theirs = golden()["hippocampus"];
  const json ours = to_json(found);
  EXPECT_EQ(ours["shapes_after_crop"], theirs["fingerprint"]["shapes_after_crop"]);
  EXPECT_EQ(ours["spacings"], theirs["fingerprint"]["spacings"]);
  EXPECT_DOUBLE_EQ(found.median_relative_size, theirs["fingerprint"]["median_relative_size_after_cropping"]);
  // Of voxels that other generators drew, 50 times as many.
  const json numbers = theirs["fingerprint"]["foreground_intensity_properties_per_channel"]["0"];
  const plan::IntensityStatistics& own = found.intensities.front();
  EXPECT_NEAR(own.mean / numbers["mean"].get<double>(), 1, 0.01);
  EXPECT_NEAR(own.standard_deviation / numbers["std"].get<double>(), 1, 0.01);
  EXPECT_NEAR(own.median / numbers["median"].get<double>(), 1, 0.01);
  EXPECT_NEAR(own.percentile_00_5 / numbers["percentile_00_5"].get<double>(), 1, 0.05);
  EXPECT_NEAR(own.percentile_99_5 / numbers["percentile_99_5"].get<double>(), 1, 0.02);
  for (const auto& [name, preset] : presets) {
    json plan = planned(dataset, found, preset), expected = theirs["plans"][name];
    expected["image_reader_writer"] = "NibabelIOWithReorient";
    plan.erase("foreground_intensity_properties_per_channel");  // of other voxels, drawn by other generators
    expect_same(plan, expected, name, true);
  }
}

TEST(NnunetPlans, AreReadBack) {
  for (const json& made : golden()["made"]) {
    const Plans plans =
        make_plans(described(made), fingerprint_of(made), {.preset = PlannerPreset::resenc_l, .configuration = "2d"});
    const json file = plan::to_json(plans.chosen, plans.others);
    for (const plan::Plan& one : plans.others) {
      const plan::Plan back = plan::from_json(file, "plans.json", one.configuration);
      EXPECT_EQ(plan::to_json(back), plan::to_json(one));
      EXPECT_EQ(back.spacing, one.spacing);
      EXPECT_EQ(back.topology, one.topology);
    }
    const plan::Plan chosen = plan::from_json(file, "plans.json");
    EXPECT_EQ(chosen.configuration, "2d");
    EXPECT_EQ(plan::to_json(chosen), plan::to_json(plans.chosen));
  }
}

TEST(NnunetPlans, OfNnunetItselfAreFollowed) {
  const tests::TemporaryFolder folder;
  json file = golden()["hippocampus"]["plans"]["resenc_m"];
  file["foreground_intensity_properties_per_channel"] =
      golden()["hippocampus"]["fingerprint"]["foreground_intensity_properties_per_channel"];
  tests::write_file(folder / "plans.json", file.dump());
  DatasetDescription dataset;
  dataset.name = "Mine";
  dataset.channel_names = {"MRI"};
  dataset.labels = {{1, "Anterior"}, {2, "Posterior"}};
  const plan::Plan plan = given_plan(dataset, {.from = folder / "plans.json", .batch_size = 3});
  EXPECT_EQ(plan.patch_size, (std::vector<int64_t>{40, 56, 40}));
  EXPECT_EQ(plan.batch_size, 3);
  EXPECT_EQ(plan.labels, dataset.labels);
  EXPECT_TRUE(plan.topology.residual_encoder);
  EXPECT_EQ(given_plan(dataset, {.from = folder / "plans.json", .configuration = "2d"}).dimensions, 2);
  EXPECT_THROW(given_plan(dataset, {.from = folder / "plans.json", .configuration = "3d_lowres"}), core::UserError);
  EXPECT_THROW(given_plan(dataset, {.from = folder / "plans.json", .spacing = {1, 1, 1}}), core::UserError);
  dataset.channel_names.push_back("T2");
  EXPECT_THROW(given_plan(dataset, {.from = folder / "plans.json"}), core::UserError);
}

TEST(NnunetPlans, TheCascadeIsTheFullResolutionWithLabelsBeside) {
  for (const json& made : golden()["made"]) {
    if (!made["name"].get<std::string>().ends_with("_large_ct")) continue;
    const Plans full = make_plans(described(made), fingerprint_of(made), {.configuration = "3d_fullres"});
    const Plans cascade = make_plans(described(made), fingerprint_of(made), {.configuration = "3d_cascade_fullres"});
    plan::Plan expected = full.chosen;
    expected.configuration = "3d_cascade_fullres";
    EXPECT_EQ(plan::to_json(cascade.chosen), plan::to_json(expected));
    EXPECT_EQ(cascade.chosen.input_count(), full.chosen.input_count() + int64_t(full.chosen.labels.size()));
    const json file = plan::to_json(cascade.chosen, cascade.others);
    EXPECT_EQ(file["configurations"]["3d_cascade_fullres"]["previous_stage"], "3d_lowres");
    EXPECT_EQ(file["configurations"]["3d_lowres"]["next_stage"], "3d_cascade_fullres");
    // What nnU-Net's own file says of it by inheritance, says the same.
    const plan::Plan inherited =
        plan::from_json(plan::to_json(full.chosen, full.others), "plans.json", "3d_cascade_fullres");
    EXPECT_TRUE(inherited.is_cascade());
    EXPECT_EQ(inherited.patch_size, cascade.chosen.patch_size);
  }
}

TEST(NnunetPlans, LowResolutionIsRefusedWhereItIsNotNeeded) {
  const auto refusal = [](const char* name, const char* configuration) -> std::string {
    for (const json& made : golden()["made"]) {
      if (!made["name"].get<std::string>().ends_with(name)) continue;
      try {
        return make_plan(described(made), fingerprint_of(made), {.configuration = configuration}).configuration;
      } catch (const core::UserError& error) {
        return error.what();
      }
    }
    return "no such data set";
  };
  EXPECT_EQ(refusal("_large_ct", "3d_lowres"), "3d_lowres");
  EXPECT_EQ(refusal("_large_ct", "3d_cascade_fullres"), "3d_cascade_fullres");
  EXPECT_THAT(refusal("_small_isotropic", "3d_cascade_fullres"), testing::HasSubstr("3d_fullres"));
  EXPECT_THAT(refusal("_small_isotropic", "3d_lowres"), testing::HasSubstr("3d_fullres"));
  EXPECT_THAT(refusal("507_slices", "3d_lowres"), testing::HasSubstr("single slices"));
  EXPECT_THAT(refusal("507_slices", "3d_fullres"), testing::HasSubstr("2d"));
}

}  // namespace
}  // namespace medvol::datasets
