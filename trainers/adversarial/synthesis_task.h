#pragma once
#include <memory>

#include "trainers/adversarial/adversarial_step.h"
#include "trainers/adversarial/synthesis_evaluator.h"
#include "trainers/session/task.h"

namespace medvol::trainers {

struct SynthesisOptions : TrainerOptions {
  AdversaryOptions adversary;
  double reconstruction = 1;
  int64_t noise_channels = 1;

  template <class Visitor>
  void fields(Visitor& visit) {
    TrainerOptions::fields(visit);
    visit("adversary", adversary, "how the discriminator takes part");
    visit("reconstruction", reconstruction,
          "weight of image_loss between the made and the real image (pix2pix: 100 times adversary.weight)",
          config::at_least(0));
    visit("noise_channels", noise_channels,
          "channels of noise beside the label maps: what lets one map have many images; 0: none", config::at_least(0));
  }
};

/// Label map → image: a generator (networks spade, pix2pix, or any other) paints patches of one-hot label maps and
/// noise, against a discriminator that sees image and label map together (Isola et al., CVPR 2017; Park et al., CVPR
/// 2019).
class SynthesisTask : public Task {
 public:
  SynthesisTask(const SynthesisOptions& options, const TaskContext& context);
  const TrainerOptions& options() const override { return options_; }
  networks::TaskShape network_shape() const override { return shape_; }
  torch::nn::Module& module() override { return *network_; }
  Step& step() override { return *step_; }
  datasets::BatchSource& source() override { return *source_; }
  Evaluator& evaluator() override { return *evaluator_; }
  std::vector<Hook*> hooks() override { return {pictures_.get()}; }

 private:
  SynthesisOptions options_;
  networks::TaskShape shape_;
  std::shared_ptr<networks::Network> network_;
  std::unique_ptr<AdversarialStep> step_;
  std::unique_ptr<datasets::BatchSource> source_;
  std::unique_ptr<SynthesisEvaluator> evaluator_;
  std::unique_ptr<SynthesisPictures> pictures_;
};

}  // namespace medvol::trainers
