#include "framework/plan/plan.h"

#include <gmock/gmock.h>

#include "framework/core/error.h"
#include "tests/support/support.h"

namespace medvol::plan {
namespace {

using testing::HasSubstr;

Plan hippocampus(int64_t dimensions = 3) {
  Plan plan;
  plan.dataset_name = "Hippocampus";
  plan.configuration = dimensions == 3 ? "3d_fullres" : "2d";
  plan.channel_names = {"MRI"};
  plan.labels = {{1, "Anterior"}, {2, "Posterior"}};
  plan.dimensions = dimensions;
  plan.spacing = {1, 1.25, 1.5};
  plan.median_shape = {36, 50, 35.5};
  plan.original_median_spacing = {1, 1, 1};
  plan.original_median_shape = {36, 50, 35};
  plan.patch_size = dimensions == 3 ? std::vector<int64_t>{40, 56, 40} : std::vector<int64_t>{56, 40};
  plan.batch_size = 7;
  plan.batch_dice = true;
  plan.normalization = {Normalization::ct};
  plan.normalize_inside_mask = {true};
  plan.intensities = {{.mean = 0.1,
                       .median = 2,
                       .standard_deviation = 3,
                       .minimum = -4,
                       .maximum = 5,
                       .percentile_00_5 = 6,
                       .percentile_99_5 = 7}};
  plan.topology.features_per_stage = {32, 64};
  const std::vector<int64_t> three(size_t(dimensions), 3), two(size_t(dimensions), 2), one(size_t(dimensions), 1);
  plan.topology.kernel_sizes = {three, three};
  plan.topology.strides = {one, two};
  plan.topology.convolutions_per_stage_encoder = {2, 3};
  plan.topology.convolutions_per_stage_decoder = {4};
  return plan;
}

void expect_equal(const Plan& a, const Plan& b) {
  EXPECT_EQ(to_json(a), to_json(b));
  EXPECT_EQ(a.configuration, b.configuration);
  EXPECT_EQ(a.channel_names, b.channel_names);
  EXPECT_EQ(a.labels, b.labels);
  EXPECT_EQ(a.ignore_label, b.ignore_label);
  EXPECT_EQ(a.regions, b.regions);
  EXPECT_EQ(a.dimensions, b.dimensions);
  EXPECT_EQ(a.spacing, b.spacing);
  EXPECT_EQ(a.patch_size, b.patch_size);
  EXPECT_EQ(a.batch_size, b.batch_size);
  EXPECT_EQ(a.batch_dice, b.batch_dice);
  EXPECT_EQ(a.normalization, b.normalization);
  EXPECT_EQ(a.normalize_inside_mask, b.normalize_inside_mask);
  EXPECT_EQ(a.median_shape, b.median_shape);
  EXPECT_EQ(a.topology, b.topology);
  ASSERT_EQ(a.intensities.size(), b.intensities.size());
  EXPECT_EQ(a.intensities[0].mean, b.intensities[0].mean);
  EXPECT_EQ(a.intensities[0].percentile_99_5, b.intensities[0].percentile_99_5);
}

/// As nnU-Net 2.6 writes it: several configurations, one inherited, no key of ours.
nlohmann::json of_nnunet() {
  nlohmann::json value = to_json(hippocampus());
  value.erase("medvol");
  value["configurations"]["2d"] = to_json(hippocampus(2))["configurations"]["2d"];
  value["configurations"]["3d_cascade_fullres"] = {
      {"inherits_from", "3d_fullres"}, {"previous_stage", "3d_lowres"}, {"batch_size", 3}};
  value["configurations"]["3d_fullres"]["normalization_schemes"] = {"ZScoreNormalization"};
  return value;
}

std::string error_of(const nlohmann::json& value, const std::string& configuration = "") {
  try {
    from_json(value, "plans.json", configuration);
  } catch (const core::UserError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Plan, SurvivesTheFile) {
  const tests::TemporaryFolder folder;
  Plan plan = hippocampus();
  plan.ignore_label = 3;
  plan.regions = {{"whole", {1, 2}, 1}, {"posterior alone", {2}, 2}};
  write_plan(folder / "plan.json", plan);
  expect_equal(read_plan(folder / "plan.json"), plan);
  write_plan(folder / "plan.json", hippocampus(2));
  expect_equal(read_plan(folder / "plan.json"), hippocampus(2));
}

TEST(Plan, RegionsAreOutputsInThePlaceOfClasses) {
  Plan plan = hippocampus();
  EXPECT_EQ(plan.output_count(), plan.class_count());
  ASSERT_EQ(plan.structures().size(), plan.labels.size());
  EXPECT_EQ(plan.structures()[1].labels, std::vector<int64_t>{2});
  plan.regions = {{"whole", {1, 2}, 1}};
  EXPECT_EQ(plan.output_count(), 1);
  EXPECT_EQ(plan.structures(), plan.regions);
}

TEST(Plan, HasTheKeysThatNnunetReads) {
  const nlohmann::json value = to_json(hippocampus());
  const nlohmann::json& kwargs = value["configurations"]["3d_fullres"]["architecture"]["arch_kwargs"];
  EXPECT_EQ(kwargs["n_stages"], 2);
  EXPECT_EQ(kwargs["conv_op"], "torch.nn.modules.conv.Conv3d");
  EXPECT_EQ(kwargs["norm_op"], "torch.nn.modules.instancenorm.InstanceNorm3d");
  EXPECT_EQ(value["foreground_intensity_properties_per_channel"]["0"]["std"], 3);
  EXPECT_EQ(value["configurations"]["3d_fullres"]["normalization_schemes"][0], "CTNormalization");
  const nlohmann::json flat = to_json(hippocampus(2))["configurations"]["2d"];
  EXPECT_EQ(flat["spacing"], nlohmann::json({1.25, 1.5}));
  EXPECT_EQ(flat["architecture"]["arch_kwargs"]["conv_op"], "torch.nn.modules.conv.Conv2d");
}

TEST(Plan, ReadsNnunetsOwnFile) {
  const Plan plan = from_json(of_nnunet(), "plans.json");
  EXPECT_EQ(plan.configuration, "3d_fullres");
  EXPECT_TRUE(plan.labels.empty());
  EXPECT_EQ(plan.normalization, std::vector<Normalization>{Normalization::zscore});
  EXPECT_EQ(from_json(of_nnunet(), "plans.json", "3d_cascade_fullres").batch_size, 3);
  EXPECT_EQ(from_json(of_nnunet(), "plans.json", "3d_cascade_fullres").patch_size, plan.patch_size);
  const Plan flat = from_json(of_nnunet(), "plans.json", "2d");
  EXPECT_EQ(flat.dimensions, 2);
  EXPECT_EQ(flat.spacing, (std::vector<double>{1, 1.25, 1.5})) << "the slice axis comes from the data set's median";
}

TEST(Plan, WritesAndReadsTheOrderOfAxes) {
  Plan plan = hippocampus();
  plan.transpose_forward = {2, 0, 1};
  const nlohmann::json value = to_json(plan);
  EXPECT_EQ(value["transpose_forward"], nlohmann::json({2, 0, 1}));
  EXPECT_EQ(value["transpose_backward"], nlohmann::json({1, 2, 0}));
  EXPECT_EQ(from_json(value, "plans.json").transpose_forward, plan.transpose_forward);
}

TEST(Plan, SeveralConfigurationsInOneFile) {
  Plan low = hippocampus();
  low.configuration = "3d_lowres";
  low.spacing = {2, 2.5, 3};
  low.plans_name = "nnUNetResEncUNetLPlans";
  low.topology.residual_encoder = true;
  Plan flat = hippocampus(2);
  flat.spacing = {0.9, 1.25, 1.5};  // of the data set's planned spacing, not of its median
  const nlohmann::json value = to_json(low, {flat, hippocampus()});
  const nlohmann::json& all = value["configurations"];
  EXPECT_EQ(all["3d_lowres"]["next_stage"], "3d_cascade_fullres");
  EXPECT_EQ(all["3d_lowres"]["data_identifier"], "nnUNetResEncUNetLPlans_3d_lowres");
  EXPECT_EQ(all["2d"]["data_identifier"], "nnUNetPlans_2d");
  EXPECT_EQ(all["3d_cascade_fullres"],
            nlohmann::json({{"inherits_from", "3d_fullres"}, {"previous_stage", "3d_lowres"}}));
  EXPECT_EQ(all["3d_lowres"]["architecture"]["arch_kwargs"]["n_blocks_per_stage"], nlohmann::json({2, 3}));
  EXPECT_FALSE(all["3d_lowres"]["architecture"]["arch_kwargs"].contains("n_conv_per_stage"));
  const Plan back = from_json(value, "plans.json");
  EXPECT_EQ(back.configuration, "3d_lowres");
  EXPECT_EQ(back.spacing, low.spacing);
  EXPECT_EQ(back.topology, low.topology);
  EXPECT_EQ(back.labels, low.labels);
  EXPECT_EQ(from_json(value, "plans.json", "2d").spacing, flat.spacing);
  EXPECT_EQ(from_json(value, "plans.json", "2d").median_shape, flat.median_shape);
  EXPECT_FALSE(to_json(hippocampus(), {flat})["configurations"].contains("3d_cascade_fullres"));
}

TEST(Plan, NamesTheKeyThatIsWrong) {
  nlohmann::json value = of_nnunet();
  EXPECT_THAT(error_of(value, "3d_lowres"),
              AllOf(HasSubstr("plans.json"), HasSubstr("no configuration '3d_lowres'"), HasSubstr("3d_fullres")));
  auto& section = value["configurations"]["3d_fullres"];
  section["batch_size"] = "two";
  EXPECT_THAT(error_of(value), HasSubstr("'configurations.3d_fullres.batch_size' is not"));
  section["batch_size"] = 2.5;
  EXPECT_THAT(error_of(value), HasSubstr("'configurations.3d_fullres.batch_size' is not made of integers"));
  section["batch_size"] = 2;
  section["normalization_schemes"] = {"ZScoreNormalisation"};
  EXPECT_THAT(error_of(value), HasSubstr("did you mean 'ZScoreNormalization'?"));
  section["normalization_schemes"] = {"ZScoreNormalization"};
  section["architecture"]["arch_kwargs"]["strides"] = {{1, 1, 1}};
  EXPECT_THAT(error_of(value), HasSubstr("strides"));
  section.erase("architecture");
  EXPECT_THAT(error_of(value),
              AllOf(HasSubstr("'configurations.3d_fullres.architecture' is missing"), HasSubstr("before 2.5")));
  value["transpose_forward"] = {2, 0, 2};
  EXPECT_THAT(error_of(value), HasSubstr("'transpose_forward' is not an order of 0, 1, 2"));
  EXPECT_THAT(error_of(nlohmann::json::array()), HasSubstr("is not an object"));
}

TEST(Plan, ABrokenFileIsNamed) {
  const tests::TemporaryFolder folder;
  tests::write_file(folder / "plan.json", "{\"dataset_name\": ");
  try {
    read_plan(folder / "plan.json");
    FAIL() << "no error";
  } catch (const core::UserError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("plan.json"), HasSubstr("not a JSON file")));
  }
  EXPECT_THROW(read_plan(folder / "absent.json"), core::UserError);
}

}  // namespace
}  // namespace medvol::plan
