#include "datasets/preprocessing/prepare.h"

#include <gmock/gmock.h>

#include <limits>
#include <thread>

#include "datasets/catalogue/decathlon.h"
#include "datasets/catalogue/read_case.h"
#include "datasets/preprocessing/preprocess_case.h"
#include "framework/core/error.h"
#include "tests/datasets/catalogue/made_dataset.h"

namespace medvol::datasets {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

plan::Plan plan_of() {
  plan::Plan plan;
  plan.channel_names = {"MRI"};
  plan.labels = {{1, "organ"}, {2, "corner"}};
  plan.spacing = {1, 1, 1};
  plan.normalization = {plan::Normalization::zscore};
  plan.normalize_inside_mask = {false};
  plan.intensities = {{}};
  return plan;
}

TEST(Prepare, StoresWhatPreprocessingMade) {
  const tests::TemporaryFolder folder;
  const DatasetDescription dataset = tests::made_dataset(folder / "raw", 3);
  const PreparedDataset prepared = prepare(dataset, plan_of(), folder / "store.h5", {.threads = 2});
  EXPECT_THAT(prepared.prepared, ElementsAre("case_0", "case_1", "case_2"));
  const CaseStore& store = prepared.store;
  EXPECT_THAT(store.ids(), ElementsAre("case_0", "case_1", "case_2"));
  const imaging::Volume image = read_case_image(dataset.cases[1].images, 1);
  const PreprocessedCase expected = preprocess_case(image, tests::made_labels(image), plan_of());
  EXPECT_TRUE(at::equal(store.image("case_1"), expected.image.to(at::kHalf)));
  EXPECT_TRUE(at::equal(store.labels("case_1"), expected.labels));
  EXPECT_TRUE(store.transform("case_1").file_geometry().matches(image.geometry));
  const auto& foreground = store.foreground("case_1");
  ASSERT_EQ(foreground.size(), 2u);
  EXPECT_EQ(foreground.at(1).size(0), 6 * 6 * 6 - 2 * 2 * 3);
  EXPECT_TRUE((store.labels("case_1").view(-1).index_select(0, foreground.at(2)) == 2).all().item<bool>());
  try {
    store.image("case_7");
    FAIL() << "no error";
  } catch (const core::UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("did you mean 'case_"));
  }
}

TEST(Prepare, DoesNotDependOnThreads) {
  const tests::TemporaryFolder folder;
  const DatasetDescription dataset = tests::made_dataset(folder / "raw", 5);
  const std::string one = prepare(dataset, plan_of(), folder / "one.h5", {.threads = 1}).store.data_hash();
  EXPECT_EQ(prepare(dataset, plan_of(), folder / "four.h5", {.threads = 4}).store.data_hash(), one);
}

TEST(Prepare, RedoesWhatChangedAndNothingElse) {
  const tests::TemporaryFolder folder;
  DatasetDescription dataset = tests::made_dataset(folder / "raw", 3);
  const auto again = [&](const plan::Plan& plan) {
    return prepare(dataset, plan, folder / "store.h5", {.threads = 2});
  };
  const std::string first = again(plan_of()).store.data_hash();
  EXPECT_THAT(again(plan_of()).prepared, IsEmpty());
  EXPECT_EQ(again(plan_of()).reused, 3);

  imaging::Volume image = tests::made_image();
  image.data[0][5][5][5] = 77;
  imaging::write_image(dataset.cases[1].images[0], image);
  EXPECT_THAT(again(plan_of()).prepared, ElementsAre("case_1"));
  imaging::Volume labels = tests::made_labels(image);
  labels.data[0][0][0] = 1;
  imaging::write_labels(dataset.cases[2].labels[0].file, labels);
  const PreparedDataset changed = again(plan_of());
  EXPECT_THAT(changed.prepared, ElementsAre("case_2"));
  EXPECT_NE(changed.store.data_hash(), first);

  plan::Plan other = plan_of();
  other.patch_size = {8, 8, 8};
  EXPECT_THAT(again(other).prepared, IsEmpty()) << "the patch is not a preprocessing option";
  other.spacing = {2, 2, 2};
  EXPECT_EQ(again(other).prepared.size(), 3u);
  EXPECT_EQ(again(other).store.image("case_0").size(1), 6);
  other.transpose_forward = {1, 0, 2};
  EXPECT_EQ(again(other).prepared.size(), 3u) << "the axes have another order";
  EXPECT_EQ(again(other).store.image("case_0").size(1), 7);

  dataset.cases.erase(dataset.cases.begin());
  EXPECT_THAT(again(other).store.ids(), ElementsAre("case_1", "case_2"));
}

