#include <gmock/gmock.h>

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>

#include "datasets/catalogue/read_case.h"
#include "datasets/preprocessing/preprocess_case.h"
#include "framework/imaging/image_io.h"
#include "framework/storage/checksum.h"
#include "tests/support/support.h"

/// Against the real nnU-Net v2: tests/datasets/golden/nnunet_preprocessing.py.
namespace medvol::datasets {
namespace {

using nlohmann::json;

/// nnU-Net's plan, and labels as they stand in the files.
plan::Plan plan_of(const json& golden) {
  plan::Plan plan = plan::from_json(golden["plans"], "golden");
  for (int64_t label = 1; label < 256; ++label) plan.labels[label] = std::to_string(label);
  return plan;
}

imaging::Volume image_of(const json& golden) {
  std::vector<std::filesystem::path> files;
  for (const std::string file : golden["images"]) files.push_back(tests::test_data() / file);
  return read_case_image(files, files.size());
}

void expect_image(const at::Tensor& image, const json& golden) {
  ASSERT_EQ(image.sizes(), golden["shape"].get<std::vector<int64_t>>());
  const at::Tensor flat = image.view(-1);
  const auto step = golden["step"].get<int64_t>();
  double largest = 0;
  for (size_t i = 0; i < golden["voxels"].size(); ++i) {
    const double theirs = golden["voxels"][i], ours = flat[int64_t(i) * step].item<double>();
    // NoNormalization leaves file units: to 1e-4 of the value there.
    largest = std::max(largest, std::abs(ours - theirs) / std::max(1.0, std::abs(theirs)));
  }
  EXPECT_LT(largest, 1e-4);
  testing::Test::RecordProperty(golden["name"].get<std::string>(), std::to_string(largest));
  for (int64_t channel = 0; channel < image.size(0); ++channel) {
    const at::Tensor voxels = image[channel].to(at::kDouble);
    const double count = double(voxels.numel()), squares = golden["squares"][size_t(channel)].get<double>();
    EXPECT_NEAR(voxels.mean().item<double>(), golden["sums"][size_t(channel)].get<double>() / count,
                1e-5 * std::sqrt(squares / count) + 1e-5);
    EXPECT_NEAR(voxels.square().mean().item<double>(), squares / count, 1e-4 * squares / count);
  }
}

void expect_labels(const at::Tensor& labels, const json& golden) {
  const at::Tensor flat = labels.view(-1);
  const auto step = golden["step_of_labels"].get<int64_t>();
  for (size_t i = 0; i < golden["label_voxels"].size(); ++i)
    EXPECT_EQ(flat[int64_t(i) * step].item<int64_t>(), golden["label_voxels"][i].get<int64_t>());
  for (const auto& [label, count] : golden["label_counts"].items())
    EXPECT_EQ((labels == std::stoll(label)).sum().item<int64_t>(), count.get<int64_t>()) << "of label " << label;
  const std::string_view bytes(static_cast<const char*>(labels.const_data_ptr()), size_t(labels.numel()));
  EXPECT_EQ(storage::checksum(bytes), golden["label_hash"].get<std::string>()) << "some voxels have another label";
}

TEST(NnunetPreprocessing, EveryVoxelOfRealCases) {
  for (const char* folder : {"msd_task04_hippocampus", "totalsegmentator_tests", "prostatex_0000", "sct_spinalcord",
                             "panoptica_spine", "tcga_brats_toolkit"})
    MEDVOL_NEEDS_DATA(folder);
  const json all =
      json::parse(tests::read_file(tests::source_root() / "tests/datasets/golden/nnunet_preprocessing.json"));
  ASSERT_GE(all.size(), 12U);
  for (const json& golden : all) {
    SCOPED_TRACE(golden["name"].get<std::string>());
    const imaging::Volume image = image_of(golden);
    imaging::Volume labels = imaging::read_labels(tests::test_data() / golden["labels"].get<std::string>());
    labels.geometry = image.geometry;  // headers of label files differ in the last digits
    const PreprocessedCase made = preprocess_case(image, labels, plan_of(golden));
    expect_image(made.image, golden);
    expect_labels(made.labels, golden);
  }
}

}  // namespace
}  // namespace medvol::datasets
