#include <chrono>
#include <type_traits>

#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include "framework/parallel/device_backend.h"

extern "C" __attribute__((visibility("default"))) c10d::Backend* medvol_nccl_backend(
    const c10::intrusive_ptr<c10d::Store>& store, int rank, int size) {
  auto options = c10d::ProcessGroupNCCL::Options::create();
  // Others' long work is waited for: whether they live is parallel::Watch's business.
  options->timeout = std::chrono::hours(24);
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options).release();
}

static_assert(std::is_same_v<decltype(medvol_nccl_backend), medvol::parallel::NcclFactory>);