TEST(Prepare, ACascadeKeepsWhatTheStageBeforePredicted) {
  const tests::TemporaryFolder folder;
  const DatasetDescription dataset = tests::made_dataset(folder / "raw", 2);
  plan::Plan plan = plan_of();
  plan.configuration = "3d_cascade_fullres";
  plan.spacing = {2, 1, 1};
  EXPECT_EQ(plan.input_count(), 3);
  const auto predict = [&](const std::string& where, const std::string& id, int64_t label) {
    std::filesystem::create_directories(folder / where);
    imaging::Volume predicted = tests::made_labels(tests::made_image());
    predicted.data.slice(0, 0, 4).fill_(label);
    imaging::write_labels(folder / where / (id + ".nii.gz"), predicted);
    return predicted;
  };
  predict("fold_0", "case_0", 2);
  const imaging::Volume predicted = predict("fold_1", "case_1", 1);
  const PrepareOptions options{.threads = 1, .previous = {(folder / "fold_0").string(), (folder / "fold_1").string()}};
  const auto again = [&] { return prepare(dataset, plan, folder / "store.h5", options); };
  {
    const PreparedDataset prepared = again();
    const at::Tensor both = prepared.store.both_labels("case_1");
    const PreprocessedCase expected = preprocess_case(read_case_image(dataset.cases[1].images, 1), predicted, plan);
    EXPECT_TRUE(at::equal(both[1], expected.labels));
    EXPECT_TRUE(at::equal(both[0], prepared.store.labels("case_1")));
    EXPECT_FALSE(at::equal(both[0], both[1]));
    const at::Tensor input = with_previous_stage(prepared.store.image("case_1"), both[1], 2);
    EXPECT_TRUE(at::equal(input[0], prepared.store.image("case_1")[0]));
    EXPECT_TRUE(at::equal(input[1] == 1, both[1] == 1));
    EXPECT_TRUE(at::equal(input[2] == 1, both[1] == 2));
  }
  EXPECT_THAT(again().prepared, IsEmpty());
  predict("fold_1", "case_1", 2);
  EXPECT_THAT(again().prepared, ElementsAre("case_1")) << "its prediction is another one";

  const auto error = [&] {
    try {
      again();
    } catch (const core::UserError& found) {
      return std::string(found.what()) + " " + found.where();
    }
    return std::string("no error");
  };
  predict("fold_0", "case_1", 1);
  EXPECT_THAT(error(), HasSubstr("two label maps"));
  std::filesystem::remove(folder / "fold_0" / "case_1.nii.gz");
  std::filesystem::remove(folder / "fold_1" / "case_1.nii.gz");
  EXPECT_THAT(error(), AllOf(HasSubstr("predicted no label map"), HasSubstr("case_1")));
  imaging::write_labels(folder / "fold_1" / "case_1.nii.gz", tests::made_labels(tests::made_image({10, 14, 16})));
  EXPECT_THAT(error(), HasSubstr("case_1.nii.gz")) << "another grid";
  EXPECT_THROW(prepare(dataset, plan, folder / "other.h5", {.threads = 1}), core::UserError);
  EXPECT_THROW(prepare(dataset, plan_of(), folder / "plain.h5").store.both_labels("case_0"), core::UserError);
}

