#include "framework/parallel/rank_hardware.h"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "framework/runtime/machine.h"

namespace medvol::parallel {

std::string rank_device(const std::string& device, const Environment& environment) {
  if (environment.size == 1) return device;
  const bool gpu = device == "cuda" || (device == "auto" && runtime::has_nvidia_driver() && runtime::usable_gpus() > 0);
  if (gpu) return fmt::format("cuda:{}", environment.local_rank);
  return device == "auto" ? "cpu" : device;
}

runtime::HardwareOptions rank_hardware(runtime::HardwareOptions hardware, const Environment& environment) {
  const auto cores = static_cast<int64_t>(std::max(1u, std::thread::hardware_concurrency()));
  if (hardware.compute_threads == 0 && environment.local_size > 1)
    hardware.compute_threads = std::max<int64_t>(1, cores / environment.local_size);
  hardware.device = rank_device(hardware.device, environment);
  return hardware;
}

}  // namespace medvol::parallel
