#pragma once
#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "datasets/augmentation/augmentation_draws.h"

namespace medvol::datasets {

/// A step that both engines do by the same tensor operations: few samples undergo it, and it costs much wherever it
/// runs.
struct ScannerArtefact {
  bool (*drawn)(const ChannelDraws& draws);
  /// All that is computed from the draws and the size alone, on the host.
  std::vector<float> (*numbers)(const ChannelDraws& draws, const Index3& size);
  /// `volume` [D, H, W] float32 and `numbers` on one device; a new tensor. Asks the device for nothing.
  at::Tensor (*apply)(const at::Tensor& volume, const ChannelDraws& draws, const at::Tensor& numbers);
};

/// Motion, ghosting, spike, bias field, anisotropy: in the order in which a scan suffers them.
const std::vector<ScannerArtefact>& scanner_artefacts();

/// Goes through a random increasing curve; after the intensity steps.
const ScannerArtefact& histogram_shift();

/// The CPU engine's: in place on [D, H, W].
void apply_artefact(const ScannerArtefact& artefact, const ChannelDraws& draws, const Index3& size, float* values);

}  // namespace medvol::datasets
