#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "framework/plan/plan.h"
#include "trainers/session/validation.h"
#include "trainers/super_resolution/degradation.h"

namespace medvol::trainers {

/// Factors of the network's axes from an option of one number for all axes, or one an axis (tensor order). Throws
/// core::UserError for another count, when none enlarges, and when the plan's patch is no multiple of them.
std::vector<int64_t> factors_of_axes(const std::vector<int64_t>& option, const plan::Plan& plan);

/// Lowest intensity and range (largest minus smallest) of whole cases as preprocessed, all channels together: the means
/// over `at_most` of them, spread evenly.
IntensityScale intensity_scale(const WholeCases& cases, int64_t at_most = 8);

/// A whole case in both resolutions, [C, D, H, W] float32. `high` lost what its axes have beyond a multiple of the
/// factors.
struct CasePair {
  std::string id;
  torch::Tensor low, high;
};

/// The case degraded by typical strength. What is random about it is a function of (seed, case's id), so that every
/// validation, and every run of that seed, sees the same image. Slices of a 2D network are degraded each for itself.
CasePair case_pair(const WholeCase& one, const Degradation& degradation, uint64_t seed);

}  // namespace medvol::trainers
