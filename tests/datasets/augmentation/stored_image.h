#pragma once
#include <ATen/core/Tensor.h>

#include "datasets/augmentation/source_patch.h"

namespace medvol::tests {

/// An image [C, D, H, W] of floats or halves and its labels, which outlive the patches that are taken from them.
struct StoredImage {
  at::Tensor image, labels;

  datasets::SourcePatch patch(const datasets::Index3& begin, const datasets::Index3& size) const {
    datasets::SourcePatch result;
    if (image.scalar_type() == at::kHalf)
      result.image = image.const_data_ptr<c10::Half>();
    else
      result.image = image.const_data_ptr<float>();
    result.labels = labels.const_data_ptr<uint8_t>();
    result.channels = image.size(0);
    result.image_size = {image.size(1), image.size(2), image.size(3)};
    result.begin = begin;
    result.size = size;
    return result;
  }
};

}  // namespace medvol::tests
