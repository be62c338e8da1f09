#pragma once
#include <array>
#include <map>
#include <string>
#include <vector>

#include "datasets/catalogue/parallel.h"
#include "datasets/dataset.h"

namespace medvol::datasets {

/// What one case is like.
struct CaseSurvey {
  std::string id, patient, site;
  std::array<int64_t, 3> size{};                ///< voxels z, y, x, as the file holds them
  std::array<double, 3> spacing{};              ///< mm z, y, x
  std::vector<std::vector<float>> intensities;  ///< of each channel: up to survey_samples voxels, evenly taken
  bool picture = false;                         ///< of two dimensions
  std::map<int64_t, double> amount;             ///< of each label that occurs: ml, in a picture mm²
};

inline constexpr int64_t survey_samples = 4096;

/// Reads every training case (image and labels), bounded memory, in the order of the data set. Throws core::UserError
/// naming the file of a case that cannot be used. `threads`: 0 takes all processors.
std::vector<CaseSurvey> survey(const DatasetDescription& dataset, int64_t threads = 0,
                               const ProgressCallback& progress = {});

/// Counts of values in equal bins from `low` to `high`; the highest bin includes its upper end. Values outside count
/// nowhere.
struct Histogram {
  double low = 0, high = 1;
  std::vector<int64_t> counts;
};
Histogram histogram(const std::vector<double>& values, int64_t bins, double low, double high);

}  // namespace medvol::datasets
