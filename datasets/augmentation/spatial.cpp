#include "datasets/augmentation/spatial.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "datasets/augmentation/affine_grid.h"
#include "datasets/augmentation/interpolation.h"
#include "datasets/augmentation/neighbours.h"
#include "framework/core/error.h"

namespace medvol::datasets {
namespace {

/// Voxels x of an output row, [begin, end).
struct Range {
  int64_t begin, end;
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

/// Eight voxels of the row.
template <bool in_plane, class Stored>
lanes::Floats interpolate(const Stored* image, int64_t plane, int64_t length, const int32_t* offsets,
                          lanes::Floats share_z, lanes::Floats share_y, lanes::Floats share_x) {
  const lanes::Pairs y = lanes::doubled(share_y);
  const auto slice = [&](const Stored* from) {
    return lanes::blend(lanes::gather_pairs(from, offsets), lanes::gather_pairs(from + length, offsets), y);
  };
  const lanes::Pairs low = slice(image);
  if constexpr (in_plane) return lanes::blend_within(low, share_x);
  return lanes::blend_within(lanes::blend(low, slice(image + plane), lanes::doubled(share_z)), share_x);
}

template <bool in_plane, class Stored>
void interpolate_inner(const Stored* image, const Index3& size, const Row& row, float* out) {
  const int64_t plane = size[1] * size[2], begin = row.inner.begin, count = row.inner.end - begin;
  if (count <= 0) return;
  // A longer row ends on lanes that overlap; one shorter than the lanes is filled up with its first voxel.
  for (int64_t done = 0; count >= lanes::width && done < count; done += lanes::width) {
    const int64_t x = begin + std::min(done, count - lanes::width);
    lanes::store(out + x, interpolate<in_plane>(image, plane, size[2], row.offsets + x, lanes::load(row.share_z + x),
                                                lanes::load(row.share_y + x), lanes::load(row.share_x + x)));
  }
  if (count >= lanes::width) return;
  int32_t offsets[lanes::width];
  lanes::Floats share_z{}, share_y{}, share_x{};
  std::fill(offsets, offsets + lanes::width, row.offsets[begin]);
  for (int64_t i = 0; i < count; ++i) {
    offsets[i] = row.offsets[begin + i];
    share_z[i] = row.share_z[begin + i], share_y[i] = row.share_y[begin + i], share_x[i] = row.share_x[begin + i];
  }
  const lanes::Floats values = interpolate<in_plane>(image, plane, size[2], offsets, share_z, share_y, share_x);
  for (int64_t i = 0; i < count; ++i) out[begin + i] = values[i];
}

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
  for (int64_t x = row.touching.begin; x < row.touching.end; ++x) {
    if (x == row.inner.begin && row.inner.end > x) x = row.inner.end;
    if (x >= row.touching.end) break;
    const Neighbours near(source, region, {line.at(0, x), line.at(1, x), line.at(2, x)});
    sample_point(image, source, near, voxel_count(patch_size), x, image_out, labels_out);
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
  for (int64_t map = 0; map < source.label_volumes; ++map) {
    uint8_t* out = labels_out + map * patch;
    std::fill(out, out + zero_end, uint8_t(0));
    std::fill(out + zero_begin, out + width, uint8_t(0));
    vote_inner<in_plane>(source.labels + map * volume, source.image_size, row, out);
  }
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

}  // namespace

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
