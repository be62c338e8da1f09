#pragma once
#include <memory>

#include "trainers/adversarial/adversarial_step.h"
#include "trainers/segmentation/segmentation_task.h"
#include "trainers/session/task.h"

namespace medvol::trainers {

/// What the discriminator of a segmenter is shown.
enum class Pairing {
  joined,  ///< image and class maps as channels of one picture (Pix2Pix, Isola et al., CVPR 2017): C + K channels
  masked   ///< the image times each foreground class's map (SegAN, Xue et al., Neuroinformatics 2018): C · (K − 1)
};
config::EnumNames<Pairing> enum_names(Pairing);

struct SegmentationGanOptions : TrainerOptions {
  AdversaryOptions adversary;
  Pairing pairing = Pairing::joined;
  double label_smoothing = 0;

  template <class Visitor>
  void fields(Visitor& visit) {
    TrainerOptions::fields(visit);
    visit("adversary", adversary, "how the discriminator takes part");
    visit("pairing", pairing,
          "what the discriminator judges: joined: image and class maps side by side as channels (Pix2Pix); masked: the "
          "image times each foreground class's map (SegAN)");
    visit("label_smoothing", label_smoothing,
          "of the reference's maps before the discriminator sees them: 1 becomes 1 − s + s/K, 0 becomes s/K, so that "
          "hard edges alone do not give the reference away",
          config::below(0, 1));
  }
};

/// A segmenter against a discriminator that tells its class maps from the reference's. The supervised loss, the network
/// and the validation are those of trainer=segmentation; with adversary.weight=0 so is the training, bit for bit.
class SegmentationGanTask : public Task {
 public:
  SegmentationGanTask(const SegmentationGanOptions& options, const TaskContext& context);
  const TrainerOptions& options() const override { return options_; }
  networks::TaskShape network_shape() const override { return shape_; }
  torch::nn::Module& module() override { return *network_; }
  Step& step() override { return *step_; }
  datasets::BatchSource& source() override { return *source_; }
  Evaluator& evaluator() override { return *evaluator_; }

 private:
  SegmentationGanOptions options_;
  networks::TaskShape shape_;
  std::shared_ptr<networks::Network> network_;
  std::unique_ptr<AdversarialStep> step_;
  std::unique_ptr<datasets::BatchSource> source_;
  std::unique_ptr<SegmentationEvaluator> evaluator_;
};

/// image: [N, C, …]; maps: [N, K, …], background first. Returns what the discriminator judges.
torch::Tensor pair_with_image(const torch::Tensor& image, const torch::Tensor& maps, Pairing pairing);
int64_t paired_channels(int64_t image_channels, int64_t classes, Pairing pairing);
/// The reference's maps, smoothed; zeros where the label is ignored. labels: [N, …]; returns [N, K, …].
torch::Tensor reference_maps(const torch::Tensor& labels, int64_t classes, double label_smoothing);

}  // namespace medvol::trainers
