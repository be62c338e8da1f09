#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include <nlohmann/json.hpp>

namespace medvol::trainers {

/// What a validation found.
struct ValidationResult {
  std::string measure;  ///< the name of the score: "mean_dice", "psnr"
  double score = 0;     ///< higher is better; NaN where no case defines it
  /// Whether the score says which weights are to predict. Where it does not (the signal-to-noise ratio of a generator
  /// is best before its adversary joins), no best weights are kept and the last ones predict.
  bool selects = true;
  nlohmann::json record;                  ///< what the log keeps of it beside the score
  std::map<std::string, double> scalars;  ///< for TensorBoard, as validation/NAME
};

/// Judges what is being trained on held-out cases. Called while an EvaluationScope lives.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  /// 0: nothing is held out, and there is no validation.
  virtual int64_t cases() const = 0;
  /// `progress` is called after each case and may throw core::Interrupted.
  virtual ValidationResult validate(const std::function<void(int64_t done)>& progress) = 0;
};

}  // namespace medvol::trainers
