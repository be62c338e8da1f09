#pragma once
#include <cstdint>

#include "framework/config/fields.h"

namespace medvol::datasets {

/// How training patches are drawn and made. None but `oversample_foreground` changes what comes out.
struct LoadingOptions {
  int64_t threads = 2;
  int64_t prefetch = 4;
  double oversample_foreground = 0.33;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("threads", threads, "worker threads that make batches ahead; 0: made when asked for",
          config::between(0, 256));
    visit("prefetch", prefetch, "batches kept ready", config::between(1, 1024));
    visit("oversample_foreground", oversample_foreground,
          "share of a batch whose patches are centred on a foreground voxel (nnU-Net: 0.33, rounded as it does)",
          config::between(0, 1));
  }
};

}  // namespace medvol::datasets
