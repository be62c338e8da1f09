#include "datasets/augmentation/spatial.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "datasets/augmentation/interpolation.h"
#include "framework/core/error.h"

namespace medvol::datasets {
namespace {

/// Voxels x of an output row, [begin, end).
struct Range {
  int64_t begin, end;
};

/// The part of the image that may be read: image and box at once; in image coordinates.
struct Region {
  Index3 low, high;
};

Region readable(const SourcePatch& source) {
  Region region;
  for (size_t axis = 0; axis < 3; ++axis) {
    region.low[axis] = std::max<int64_t>(source.begin[axis], 0);
    region.high[axis] = std::min(source.begin[axis] + source.size[axis], source.image_size[axis]);
  }
  return region;
}

/// Source coordinates along an output row: start + step · x, in image coordinates.
struct Line {
  std::array<double, 3> start, step;
  double at(size_t axis, auto x) const { return start[axis] + step[axis] * double(x); }
};

/// The output grid's way into the image.
struct AffineGrid {
  std::array<double, 3> origin;  ///< source of output voxel 0, 0, 0
  std::array<std::array<double, 3>, 3> matrix;

  AffineGrid(const SourcePatch& source, const Index3& patch_size, const AugmentationDraws& draws)
      : matrix(draws.matrix) {
    for (size_t row = 0; row < 3; ++row) {
      origin[row] = double(source.begin[row]) + double(source.size[row] - 1) / 2;
      for (size_t column = 0; column < 3; ++column) {
        if (draws.mirror[column]) matrix[row][column] = -matrix[row][column];
        origin[row] -= matrix[row][column] * (double(patch_size[column] - 1) / 2);
      }
    }
  }
  Line line(int64_t z, int64_t y) const {
    Line line;
    for (size_t row = 0; row < 3; ++row) {
      line.start[row] = origin[row] + matrix[row][0] * double(z) + matrix[row][1] * double(y);
      line.step[row] = matrix[row][2];
    }
    return line;
  }
};

/// Narrows `range` to the x with low ≤ line.at(axis, x) < high. Solved first, then corrected for rounding: at() is
/// monotonic in x.
void narrow(Range& range, const Line& line, size_t axis, double low, double high) {
  const double start = line.start[axis], step = line.step[axis];
  const auto inside = [&](int64_t x) { return line.at(axis, x) >= low && line.at(axis, x) < high; };
  if (step != 0) {
    const double first = (step > 0 ? low - start : high - start) / step,
                 last = (step > 0 ? high - start : low - start) / step;
    const auto limit = [&](double x) { return std::clamp(x, double(range.begin), double(range.end)); };
    range.begin = std::max(range.begin, static_cast<int64_t>(std::floor(limit(first))) - 1);
    range.end = std::min(range.end, static_cast<int64_t>(std::ceil(limit(last))) + 2);
  }
  while (range.begin < range.end && !inside(range.begin)) ++range.begin;
  while (range.begin < range.end && !inside(range.end - 1)) --range.end;
}

/// What one row needs, computed once for all channels and the labels.
struct Row {
  Range touching;  ///< at least one neighbour can be read; elsewhere the row is 0
  Range inner;     ///< all neighbours can be read
  int32_t* offsets;
  float *share_z, *share_y, *share_x;  ///< weight of the far neighbour along each axis
};

void place_row(const Line& line, const Region& region, const Index3& size, bool in_plane, int64_t width, Row& row) {
  row.touching = row.inner = {0, width};
  for (size_t axis = 0; axis < 3; ++axis) {
    const bool whole = in_plane && axis == 0;  // the slice itself, not between two
    narrow(row.touching, line, axis, double(region.low[axis] - (whole ? 0 : 1)), double(region.high[axis]));
    narrow(row.inner, line, axis, double(region.low[axis]), double(region.high[axis] - (whole ? 0 : 1)));
  }
  if (row.inner.begin >= row.inner.end) row.inner = {row.touching.begin, row.touching.begin};
  // Inner coordinates are not negative: truncation is the floor. int32 (checked by gather()) lets the loop vectorise.
  const auto height = int32_t(size[1]), length = int32_t(size[2]);
  const auto end = int32_t(row.inner.end);
  for (auto x = int32_t(row.inner.begin); x < end; ++x) {
    const double at_z = line.at(0, x), at_y = line.at(1, x), at_x = line.at(2, x);
    const auto z = int32_t(at_z), y = int32_t(at_y), column = int32_t(at_x);
    row.share_z[x] = float(at_z - double(z));
    row.share_y[x] = float(at_y - double(y));
    row.share_x[x] = float(at_x - double(column));
    row.offsets[x] = (z * height + y) * length + column;
  }
}

template <bool in_plane, class Stored>
lanes::Floats interpolate(const Stored* image, int64_t plane, int64_t length, lanes::Ints offsets,
                          lanes::Floats share_z, lanes::Floats share_y, lanes::Floats share_x) {
  const auto blend = [&](const Stored* slice) {
    const lanes::Pairs near = lanes::gather_pairs(slice, offsets), far = lanes::gather_pairs(slice + length, offsets);
    const lanes::Floats a = near.first + share_x * (near.second - near.first);
    const lanes::Floats b = far.first + share_x * (far.second - far.first);
    return a + share_y * (b - a);
  };
  const lanes::Floats low = blend(image);
  if constexpr (in_plane) return low;
  return low + share_z * (blend(image + plane) - low);
}

template <bool in_plane, class Stored>
void interpolate_inner(const Stored* image, const Index3& size, const Row& row, float* out) {
  const int64_t plane = size[1] * size[2];
  const int64_t begin = row.inner.begin, count = row.inner.end - begin;
  if (count <= 0) return;
  // A row shorter than the lanes is filled up with its first voxel; a longer one ends on lanes that overlap.
  for (int64_t done = 0; done < count; done += lanes::width) {
    const int64_t x = begin + std::max<int64_t>(0, std::min(done, count - lanes::width));
    const int64_t valid = std::min(lanes::width, count);
    lanes::Ints offsets = lanes::Ints{} + row.offsets[begin];
    lanes::Floats share_z{}, share_y{}, share_x{};
    if (valid == lanes::width) {
      std::memcpy(&offsets, row.offsets + x, sizeof offsets);
      share_z = lanes::load(row.share_z + x), share_y = lanes::load(row.share_y + x),
      share_x = lanes::load(row.share_x + x);
      lanes::store(out + x, interpolate<in_plane>(image, plane, size[2], offsets, share_z, share_y, share_x));
      continue;
    }
    for (int64_t i = 0; i < valid; ++i) {
      offsets[i] = row.offsets[x + i];
      share_z[i] = row.share_z[x + i], share_y[i] = row.share_y[x + i], share_x[i] = row.share_x[x + i];
    }
    const lanes::Floats values = interpolate<in_plane>(image, plane, size[2], offsets, share_z, share_y, share_x);
    for (int64_t i = 0; i < valid; ++i) out[x + i] = values[i];
  }
}

/// The eight neighbours of a point near the border of what can be read.
struct Neighbours {
  std::array<int64_t, 8> offset;  ///< flat, or -1 when it cannot be read
  std::array<float, 8> weight;
  std::array<bool, 8> padding;  ///< within the box but outside the image

