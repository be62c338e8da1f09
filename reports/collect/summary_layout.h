#pragma once
#include <string>
#include <vector>

namespace medvol::reports {

/// medvol's name of a measure that nnU-Net spells `key`.
std::string measure_name(const std::string& key);
/// TP, FP, FN, TN, n_pred, n_ref.
bool is_count(const std::string& measure);
/// numpy's nanmean; NaN where nothing is defined.
double mean_of_defined(const std::vector<double>& values);

}  // namespace medvol::reports
