#include "framework/imaging/resample.h"

#include <ATen/ATen.h>
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "framework/core/error.h"
#include "framework/imaging/resample_axis.h"

namespace medvol::imaging {
namespace {

using Shape = std::array<int64_t, 3>;

/// nnU-Net's ANISO_THRESHOLD.
constexpr double anisotropy_threshold = 3;

std::optional<int> longest_axis(std::array<double, 3> spacing) {
  const auto [shortest, longest] = std::minmax_element(spacing.begin(), spacing.end());
  if (!(*longest / *shortest > anisotropy_threshold)) return std::nullopt;
  if (std::count(spacing.begin(), spacing.end(), *longest) > 1) return -1;  // two long axes: decided, and none apart
  return static_cast<int>(longest - spacing.begin());
}

Shape shape_of(const at::Tensor& volume) { return {volume.size(-3), volume.size(-2), volume.size(-1)}; }

/// One axis of [D, H, W] to a new length.
at::Tensor resample_one_axis(const at::Tensor& volume, int axis, int64_t length, int order) {
  Shape shape = shape_of(volume);
  if (shape[axis] == length) return volume;
  int64_t outer = 1, inner = 1;
  for (int other = 0; other < axis; ++other) outer *= shape[other];
  for (int other = axis + 1; other < 3; ++other) inner *= shape[other];
  const int64_t old_length = std::exchange(shape[axis], length);
  at::Tensor result = at::empty({shape[0], shape[1], shape[2]}, volume.options());
  resample_axis(volume.data_ptr<float>(), result.data_ptr<float>(), outer, old_length, length, inner, order);
  return result;
}

/// Splines overshoot; skimage holds the result inside the input's range (NaN left out of it, and left in the result).
void clip_to_range(const at::Tensor& result, const at::Tensor& input) {
  auto [low, high] = at::aminmax(input);
  if (low.isnan().item<bool>()) {
    const at::Tensor numbers = input.masked_select(input.isnan().logical_not());
    if (numbers.numel() == 0) return;
    std::tie(low, high) = at::aminmax(numbers);
  }
  at::Tensor target = result;
  target.clamp_(low.item<float>(), high.item<float>());
}

/// [D, H, W] of one channel.
at::Tensor resample_channel(const at::Tensor& input, const Shape& target, int order, std::optional<int> apart) {
  const Shape shape = shape_of(input);
  std::array<int, 3> axes{0, 1, 2};
  // Axes that shrink first: the later passes then have less to do. (The passes of different axes commute.)
  std::stable_sort(axes.begin(), axes.end(), [&](int a, int b) { return target[a] * shape[b] < target[b] * shape[a]; });
  at::Tensor result = input;
  for (const int axis : axes) {
    if (axis != apart) result = resample_one_axis(result, axis, target[axis], order);
  }
  if (order == 3 && !result.is_same(input)) {
    if (!apart) clip_to_range(result, input);
    for (int64_t slice = 0; apart && slice < shape[*apart]; ++slice) {
      clip_to_range(result.select(*apart, slice), input.select(*apart, slice));
    }
  }
  return apart ? resample_one_axis(result, *apart, target[*apart], 0) : result;
}

/// The greatest label whose weights among the neighbours reach one half; 0 when none does.
template <class Label>
Label heaviest_label(const std::array<Label, 8>& labels, const std::array<double, 8>& weights, int count) {
  if (std::all_of(labels.begin() + 1, labels.begin() + count, [&](Label label) { return label == labels[0]; })) {
    return labels[0];
  }
  bool found = false;
  Label winner = 0;
  for (int i = 0; i < count; ++i) {
    double sum = 0;
    for (int j = 0; j < count; ++j) sum += labels[j] == labels[i] ? weights[j] : 0;
    if (sum >= 0.5 && (!found || labels[i] > winner)) {
      winner = labels[i];
      found = true;
    }
  }
  return winner;
}

/// One output plane z of resample_labels.
template <class Label>
void resample_label_plane(const Label* in, Label* out, const Shape& shape, const std::array<AxisTaps, 3>& taps,
                          int64_t z) {
  const int64_t height = static_cast<int64_t>(taps[1].first.size());
  const int64_t width = static_cast<int64_t>(taps[2].first.size());
  std::array<Label, 8> labels{};
  std::array<double, 8> weights{};
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      int count = 0;
      for (int a = 0; a < taps[0].count; ++a) {
        for (int b = 0; b < taps[1].count; ++b) {
          const double weight_zy = taps[0].weights[z][a] * taps[1].weights[y][b];
          const int64_t row = ((taps[0].first[z] + a) * shape[1] + taps[1].first[y] + b) * shape[2];
          for (int c = 0; c < taps[2].count; ++c) {
            const double weight = weight_zy * taps[2].weights[x][c];
            if (weight == 0) continue;
            labels[count] = in[row + taps[2].first[x] + c];
            weights[count++] = weight;
          }
        }
      }
      out[(z * height + y) * width + x] = heaviest_label(labels, weights, count);
    }
  }
}

