#include "datasets/augmentation/previous_stage.h"

#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "datasets/augmentation/bit_mask.h"
#include "framework/imaging/components.h"

namespace medvol::datasets {
namespace {

std::vector<uint8_t> shuffled_labels(int64_t classes, runtime::Philox& random) {
  std::vector<uint8_t> labels(static_cast<size_t>(classes));
  std::iota(labels.begin(), labels.end(), uint8_t(1));
  for (size_t last = labels.size(); last-- > 1;) std::swap(labels[last], labels[random.below(last + 1)]);
  return labels;
}

void apply_morphology(uint8_t* labels, const Index3& size, uint8_t label, const PreviousMorphologyOptions& options,
                      runtime::Philox& random) {
  const uint64_t what = random.below(4);
  const double radius = random.uniform(options.low, options.high);
  const BitMask mask(labels, size, label);
  const BitMask changed = what == 0   ? mask.dilated(radius)
                          : what == 1 ? mask.eroded(radius)
                          : what == 2 ? mask.dilated(radius).eroded(radius)
                                      : mask.eroded(radius).dilated(radius);
  for (int64_t row = 0; row < size[0] * size[1]; ++row)
    for (int64_t x = 0; x < size[2]; ++x, ++labels)
      if (changed.at(row, x))
        *labels = label;
      else if (*labels == label)
        *labels = 0;
}

void remove_component(uint8_t* labels, const Index3& size, uint8_t label, double largest, runtime::Philox& random) {
  const at::Tensor all = at::from_blob(labels, {size[0], size[1], size[2]}, at::kByte);
  const at::Tensor found = imaging::components(all == int64_t(label), imaging::Connectivity::corners);
  const auto* component = found.const_data_ptr<int32_t>();
  std::vector<int64_t> sizes;
  for (int64_t i = 0; i < found.numel(); ++i) {
    if (component[i] == 0) continue;
    sizes.resize(std::max(sizes.size(), static_cast<size_t>(component[i])), 0);
    ++sizes[static_cast<size_t>(component[i] - 1)];
  }
  // They come by size: those that are too large are the first.
  const auto small = std::find_if(sizes.begin(), sizes.end(),
                                  [&](int64_t voxels) { return double(voxels) < largest * double(found.numel()); });
  if (small == sizes.end()) return;
  const auto chosen = static_cast<int32_t>(small - sizes.begin() + 1) +
                      static_cast<int32_t>(random.below(static_cast<uint64_t>(sizes.end() - small)));
  for (int64_t i = 0; i < found.numel(); ++i)
    if (component[i] == chosen) labels[i] = 0;
}

/// Calls `step` for labels in random order, where `options` fires.
template <class Options, class Step>
void for_chosen_labels(const Options& options, int64_t classes, runtime::Philox& random, const Step& step) {
  if (!random.bernoulli(options.probability)) return;
  for (const uint8_t label : shuffled_labels(classes, random))
    if (random.bernoulli(options.label_probability)) step(label);
}

}  // namespace

void spoil(uint8_t* labels, const Index3& size, int64_t classes, const AugmentationOptions& options,
           runtime::Philox& random) {
  if (!options.enabled) return;
  for_chosen_labels(options.previous_morphology, classes, random,
                    [&](uint8_t label) { apply_morphology(labels, size, label, options.previous_morphology, random); });
  for_chosen_labels(options.previous_removal, classes, random, [&](uint8_t label) {
    remove_component(labels, size, label, options.previous_removal.largest, random);
  });
}

void one_hot(const uint8_t* labels, int64_t voxels, int64_t classes, float* out) {
  for (int64_t label = 1; label <= classes; ++label)
    for (int64_t i = 0; i < voxels; ++i) *out++ = labels[i] == label ? 1.0f : 0.0f;
}

}  // namespace medvol::datasets
