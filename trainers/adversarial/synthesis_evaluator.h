#pragma once
#include <filesystem>
#include <optional>

#include "trainers/adversarial/synthesiser.h"
#include "trainers/session/evaluator.h"
#include "trainers/session/trainer.h"
#include "trainers/session/validation.h"

namespace medvol::trainers {

/// Paints the label maps of held-out cases and compares with their real images: the peak signal-to-noise ratio, its
/// range stated in the record (the mean over the cases judged of the span from a real image's 0.5th to its 99.5th
/// percentile), and the spread, the standard deviation of made over real intensities, towards 0 for a generator that
/// paints flat. The ratio rewards what is certain and says little of texture: the pictures and what a segmenter makes
/// of the images say more.
class SynthesisEvaluator : public Evaluator {
 public:
  /// The first case judged, as last painted.
  struct Sample {
    std::string id;
    torch::Tensor labels, made, real;  ///< [D, H, W] and twice [C, D, H, W]
  };

  SynthesisEvaluator(Synthesiser synthesiser, WholeCases cases);
  int64_t cases() const override { return cases_.count; }
  ValidationResult validate(const std::function<void(int64_t done)>& progress) override;
  const std::optional<Sample>& sample() const { return sample_; }

 private:
  Synthesiser synthesiser_;
  WholeCases cases_;
  std::optional<double> data_range_;
  std::optional<Sample> sample_;
};

/// Draws the evaluator's sample after each validation: FOLDER/step_00001200.png, label map, made and real image of the
/// slice with most foreground side by side. A failure costs a warning, not the run.
class SynthesisPictures : public Hook {
 public:
  SynthesisPictures(const SynthesisEvaluator& evaluator, std::filesystem::path folder)
      : evaluator_(evaluator), folder_(std::move(folder)) {}
  void validated(const Progress& progress, const ValidationResult& result) override;

 private:
  const SynthesisEvaluator& evaluator_;
  std::filesystem::path folder_;
};

/// Label map, made and real image side by side: uint8 [H, W, 3]. labels: [D, H, W]; made, real: [C, D, H, W], of which
/// the first channel is drawn, both in the real slice's range; enlarged by a whole number to about 192 rows.
torch::Tensor synthesis_picture(const torch::Tensor& labels, const torch::Tensor& made, const torch::Tensor& real);

}  // namespace medvol::trainers