  Neighbours(const SourcePatch& source, const Region& region, const Line& line, int64_t x) {
    std::array<int64_t, 3> floor;
    std::array<float, 3> share;
    for (size_t axis = 0; axis < 3; ++axis) {
      floor[axis] = static_cast<int64_t>(std::floor(line.at(axis, x)));
      share[axis] = float(line.at(axis, x) - double(floor[axis]));
    }
    for (size_t corner = 0; corner < 8; ++corner) {
      const std::array<bool, 3> far{(corner & 4) != 0, (corner & 2) != 0, (corner & 1) != 0};
      bool can_be_read = true, in_box = true;
      std::array<int64_t, 3> at;
      weight[corner] = 1;
      for (size_t axis = 0; axis < 3; ++axis) {
        at[axis] = floor[axis] + far[axis];
        weight[corner] *= far[axis] ? share[axis] : 1 - share[axis];
        can_be_read &= at[axis] >= region.low[axis] && at[axis] < region.high[axis];
        in_box &= at[axis] >= source.begin[axis] && at[axis] < source.begin[axis] + source.size[axis];
      }
      offset[corner] = can_be_read ? (at[0] * source.image_size[1] + at[1]) * source.image_size[2] + at[2] : -1;
      padding[corner] = in_box && !can_be_read;
    }
  }
};

/// Adds up weights per label; the heaviest wins, the smaller of equals. Outside the image is label -1, and becomes 0.
class Vote {
 public:
  void add(int label, float weight) {
    for (int i = 0; i < count_; ++i)
      if (labels_[i] == label) {
        weights_[i] += weight;
        return;
      }
    labels_[count_] = label;
    weights_[count_++] = weight;
  }
  uint8_t winner() const {
    int best = 0;
    for (int i = 1; i < count_; ++i)
      if (weights_[i] > weights_[best] || (weights_[i] == weights_[best] && labels_[i] < labels_[best])) best = i;
    return count_ == 0 || labels_[best] < 0 ? 0 : static_cast<uint8_t>(labels_[best]);
  }

