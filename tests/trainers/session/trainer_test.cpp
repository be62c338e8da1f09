#include "trainers/session/trainer.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "tests/support/support.h"
#include "tests/trainers/support/tiny_training.h"
#include "trainers/segmentation/segmentation_task.h"

namespace medvol::trainers {
namespace {

/// A better score at every validation.
class Rising : public Evaluator {
 public:
  Rising(int64_t cases, bool selects) : cases_(cases), selects_(selects) {}
  int64_t cases() const override { return cases_; }
  ValidationResult validate(const std::function<void(int64_t)>&) override {
    ValidationResult result;
    result.record = nlohmann::json::object();
    result.measure = "score";
    result.score = ++validations;
    result.selects = selects_;
    return result;
  }
  double validations = 0;

 private:
  int64_t cases_;
  bool selects_;
};

class CheckpointCount : public Hook {
 public:
  void checkpointed(const Progress&) override { ++count; }
  int count = 0;
};

struct Session {
  /// Six steps, with a validation due all the time.
  int run(Evaluator& evaluator, bool resume = false, std::optional<double> ema_decay = std::nullopt) {
    SegmentationOptions options;
    options.max_steps = 6;
    options.max_epochs = std::nullopt;
    options.ema_decay = ema_decay;
    options.validate_every = {1e-9, core::Unit::seconds};
    options.checkpoint_every = {0, core::Unit::steps};
    SegmentationTask task(options, around.context());
    run::RunDirectory directory = run::RunDirectory::create(folder / "run", resume);
    CheckpointCount checkpoints;
    const Constant schedule{{}};
    Trainer({task.step(), schedule, task.source(), evaluator, directory, {&checkpoints}}, options).run();
    return checkpoints.count;
  }
  bool kept_best() const { return std::filesystem::exists(folder / "run/checkpoints/best.safetensors"); }

  tests::TinyTraining around;
  tests::TemporaryFolder folder;
};

TEST(Trainer, ValidatesAndSavesWhenItIsDue) {
  Session session;
  Rising evaluator(/*cases=*/1, /*selects=*/true);
  EXPECT_EQ(session.run(evaluator), 7);  // before the first step and after each
  EXPECT_EQ(evaluator.validations, 6);
  EXPECT_TRUE(session.kept_best());
}

TEST(Trainer, WithoutHeldOutCasesNeitherValidatesNorSavesAtEveryStep) {
  Session session;
  Rising evaluator(/*cases=*/0, /*selects=*/true);
  EXPECT_EQ(session.run(evaluator), 2);  // before the first step and at the end
  EXPECT_EQ(evaluator.validations, 0);
  EXPECT_FALSE(session.kept_best());
}

TEST(Trainer, AScoreThatDoesNotSelectKeepsNoBestWeights) {
  Session session;
  Rising evaluator(/*cases=*/1, /*selects=*/false);
  session.run(evaluator);
  EXPECT_EQ(evaluator.validations, 6);
  EXPECT_FALSE(session.kept_best());
}

TEST(Trainer, RefusesACheckpointThatHoldsMoreThanItKnows) {
  Session session;
  Rising evaluator(/*cases=*/0, /*selects=*/true);
  session.run(evaluator, false, /*ema_decay=*/0.9);
  EXPECT_NO_THROW(session.run(evaluator, true, 0.9));
  EXPECT_THROW(session.run(evaluator, true), core::UserError);
}

}  // namespace
}  // namespace medvol::trainers
