#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "framework/config/override.h"

namespace medvol::config {

/// One run of a sweep.
struct Job {
  int64_t index = 0;
  std::string name;  ///< "trainer.seed=1,network=unet": what is swept; fit for a folder's name, and its own
  std::vector<std::string> overrides;  ///< all of them, each with one value
};

/// The product of all swept overrides in Hydra's order: the last one varies fastest. One job named "run" when none is
/// swept. Throws UserError beyond `most_jobs`.
std::vector<Job> expand_sweeps(const std::vector<Override>& overrides, int64_t most_jobs = 10000);

}  // namespace medvol::config