TEST(Prepare, GoesOnWhereItStopped) {
  const tests::TemporaryFolder folder;
  const DatasetDescription dataset = tests::made_dataset(folder / "raw", 6);
  const auto stop_after_two = [](int64_t done, int64_t) {
    if (done == 2) throw core::Interrupted("stop");
  };
  EXPECT_THROW(prepare(dataset, plan_of(), folder / "store.h5", {.threads = 1}, stop_after_two), core::Interrupted);
  EXPECT_FALSE(std::filesystem::exists(folder / "store.h5")) << "no store that looks complete";
  const PreparedDataset prepared = prepare(dataset, plan_of(), folder / "store.h5", {.threads = 2});
  EXPECT_EQ(prepared.reused, 2);
  EXPECT_THAT(prepared.prepared, ElementsAre("case_2", "case_3", "case_4", "case_5"));
  EXPECT_EQ(prepared.store.data_hash(),
            prepare(dataset, plan_of(), folder / "fresh.h5", {.threads = 1}).store.data_hash());
}

TEST(Prepare, RefusesBadFilesByName) {
  const tests::TemporaryFolder folder;
  const DatasetDescription dataset = tests::made_dataset(folder / "raw", 4);
  const auto error = [&] {
    try {
      prepare(dataset, plan_of(), folder / "store.h5", {.threads = 2});
    } catch (const core::UserError& found) {
      return std::string(found.what());
    }
    return std::string("no error");
  };
  imaging::Volume image = tests::made_image();
  image.data[0][1][2][3] = std::numeric_limits<float>::quiet_NaN();
  imaging::write_image(dataset.cases[2].images[0], image);
  EXPECT_THAT(error(), AllOf(HasSubstr("case_2_0000.nii.gz"), HasSubstr("NaN")));
  imaging::write_image(dataset.cases[2].images[0], tests::made_image());
  imaging::Volume labels = tests::made_labels(image);
  labels.data[0][0][0] = 255;
  imaging::write_labels(dataset.cases[1].labels[0].file, labels);
  EXPECT_THAT(error(), AllOf(HasSubstr("labelsTr/case_1.nii.gz"), HasSubstr("255")));
  imaging::write_labels(dataset.cases[1].labels[0].file, tests::made_labels(tests::made_image({12, 14, 15})));
  EXPECT_THAT(error(), AllOf(HasSubstr("labelsTr/case_1.nii.gz"), HasSubstr("15x14x12")));
  imaging::write_labels(dataset.cases[1].labels[0].file, tests::made_labels(tests::made_image()));
  const std::string bytes = tests::read_file(dataset.cases[0].images[0]);
  tests::write_file(dataset.cases[0].images[0], bytes.substr(0, bytes.size() / 2));
  EXPECT_THAT(error(), HasSubstr("case_0_0000.nii.gz"));
  tests::write_file(dataset.cases[0].images[0], bytes);
  EXPECT_EQ(prepare(dataset, plan_of(), folder / "store.h5").store.ids().size(), 4u) << "after the files are mended";
}

TEST(Prepare, RealCasesReadByManyThreads) {
  MEDVOL_NEEDS_DATA("msd_task04_hippocampus");
  const tests::TemporaryFolder folder;
  DatasetDescription dataset =
      Decathlon({.root = tests::test_data() / "msd_task04_hippocampus", .patients = std::nullopt}).describe();
  dataset.cases.resize(6);
  const CaseStore store = prepare(dataset, plan_of(), folder / "store.h5", {.threads = 2}).store;
  std::vector<double> sums(4);
  {
    std::vector<std::jthread> readers;
    for (double& sum : sums)
      readers.emplace_back([&sum, &store] {
        for (const std::string& id : store.ids())
          sum += store.image(id).to(at::kFloat).abs().sum().item<double>() + store.labels(id).sum().item<double>();
      });
  }
  EXPECT_GT(sums[0], 0);
  for (const double sum : sums) EXPECT_EQ(sum, sums[0]);
  for (const Case& one : dataset.cases) {
    const imaging::Volume image = read_case_image(one.images, 1);
    const imaging::Volume labels = read_case_labels(one, dataset, image.geometry);
    EXPECT_TRUE(at::equal(store.transform(one.id).restore_labels(store.labels(one.id)).to(at::kInt), labels.data))
        << one.id;
    EXPECT_NEAR(store.image(one.id).to(at::kFloat).std(false).item<double>(), 1, 2e-3);
  }
}

}  // namespace
}  // namespace medvol::datasets
