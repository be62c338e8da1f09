#include "losses/metrics/distance_field.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"

namespace medvol::metrics {
namespace {

constexpr uint32_t no_feature = 0xFFFFFFFF;  // both halves 65535
constexpr uint32_t far = 0xFFFF;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// (k · spacing)² for k = 0 … count-1, rounded as a tool rounds that scales the index difference first.
std::vector<double> squared_steps(int64_t count, double spacing) {
  std::vector<double> squares(static_cast<size_t>(count));
  for (int64_t k = 0; k < count; ++k) squares[size_t(k)] = (double(k) * spacing) * (double(k) * spacing);
  return squares;
}

/// Lower envelope of the parabolas height(v) + (y - v)² s² of one column.
class Envelope {
 public:
  explicit Envelope(size_t rows) : apex_(rows), height_(rows), start_(rows) {}
  void clear() { count_ = 0; }
  bool empty() const { return count_ == 0; }

  /// Apexes come in ascending order. `slopes`[k] = 1 / (2 k s²).
  void add(int32_t apex, double height, const std::vector<double>& slopes) {
    double start = -infinity;
    while (count_ > 0) {
      const int32_t other = apex_[count_ - 1];
      start = 0.5 * (apex + other) + (height - height_[count_ - 1]) * slopes[size_t(apex - other)];
      if (start > start_[count_ - 1]) break;
      --count_;
      start = -infinity;
    }
    apex_[count_] = apex;
    height_[count_] = height;
    start_[count_] = start;
    ++count_;
  }

  int32_t apex(size_t part) const { return apex_[part]; }
  /// The part that is lowest at y, searched from `part` upwards.
  size_t part_at(double y, size_t part) const {
    while (part + 1 < count_ && start_[part + 1] < y) ++part;
    return part;
  }

 private:
  std::vector<int32_t> apex_;
  std::vector<double> height_, start_;
  size_t count_ = 0;
};

}  // namespace

DistanceField::DistanceField(const std::vector<uint8_t>& mask, uint8_t bit, std::array<int64_t, 3> size,
                             std::array<double, 3> spacing)
    : size_(size) {
  const int64_t plane = size[1] * size[2];
  MEDVOL_CHECK(int64_t(mask.size()) == size[0] * plane, "{} voxels for {}×{}×{}", mask.size(), size[0], size[1],
               size[2]);
  for (int axis = 0; axis < 3; ++axis) {
    MEDVOL_CHECK(size[axis] < int64_t(far) && spacing[axis] > 0, "axis of {} voxels, {} mm", size[axis], spacing[axis]);
    squares_[axis] = squared_steps(size[axis], spacing[axis]);
  }
  offsets_.resize(mask.size());
  at::parallel_for(0, size[0], 1, [&](int64_t begin, int64_t end) {
    for (int64_t z = begin; z < end; ++z) {
      fill_rows(mask.data() + z * plane, bit, offsets_.data() + z * plane);
      fill_columns(offsets_.data() + z * plane);
    }
  });
}

void DistanceField::fill_rows(const uint8_t* slice, uint8_t bit, uint32_t* offsets) const {
  const int64_t columns = size_[2];
  for (int64_t y = 0; y < size_[1]; ++y, slice += columns, offsets += columns) {
    uint32_t distance = far;
    for (int64_t x = 0; x < columns; ++x) {
      distance = (slice[x] & bit) ? 0 : std::min(distance + 1, far);
      offsets[x] = distance;
    }
    if (distance == far) continue;  // no feature in this row
    for (int64_t x = columns - 1; x >= 0; --x) {
      distance = std::min(offsets[x], std::min(distance + 1, far));
      offsets[x] = distance;
    }
  }
}

void DistanceField::fill_columns(uint32_t* offsets) const {
  const int64_t rows = size_[1], columns = size_[2];
  std::vector<double> slopes(static_cast<size_t>(rows), 0);
  for (int64_t k = 1; k < rows; ++k) slopes[size_t(k)] = 1 / (2 * double(k) * squares_[1][1]);
  std::vector<uint32_t> in_row(static_cast<size_t>(rows));
  Envelope envelope(static_cast<size_t>(rows));
  for (int64_t x = 0; x < columns; ++x) {
    envelope.clear();
    for (int64_t y = 0; y < rows; ++y) {
      in_row[size_t(y)] = offsets[y * columns + x];
      if (in_row[size_t(y)] != far) envelope.add(int32_t(y), squares_[2][in_row[size_t(y)]], slopes);
    }
    size_t part = 0;
    for (int64_t y = 0; y < rows; ++y) {
      uint32_t& offset = offsets[y * columns + x];
      offset = no_feature;
      if (envelope.empty()) continue;
      part = envelope.part_at(double(y), part);
      const int32_t apex = envelope.apex(part);
      offset = in_row[size_t(apex)] | uint32_t(std::abs(int32_t(y) - apex)) << 16;
    }
  }
}

double DistanceField::in_plane(uint32_t offset) const {
  return offset == no_feature ? infinity : squares_[2][offset & 0xFFFF] + squares_[1][offset >> 16];
}

double DistanceField::at(int64_t z, int64_t y, int64_t x) const {
  const int64_t plane = size_[1] * size_[2];
  const uint32_t* column = offsets_.data() + y * size_[2] + x;
  double best = in_plane(column[z * plane]);
  const int64_t reach = std::max(z, size_[0] - 1 - z);
  for (int64_t k = 1; k <= reach; ++k) {
    const double step = squares_[0][size_t(k)];
    if (step >= best) break;
    if (z >= k) best = std::min(best, in_plane(column[(z - k) * plane]) + step);
    if (z + k < size_[0]) best = std::min(best, in_plane(column[(z + k) * plane]) + step);
  }
  return std::sqrt(best);
}

}  // namespace medvol::metrics
