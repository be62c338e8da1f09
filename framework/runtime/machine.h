#pragma once
#include <cstdint>

namespace medvol::runtime {

bool has_nvidia_driver();
/// GPUs that LibTorch can compute on. The first call loads LibTorch's CUDA half, which costs 350 MB of memory: ask only
/// where one may be wanted. Nothing of CUDA may be asked before it.
int64_t usable_gpus();

// Throw core::UserError where /proc does not tell.
uint64_t memory_total();        ///< bytes
uint64_t memory_available();    ///< bytes that programs can still get
double resident_memory();       ///< bytes of this process in memory now
double most_resident_memory();  ///< the most that they ever were

}  // namespace medvol::runtime