void check_target(const Shape& target) {
  MEDVOL_CHECK(target[0] > 0 && target[1] > 0 && target[2] > 0, "resampling to an empty grid");
}

}  // namespace

Shape resampled_shape(Shape shape_zyx, std::array<double, 3> old_spacing_zyx, std::array<double, 3> new_spacing_zyx) {
  Shape result;
  for (int axis = 0; axis < 3; ++axis) {
    const double length = old_spacing_zyx[axis] / new_spacing_zyx[axis] * static_cast<double>(shape_zyx[axis]);
    result[axis] = std::max<int64_t>(1, static_cast<int64_t>(std::nearbyint(length)));
  }
  return result;
}

std::optional<int> anisotropic_axis(std::array<double, 3> old_spacing_zyx, std::array<double, 3> new_spacing_zyx) {
  std::optional<int> axis = longest_axis(old_spacing_zyx);
  if (!axis) axis = longest_axis(new_spacing_zyx);
  return axis && *axis >= 0 ? axis : std::nullopt;
}

at::Tensor resample_image_apart(const at::Tensor& image, Shape target_zyx, int order, std::optional<int> apart) {
  MEDVOL_CHECK(image.dim() == 4 && image.scalar_type() == at::kFloat && image.numel() > 0, "float32 [C, D, H, W]");
  MEDVOL_CHECK(!apart || (*apart >= 0 && *apart < 3), "axis {}", *apart);
  check_target(target_zyx);
  const at::Tensor input = image.contiguous();
  if (shape_of(input) == target_zyx) return input.clone();
  at::Tensor result = at::empty({input.size(0), target_zyx[0], target_zyx[1], target_zyx[2]}, input.options());
  for (int64_t channel = 0; channel < input.size(0); ++channel) {
    result[channel].copy_(resample_channel(input[channel], target_zyx, order, apart));
  }
  return result;
}

at::Tensor resample_image(const at::Tensor& image, Shape target_zyx, int order, bool separate_z) {
  return resample_image_apart(image, target_zyx, order, separate_z ? std::optional<int>(0) : std::nullopt);
}

at::Tensor resample_labels(const at::Tensor& labels, Shape target_zyx, int order, std::optional<int> apart) {
  MEDVOL_CHECK(labels.dim() == 3 && labels.numel() > 0, "labels are [D, H, W]");
  MEDVOL_CHECK(order == 0 || order == 1, "labels are resampled by order 0 or 1, not {}", order);
  check_target(target_zyx);
  const at::Tensor input = labels.contiguous();
  const Shape shape = shape_of(input);
  if (shape == target_zyx) return input.clone();
  std::array<AxisTaps, 3> taps;
  for (int axis = 0; axis < 3; ++axis) {
    const bool nearest = axis == apart || shape[axis] == target_zyx[axis];
    taps[axis] = axis_taps(shape[axis], target_zyx[axis], nearest ? 0 : order);
  }
  at::Tensor result = at::empty({target_zyx[0], target_zyx[1], target_zyx[2]}, input.options());
  AT_DISPATCH_INTEGRAL_TYPES(input.scalar_type(), "resample_labels", [&] {
    const scalar_t* in = input.data_ptr<scalar_t>();
    scalar_t* out = result.data_ptr<scalar_t>();
    at::parallel_for(0, target_zyx[0], 1, [&](int64_t begin, int64_t end) {
      for (int64_t z = begin; z < end; ++z) resample_label_plane(in, out, shape, taps, z);
    });
  });
  return result;
}

}  // namespace medvol::imaging
