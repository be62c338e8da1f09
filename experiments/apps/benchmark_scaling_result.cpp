#include <nlohmann/json.hpp>

#include "experiments/apps/benchmark_scaling.h"
#include "framework/storage/atomic_file.h"
#include "framework/storage/file_error.h"

namespace medvol::parallel {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SumTime, bytes, seconds)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SumRequest, bytes, start, wait)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StepTime, step, communication, waited)

}  // namespace medvol::parallel

namespace medvol::apps {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ScalingSteps, median, fastest, slowest)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ScalingCase, samples, silent, real, reducer, timed, sums, norm_difference)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ScalingResult, ranks, threads, device, precision, network, gradient_bytes, link,
                                   cases)

void write_scaling_result(const std::filesystem::path& file, const ScalingResult& result) {
  storage::write_atomic(file, nlohmann::json(result).dump(1));
}

ScalingResult read_scaling_result(const std::filesystem::path& file) {
  return nlohmann::json::parse(storage::read_bytes(file)).get<ScalingResult>();
}

}  // namespace medvol::apps
