#include "framework/imaging/resample_axis.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"

namespace medvol::imaging {
namespace {

/// Lines that are worked on side by side: enough for the vector units, few enough to stay in the first cache.
constexpr int64_t lines = 16;
/// Order 3 reaches this far beyond the grid: taps of x in [-0.5, n - 0.5].
constexpr int64_t reach = 2;
using Row = std::array<double, lines>;

std::array<double, 4> cubic_weights(double t) {
  const double u = 1 - t;
  std::array<double, 4> w{u * u * u / 6, (4 - 6 * t * t + 3 * t * t * t) / 6, (4 - 6 * u * u + 3 * u * u * u) / 6, 0};
  w[3] = 1 - w[0] - w[1] - w[2];
  return w;
}

/// Samples → cubic B-spline coefficients in place, one recursive filter forth and one back (Unser 1999, box 2). Rows
/// 0 and 1 and the last two are the continuation; beyond them the line is constant, which gives both start values
/// exactly.
void to_coefficients(std::vector<Row>& rows) {
  const double z = std::sqrt(3.0) - 2;
  constexpr double gain = 6;
  const size_t last = rows.size() - 1;
  for (double& value : rows[0]) value *= gain / (1 - z);
  const Row end = rows[last];
  for (size_t k = 1; k <= last; ++k) {
    for (int64_t j = 0; j < lines; ++j) rows[k][j] = gain * rows[k][j] + z * rows[k - 1][j];
  }
  for (int64_t j = 0; j < lines; ++j) {
    const double settled = gain * end[j] / (1 - z);  // the forward filter far beyond the end
    rows[last][j] = -z * (settled / (1 - z) + (rows[last][j] - settled) / (1 - z * z));
  }
  for (size_t k = last; k-- > 0;) {
    for (int64_t j = 0; j < lines; ++j) rows[k][j] = z * (rows[k + 1][j] - rows[k][j]);
  }
}

/// A block of up to `lines` lines: where line j begins, and the step from voxel to voxel.
struct Block {
  int64_t begin, line_step, voxel_step, width;
};

void load(const float* in, const Block& block, int64_t n, int64_t margin, std::vector<Row>& rows) {
  for (int64_t k = 0; k < static_cast<int64_t>(rows.size()); ++k) {
    const float* from = in + block.begin + std::clamp<int64_t>(k - margin, 0, n - 1) * block.voxel_step;
    for (int64_t j = 0; j < block.width; ++j) rows[k][j] = from[j * block.line_step];
  }
}

void interpolate(const std::vector<Row>& rows, const AxisTaps& taps, int64_t margin, const Block& block, float* out) {
  for (size_t i = 0; i < taps.first.size(); ++i) {
    const Row* from = rows.data() + taps.first[i] + margin;
    Row sum{};
    for (int tap = 0; tap < taps.count; ++tap) {
      const double weight = taps.weights[i][tap];
      for (int64_t j = 0; j < lines; ++j) sum[j] += weight * from[tap][j];
    }
    float* to = out + block.begin + static_cast<int64_t>(i) * block.voxel_step;
    for (int64_t j = 0; j < block.width; ++j) to[j * block.line_step] = static_cast<float>(sum[j]);
  }
}

/// Block `index` of an array [outer, n, inner]: neighbouring lines of one plane, or of the whole array where inner is
/// 1.
Block block_at(int64_t index, int64_t outer, int64_t n, int64_t inner) {
  if (inner == 1) {
    const int64_t line = index * lines;
    return {line * n, n, 1, std::min(lines, outer - line)};
  }
  const int64_t blocks_per_plane = (inner + lines - 1) / lines;
  const int64_t column = index % blocks_per_plane * lines;
  return {index / blocks_per_plane * n * inner + column, 1, inner, std::min(lines, inner - column)};
}

}  // namespace

AxisTaps axis_taps(int64_t n_in, int64_t n_out, int order) {
  MEDVOL_CHECK(order == 0 || order == 1 || order == 3, "order {}", order);
  AxisTaps taps;
  taps.count = order + 1;
  taps.first.resize(n_out);
  taps.weights.resize(n_out, {1, 0, 0, 0});
  const double ratio = static_cast<double>(n_in) / static_cast<double>(n_out);
  for (int64_t i = 0; i < n_out; ++i) {
    double x = (static_cast<double>(i) + 0.5) * ratio - 0.5;
    if (order < 3) x = std::clamp(x, 0.0, static_cast<double>(n_in - 1));
    const double below = std::floor(order == 0 ? x + 0.5 : x);
    taps.first[i] = static_cast<int64_t>(below);
    if (order == 1) {
      // The last voxel's right neighbour would lie outside, with weight 0: lean on the left one instead.
      taps.first[i] = std::max<int64_t>(0, std::min<int64_t>(taps.first[i], n_in - 2));
      const double t = x - static_cast<double>(taps.first[i]);
      taps.weights[i] = {1 - t, t, 0, 0};
    } else if (order == 3) {
      taps.first[i] -= 1;
      taps.weights[i] = cubic_weights(x - below);
    }
  }
  return taps;
}

void resample_axis(const float* in, float* out, int64_t outer, int64_t n_in, int64_t n_out, int64_t inner, int order) {
  const AxisTaps taps = axis_taps(n_in, n_out, order);
  const int64_t margin = order == 3 ? reach : 0;
  // One row more, so that the second tap of a line of one voxel can be read (its weight is 0).
  const int64_t rows_needed = n_in + 2 * margin + (order == 1 && n_in == 1 ? 1 : 0);
  const int64_t blocks = inner == 1 ? (outer + lines - 1) / lines : outer * ((inner + lines - 1) / lines);
  at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
    std::vector<Row> rows(rows_needed, Row{});
    for (int64_t index = begin; index < end; ++index) {
      load(in, block_at(index, outer, n_in, inner), n_in, margin, rows);
      if (order == 3) to_coefficients(rows);
      interpolate(rows, taps, margin, block_at(index, outer, n_out, inner), out);
    }
  });
}

}  // namespace medvol::imaging
