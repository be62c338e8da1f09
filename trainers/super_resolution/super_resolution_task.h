#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "trainers/adversarial/adversarial_step.h"
#include "trainers/session/task.h"
#include "trainers/super_resolution/sample_pictures.h"
#include "trainers/super_resolution/super_resolution_evaluation.h"

namespace medvol::trainers {

struct SuperResolutionOptions : TrainerOptions {
  std::vector<int64_t> factors{2};
  DegradationOptions degradation;
  AdversaryOptions adversary{.weight = 0.001, .begins = 0.5};

  template <class Visitor>
  void fields(Visitor& visit) {
    TrainerOptions::fields(visit);
    visit("factors", factors,
          "high over low resolution: one number for all axes, or one an axis in tensor order: [3, 1, 1] for slices 3 "
          "times apart",
          config::at_least(1));
    visit("degradation", degradation, "how low-resolution images are made from the training images");
    visit("adversary", adversary, "the discriminator; weight 0: pixels alone");
  }
};

/// What the network gets of a batch of high-resolution images, [N, C, (D,) H, W], and what it is compared with: the
/// same images. What is random is a function of (seed, batch's index). `enlarge`: for a network that keeps sizes, the
/// low-resolution image is linearly enlarged first.
StepBatch degraded_batch(const StepBatch& batch, const Degradation& degradation, bool enlarge, uint64_t seed);

/// Super-resolution (SRGAN: Ledig et al., CVPR 2017): images of the training cases are degraded, and a network learns
/// to give them back, by an image loss alone until `adversary.begins` and against a discriminator from there on. Any
/// network will do: one that does not enlarge gets the image linearly enlarged (SRCNN: Dong et al., TPAMI 2016). Throws
/// core::UserError where patch, factors and network do not fit.
class SuperResolutionTask : public Task {
 public:
  SuperResolutionTask(const SuperResolutionOptions& options, const TaskContext& context);
  const TrainerOptions& options() const override { return options_; }
  networks::TaskShape network_shape() const override { return shape_; }
  torch::nn::Module& module() override { return *network_; }
  Step& step() override { return *step_; }
  datasets::BatchSource& source() override { return *source_; }
  Evaluator& evaluator() override { return *evaluator_; }
  std::vector<Hook*> hooks() override;
  /// The network beside linear and cubic B-spline interpolation on all held-out cases: PSNR, SSIM, MS-SSIM.
  Measurements measure(const std::function<void(double)>& progress) override;

 private:
  std::unique_ptr<Step> make_step(const TaskContext& context, std::shared_ptr<networks::Network> network,
                                  Prepare prepare, double data_range) const;

  SuperResolutionOptions options_;
  networks::TaskShape shape_;
  std::shared_ptr<networks::Network> network_;
  std::unique_ptr<Step> step_;
  std::unique_ptr<datasets::BatchSource> source_;
  WholeCases held_out_;
  std::optional<SuperResolutionJudge> judge_;
  std::unique_ptr<SuperResolutionEvaluator> evaluator_;
  std::unique_ptr<SamplePictures> samples_;  ///< none where nothing is held out
};

/// What whole cases are judged with, while training and after it: context.training scales the noise, context.inference
/// cuts the windows. `network`: as of super_resolver.
SuperResolutionJudge super_resolution_judge(const SuperResolutionOptions& options, const TaskContext& context,
                                            WindowNetwork network);

}  // namespace medvol::trainers
