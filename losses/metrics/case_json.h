#pragma once
#include <nlohmann/json_fwd.hpp>

#include "losses/metrics/evaluate.h"

namespace medvol::metrics {

/// What one process measured, for another: every number comes back with all its bits.
nlohmann::json to_json(const CaseResult& result);
CaseResult case_from_json(const nlohmann::json& json);

}  // namespace medvol::metrics
