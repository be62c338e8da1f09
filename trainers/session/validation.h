#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "framework/imaging/grid_transform.h"
#include "losses/metrics/evaluate.h"
#include "trainers/inference/predictor.h"

namespace medvol::trainers {

/// A whole case to validate on: the image on the network's grid, the reference on the file's own.
struct ValidationCase {
  std::string id;
  torch::Tensor image;      ///< [C, D, H, W]
  torch::Tensor reference;  ///< [D, H, W] integer, file grid
  imaging::GridTransform transform;
};

/// Cases by index; reading is cheap enough to repeat every validation.
struct ValidationCases {
  int64_t count = 0;
  std::function<ValidationCase(int64_t index)> read;
};

struct ValidationResult {
  double mean_dice = 0;            ///< foreground mean under the policy
  std::map<int64_t, double> dice;  ///< by label; NaN where no case defines it
  int64_t cases = 0, missed = 0;
};

/// Predicts whole cases with sliding windows, back on their own grid, and scores them: what validation says is what
/// `predict` and `evaluate` will say. `progress` is called
/// after each case and may throw core::Interrupted.
ValidationResult validate(const Predictor& predictor, const ValidationCases& cases, const std::vector<int64_t>& labels,
                          const metrics::Policy& policy, std::optional<int64_t> ignore_label,
                          const std::function<void(int64_t done)>& progress);

}  // namespace medvol::trainers
