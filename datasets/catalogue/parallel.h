#pragma once
#include <cstdint>
#include <functional>

namespace medvol::datasets {

/// Called as work goes on, from one thread at a time. It may throw to stop the work (core::Interrupted).
using ProgressCallback = std::function<void(int64_t done, int64_t total)>;

/// Runs work(0) … work(count - 1) on `threads` threads (0: all processors); at most `threads` items are in memory at a
/// time. After a throw no further item starts; of several errors the one of the lowest index leaves.
void for_each_parallel(int64_t count, int64_t threads, const std::function<void(int64_t index)>& work,
                       const ProgressCallback& progress = {});

}  // namespace medvol::datasets
