#include "datasets/augmentation/cut_out.h"

#include <algorithm>

namespace medvol::datasets {
namespace {

/// Calls `row(first, length)` for each row of the box.
template <class Row>
void for_rows(float* values, const Index3& size, const BoxDraws& box, const Row& row) {
  for (int64_t z = box.begin[0]; z < box.begin[0] + box.size[0]; ++z)
    for (int64_t y = box.begin[1]; y < box.begin[1] + box.size[1]; ++y)
      row(values + (z * size[1] + y) * size[2] + box.begin[2], box.size[2]);
}

}  // namespace

void cut_out(float* values, const Index3& size, const std::vector<BoxDraws>& boxes) {
  for (const BoxDraws& box : boxes) {
    double sum = 0;
    for_rows(values, size, box, [&](const float* first, int64_t length) {
      for (int64_t i = 0; i < length; ++i) sum += double(first[i]);
    });
    const auto mean = float(sum / double(voxel_count(box.size)));
    for_rows(values, size, box, [&](float* first, int64_t length) { std::fill(first, first + length, mean); });
  }
}

}  // namespace medvol::datasets