 private:
  int count_ = 0;
  int labels_[8];
  float weights_[8];
};

float sum(lanes::Floats values) {
  float total = 0;
  for (int lane = 0; lane < lanes::width; ++lane) total += values[lane];
  return total;
}

/// The winner among eight labels. Nearly always there are one or two: two sums decide. Else the full count.
uint8_t heaviest(lanes::Ints labels, lanes::Floats weights) {
  const auto weight_of = [&](lanes::Ints chosen) { return sum(lanes::as_floats(lanes::as_ints(weights) & chosen)); };
  const lanes::Ints first = labels == labels[0];
  int other = labels[0];
  for (int lane = 1; lane < lanes::width; ++lane) other = first[lane] ? other : labels[lane];
  const lanes::Ints second = labels == other;
  const float first_weight = weight_of(first), second_weight = weight_of(second & ~first);
  if (first_weight + second_weight > 0.9999f) {
    const bool take_first = first_weight > second_weight || (first_weight == second_weight && labels[0] < other);
    return static_cast<uint8_t>(take_first ? labels[0] : other);
  }
  Vote vote;
  for (int lane = 0; lane < lanes::width; ++lane) vote.add(labels[lane], weights[lane]);
  return vote.winner();
}

template <bool in_plane>
void vote_inner(const uint8_t* labels, const Index3& size, const Row& row, uint8_t* out) {
  const int64_t plane = in_plane ? 0 : size[1] * size[2], length = size[2];
  const auto pair = [](const uint8_t* at) {
    uint16_t both;
    std::memcpy(&both, at, sizeof both);
    return both;
  };
  for (int64_t x = row.inner.begin; x < row.inner.end; ++x) {
    const uint8_t *a = labels + row.offsets[x], *b = a + length, *c = a + plane, *d = c + length;
    const uint16_t pair_a = pair(a);
    if (pair_a == pair(b) && pair_a == pair(c) && pair_a == pair(d) && a[0] == a[1]) {
      out[x] = a[0];
      continue;
    }
    const float z = in_plane ? 0 : row.share_z[x], y = row.share_y[x], share = row.share_x[x];
    const float near = 1 - share, wa = (1 - z) * (1 - y), wb = (1 - z) * y, wc = z * (1 - y), wd = z * y;
    const lanes::Ints found{a[0], a[1], b[0], b[1], c[0], c[1], d[0], d[1]};
    const lanes::Floats weights{wa * near, wa * share, wb * near, wb * share,
                                wc * near, wc * share, wd * near, wd * share};
    out[x] = heaviest(found, weights);
  }
}

/// Points with some neighbours outside: few, done one by one.
template <class Stored>
void interpolate_border(const Stored* image, const SourcePatch& source, const Region& region, const Line& line,
                        const Row& row, const Index3& patch_size, float* image_out, uint8_t* labels_out) {
  const int64_t volume = voxel_count(source.image_size), patch = voxel_count(patch_size);
  for (int64_t x = row.touching.begin; x < row.touching.end; ++x) {
    if (x == row.inner.begin && row.inner.end > x) x = row.inner.end;
    if (x >= row.touching.end) break;
    const Neighbours near(source, region, line, x);
    Vote vote;
    for (size_t corner = 0; corner < 8; ++corner) {
      if (near.padding[corner]) vote.add(-1, near.weight[corner]);
      if (near.offset[corner] >= 0) vote.add(source.labels[near.offset[corner]], near.weight[corner]);
    }
    labels_out[x] = vote.winner();
    for (int64_t channel = 0; channel < source.channels; ++channel) {
      float sum = 0;
      for (size_t corner = 0; corner < 8; ++corner)
        if (near.offset[corner] >= 0) sum += near.weight[corner] * float(image[channel * volume + near.offset[corner]]);
      image_out[channel * patch + x] = sum;
    }
  }
}

template <bool in_plane, class Stored>
void gather_row(const Stored* image, const SourcePatch& source, const Region& region, const Line& line, Row& row,
                const Index3& patch_size, float* image_out, uint8_t* labels_out) {
  const int64_t volume = voxel_count(source.image_size), patch = voxel_count(patch_size), width = patch_size[2];
  place_row(line, region, source.image_size, in_plane, width, row);
  const int64_t zero_end = row.touching.begin, zero_begin = std::max(row.touching.begin, row.touching.end);
  for (int64_t channel = 0; channel < source.channels; ++channel) {
    float* out = image_out + channel * patch;
    std::fill(out, out + zero_end, 0.0f);
    std::fill(out + zero_begin, out + width, 0.0f);
    interpolate_inner<in_plane>(image + channel * volume, source.image_size, row, out);
  }
  std::fill(labels_out, labels_out + zero_end, uint8_t(0));
  std::fill(labels_out + zero_begin, labels_out + width, uint8_t(0));
  vote_inner<in_plane>(source.labels, source.image_size, row, labels_out);
  interpolate_border(image, source, region, line, row, patch_size, image_out, labels_out);
}

/// Rows go in bands: what a band of one slice reads of the source is still in the cache for the next slice.
template <bool in_plane, class Stored>
void gather_rows(const Stored* image, const SourcePatch& source, const Index3& patch_size,
                 const AugmentationDraws& draws, Row row, float* image_out, uint8_t* labels_out) {
  constexpr int64_t band = 16;
  const AffineGrid grid(source, patch_size, draws);
  const Region region = readable(source);
  for (int64_t first = 0; first < patch_size[1]; first += band)
    for (int64_t z = 0; z < patch_size[0]; ++z)
      for (int64_t y = first; y < std::min(first + band, patch_size[1]); ++y) {
        const int64_t start = (z * patch_size[1] + y) * patch_size[2];
        gather_row<in_plane>(image, source, region, grid.line(z, y), row, patch_size, image_out + start,
                             labels_out + start);
      }
}

/// Copies the readable part of one row, [from, from + width) of `stored`, and zeros elsewhere; mirrored when asked.
template <class Stored, class Out, class Copy>
void copy_row(const Stored* stored, int64_t from, const Range& readable, int64_t width, bool mirror, Out* out,
              const Copy& copy) {
  const int64_t begin = std::clamp<int64_t>(readable.begin - from, 0, width);
  const int64_t end = std::clamp<int64_t>(readable.end - from, begin, width);
  std::fill(out, out + begin, Out(0));
  copy(stored + from + begin, end - begin, out + begin);
  std::fill(out + end, out + width, Out(0));
  if (mirror) std::reverse(out, out + width);
}

template <class Stored, class Out, class Copy>
void crop_volume(const Stored* stored, const SourcePatch& source, const Index3& patch_size,
                 const std::array<bool, 3>& mirror, Out* out, const Copy& copy) {
  const Region region = readable(source);
  Index3 start;
  for (size_t axis = 0; axis < 3; ++axis)
    start[axis] = source.begin[axis] + source.size[axis] / 2 - patch_size[axis] / 2;
  const int64_t width = patch_size[2];
  for (int64_t z = 0; z < patch_size[0]; ++z)
    for (int64_t y = 0; y < patch_size[1]; ++y, out += width) {
      const int64_t from_z = start[0] + (mirror[0] ? patch_size[0] - 1 - z : z);
      const int64_t from_y = start[1] + (mirror[1] ? patch_size[1] - 1 - y : y);
      const bool inside =
          from_z >= region.low[0] && from_z < region.high[0] && from_y >= region.low[1] && from_y < region.high[1];
      if (!inside) {
        std::fill(out, out + width, Out(0));
        continue;
      }
      const Stored* row = stored + (from_z * source.image_size[1] + from_y) * source.image_size[2];
      copy_row(row, start[2], {region.low[2], region.high[2]}, width, mirror[2], out, copy);
    }
}

}  // namespace

void crop(const SourcePatch& source, const Index3& patch_size, const std::array<bool, 3>& mirror, float* image_out,
          uint8_t* labels_out) {
  std::visit(
      [&](const auto* image) {
        for (int64_t channel = 0; channel < source.channels; ++channel)
          crop_volume(image + channel * voxel_count(source.image_size), source, patch_size, mirror,
                      image_out + channel * voxel_count(patch_size),
                      [](const auto* from, int64_t count, float* to) { lanes::read_row(from, count, to); });
      },
      source.image);
  crop_volume(source.labels, source, patch_size, mirror, labels_out,
              [](const uint8_t* from, int64_t count, uint8_t* to) { std::copy(from, from + count, to); });
}

void gather(const SourcePatch& source, const Index3& patch_size, bool in_plane, const AugmentationDraws& draws,
            float* image_out, uint8_t* labels_out, std::vector<float>& shares, std::vector<int32_t>& offsets) {
  MEDVOL_CHECK(voxel_count(source.image_size) < std::numeric_limits<int32_t>::max(), "an image of {} voxels",
               voxel_count(source.image_size));
  const auto width = static_cast<size_t>(patch_size[2]);
  shares.resize(std::max(shares.size(), 3 * width));
  offsets.resize(std::max(offsets.size(), width));
  const Row row{{}, {}, offsets.data(), shares.data(), shares.data() + width, shares.data() + 2 * width};
  std::visit(
      [&](const auto* image) {
        if (in_plane)
          gather_rows<true>(image, source, patch_size, draws, row, image_out, labels_out);
        else
          gather_rows<false>(image, source, patch_size, draws, row, image_out, labels_out);
      },
      source.image);
}

}  // namespace medvol::datasets
