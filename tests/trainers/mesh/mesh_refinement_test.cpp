#include <gtest/gtest.h>

#include <set>

#include "framework/core/error.h"
#include "framework/imaging/image_io.h"
#include "tests/support/support.h"
#include "tests/trainers/mesh/made_cases.h"
#include "trainers/mesh/mesh_refinement_task.h"
#include "trainers/mesh/register.h"

namespace medvol::trainers {
namespace {

/// One thread: on a machine that is busy, two wait for each other.
runtime::ExecutionContext on_cpu() {
  runtime::ExecutionContext context;
  context.seed = 3;
  context.compute_threads = 1;
  context.activate();
  return context;
}

std::unique_ptr<Optimizer> adamw() {
  OptimizerRegistry registry("optimizer");
  register_optimizers(registry);
  return OptimizerChoice(registry, "adamw").build();
}

std::shared_ptr<networks::MeshNetwork> small_network(const runtime::ExecutionContext& context) {
  const networks::MeshNetworkRegistry::Entry* entry = mesh_networks().find("graph_refiner");
  config::Node node = config::Node::map();
  node.set("width", config::Node::scalar("24"));
  node.set("blocks", config::Node::scalar("2"));
  config::Diagnostics found;
  auto network = entry->bind(node, "", found).first({.in_features = vertex_feature_count({}, 1, 1)});
  network->initialize(context.generator(runtime::purpose_weights));
  return network;
}

std::vector<MeshSamples> made_samples(uint64_t first, uint64_t count) {
  std::vector<MeshSamples> cases;
  for (uint64_t i = first; i < first + count; ++i) cases.push_back(make_mesh_samples(made_case(i), {1}, {}));
  return cases;
}

std::vector<MeshSample> flat(const std::vector<MeshSamples>& cases) {
  std::vector<MeshSample> samples;
  for (const MeshSamples& one : cases) samples.insert(samples.end(), one.samples.begin(), one.samples.end());
  return samples;
}

MeshStepOptions step_options() {
  MeshStepOptions options;
  options.points = 500;
  return options;
}

TEST(MeshStep, HeldOutSurfacesComeNearerThanSmoothingBringsThem) {
  const runtime::ExecutionContext context = on_cpu();
  const auto network = small_network(context);
  const tests::TemporaryFolder folder;
  MeshStep step(network, flat(made_samples(1, 5)), adamw(), context, step_options());
  MeshEvaluator evaluator(network, made_samples(100, 2), context, 1500, folder / "samples");
  EXPECT_EQ(evaluator.cases(), 2);
  for (int64_t i = 0; i < 150; ++i) {
    step.begin({0, i < 100 ? 3.0 : 1.0});
    step.accumulate({{}, {}, i});
    const StepResult result = step.finish();
    ASSERT_FALSE(result.diverged);
    EXPECT_EQ(result.terms.size(), 4u);
  }
  const EvaluationScope evaluation(step);
  int64_t told = 0;
  const ValidationResult result = evaluator.validate([&](int64_t done) { told = done; });
  EXPECT_EQ(told, 2);
  const auto& found = result.scalars;
  EXPECT_GT(found.at("surface_distance_before_mm"), 0.8);
  EXPECT_LT(found.at("surface_distance_after_mm"), 0.5 * found.at("surface_distance_before_mm")) << result.record;
  EXPECT_LT(found.at("surface_distance_after_mm"), 0.6 * found.at("surface_distance_smoothed_mm")) << result.record;
  EXPECT_LT(found.at("hd95_after_mm"), found.at("hd95_before_mm"));
  EXPECT_EQ(result.score, -found.at("surface_distance_after_mm"));
  EXPECT_EQ(result.record.at("improved"), 2);
  EXPECT_LT(result.record.at("flipped_faces").get<double>(), 0.1);
  for (const char* what : {"predicted", "refined", "reference"})
    EXPECT_TRUE(std::filesystem::exists(folder / "samples" / ("case100_label1_" + std::string(what) + ".ply")));
}

TEST(MeshStep, EveryRoundTakesEachMeshOnceInAnOrderOfItsOwn) {
  const runtime::ExecutionContext context = on_cpu();
  MeshStep step(small_network(context), flat(made_samples(1, 6)), adamw(), context, step_options());
  std::vector<std::string> orders;
  for (int64_t round = 0; round < 3; ++round) {
    std::set<std::string> seen;
    orders.emplace_back();
    for (int64_t i = 0; i < 6; ++i) {
      const std::string id = step.sample_of(6 * round + i).id;
      seen.insert(id);
      orders.back() += id + " ";
    }
    EXPECT_EQ(seen.size(), 6u);
  }
  EXPECT_FALSE(orders[0] == orders[1] && orders[1] == orders[2]);
}

TEST(MeshStep, GoesOnFromItsStateBitForBit) {
  const runtime::ExecutionContext context = on_cpu();
  MeshStepOptions options = step_options();
  options.accumulate = 2;
  options.ema_decay = 0.9;
  const auto samples = flat(made_samples(1, 2));
  const auto run = [](MeshStep& step, int64_t from, int64_t to) {
    double loss = 0;
    for (int64_t i = from; i < to; ++i) {
      step.begin({});
      for (int64_t k = 0; k < 2; ++k) step.accumulate({{}, {}, 2 * i + k});
      loss = step.finish().loss;
    }
    return loss;
  };
  MeshStep whole(small_network(context), samples, adamw(), context, options);
  MeshStep first(small_network(context), samples, adamw(), context, options);
  MeshStep second(small_network(context), samples, adamw(), context, options);
  const double expected = run(whole, 0, 4);
  run(first, 0, 2);
  NamedTensors state;
  for (const auto& [name, tensor] : first.state()) state.emplace(name, tensor.clone());
  second.load(state);
  EXPECT_EQ(run(second, 2, 4), expected);
  for (const auto& [name, tensor] : whole.state()) EXPECT_TRUE(tensor.equal(second.state().at(name))) << name;
}

/// A data set of made cases in memory, with predicted label maps in a folder.
struct MadeTask {
  explicit MadeTask(const std::filesystem::path& folder) {
    plan.labels = {{1, "egg"}};
    plan.dimensions = 3;
    for (uint64_t i = 0; i < 3; ++i) {
      cases.push_back(made_case(i));
      imaging::write_labels(folder / (cases.back().id + ".nii.gz"), cases.back().prediction);
    }
  }
  WholeCases whole(int64_t first, int64_t count) const {
    return {count, [this, first](int64_t index) {
              const MeshCase& one = cases[size_t(first + index)];
              return WholeCase{one.id,
                               one.image.data,
                               {},
                               [&one] { return one.reference.data; },
                               imaging::GridTransform::start(one.reference.geometry)};
            }};
  }
  TaskContext context(const std::filesystem::path& samples) const {
    networks::TaskShape shape;
    shape.in_channels = 1;
    return {.plan = plan,
            .context = execution,
            .shape = shape,
            .network = {},
            .discriminator = {},
            .objective = {},
            .image_loss = {},
            .adversarial_loss = {},
            .optimizer = [] { return adamw(); },
            .discriminator_optimizer = {},
            .patches = {},
            .training = whole(0, 2),
            .held_out = whole(2, 1),
            .segmenter = {},
            .inference = {},
            .policy = {},
            .samples = samples};
  }
  plan::Plan plan;
  runtime::ExecutionContext execution = on_cpu();
  std::vector<MeshCase> cases;
};

TEST(MeshRefinementTask, IsRegisteredAndReadsWhatASegmenterWrote) {
  const tests::TemporaryFolder folder;
  const MadeTask made(folder.path());
  TaskRegistry registry("trainer");
  register_mesh(registry);
  const auto* entry = registry.find("mesh_refinement");
  ASSERT_TRUE(entry);
  const auto build = [&](const std::string& segmentations) {
    config::Node node = config::Node::map();
    node.set("segmentations", config::Node::scalar(segmentations));
    node.set("points", config::Node::scalar("300"));
    node.set("evaluation_points", config::Node::scalar("500"));
    config::Diagnostics found;
    return entry->bind(node, "trainer", found).first(made.context(folder / "samples"));
  };
  const std::unique_ptr<Task> task = build(folder.path().string());
  EXPECT_EQ(task->evaluator().cases(), 1);
  for (int64_t i = 0; i < 2; ++i) {
    const datasets::Batch batch = task->source().next();
    EXPECT_EQ(batch.index, i);
    task->step().begin({});
    task->step().accumulate({batch.images, batch.labels, batch.index});
    EXPECT_FALSE(task->step().finish().diverged);
  }
  EXPECT_TRUE(task->step().prediction_weights().contains("head.bias"));
  EXPECT_EQ(task->module().parameters().size(), task->step().prediction_weights().size());
  double share = 0;
  const Measurements measured = task->measure([&](double done) { share = done; });
  EXPECT_EQ(share, 1);
  ASSERT_EQ(measured.values.size(), 6u);
  EXPECT_EQ(measured.values[2].method, "segmenter");
  EXPECT_GT(measured.values[2].value, 0.5);
  EXPECT_THROW(build(""), core::UserError);
  EXPECT_THROW(build((folder / "nowhere").string()), core::UserError);
  std::filesystem::remove(folder / "case2.nii.gz");
  EXPECT_THROW(build(folder.path().string()), core::UserError);
}

}  // namespace
}  // namespace medvol::trainers
