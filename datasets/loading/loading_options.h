#pragma once
#include <cstdint>

#include "framework/config/fields.h"

namespace medvol::datasets {

/// Which engine augments: both do the same from the same draws, to float32 rounding.
enum class AugmentationEngine { cpu, device };
inline config::EnumNames<AugmentationEngine> enum_names(AugmentationEngine) {
  return {{"cpu", AugmentationEngine::cpu}, {"device", AugmentationEngine::device}};
}

/// How training patches are drawn and made. None but `oversample_foreground` and, in the last
/// bits, `engine` changes what comes out.
struct LoadingOptions {
  int64_t threads = 2;
  int64_t prefetch = 4;
  double oversample_foreground = 0.33;
  AugmentationEngine engine = AugmentationEngine::cpu;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("threads", threads, "worker threads that make batches ahead; 0: made when asked for",
          config::between(0, 256));
    visit("prefetch", prefetch, "batches kept ready", config::between(1, 1024));
    visit("oversample_foreground", oversample_foreground,
          "share of a batch whose patches are centred on a foreground voxel (nnU-Net: 0.33, rounded as it does)",
          config::between(0, 1));
    visit("engine", engine,
          "what augments: cpu, the worker threads; device, the device that trains, in whole batches, so that few "
          "processors keep a GPU busy: the workers then only cut voxels out of the store. The same batches to float32 "
          "rounding");
  }
};

}  // namespace medvol::datasets
