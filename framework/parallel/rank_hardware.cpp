#include "framework/parallel/rank_hardware.h"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "framework/runtime/machine.h"

namespace medvol::parallel {

runtime::HardwareOptions rank_hardware(runtime::HardwareOptions hardware, const Environment& environment) {
  const auto cores = static_cast<int64_t>(std::max(1u, std::thread::hardware_concurrency()));
  if (hardware.compute_threads == 0 && environment.local_size > 1)
    hardware.compute_threads = std::max<int64_t>(1, cores / environment.local_size);
  if (environment.size == 1) return hardware;
  if (hardware.device == "auto")
    hardware.device = runtime::has_nvidia_driver() && runtime::usable_gpus() > 0 ? "cuda" : "cpu";
  if (hardware.device == "cuda") hardware.device = fmt::format("cuda:{}", environment.local_rank);
  return hardware;
}

}  // namespace medvol::parallel
