#include "datasets/augmentation/scanner_artefacts.h"

#include <ATen/ops/affine_grid_generator.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/einsum.h>
#include <ATen/ops/fft_rfftn.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/grid_sampler.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "datasets/augmentation/axis_matrix.h"
#include "datasets/augmentation/device_filters.h"

namespace medvol::datasets {
namespace {

constexpr double full_turn = 2 * std::numbers::pi;

/// What weighting the planes of k-space along an axis of `size` voxels does to the image, as a matrix along that axis:
/// the other axes' Fourier transforms cancel. The real part of the result. `weights`: of the frequencies from −size / 2
/// upwards.
std::vector<float> plane_filter(const std::vector<double>& weights) {
  const auto size = static_cast<int64_t>(weights.size());
  std::vector<double> kernel(weights.size(), 0);
  for (int64_t distance = 0; distance < size; ++distance)
    for (int64_t plane = 0; plane < size; ++plane) {
      const int64_t frequency = plane - size / 2;
      const double turns = double(frequency * distance % size) / double(size);
      kernel[static_cast<size_t>(distance)] +=
          weights[static_cast<size_t>(plane)] * std::cos(full_turn * turns) / double(size);
    }
  std::vector<float> matrix;
  for (int64_t row = 0; row < size; ++row)
    for (int64_t column = 0; column < size; ++column)
      matrix.push_back(float(kernel[static_cast<size_t>(((row - column) % size + size) % size)]));
  return matrix;
}

// --- ghosting: every n-th plane of k-space is weakened, but for the one in the middle

std::vector<float> ghosting_numbers(const ChannelDraws& draws, const Index3& size) {
  const GhostingDraws& drawn = draws.ghosting;
  std::vector<double> weights(static_cast<size_t>(size[drawn.axis]), 1.0);
  for (size_t plane = 0; plane < weights.size(); plane += static_cast<size_t>(drawn.every))
    weights[plane] = 1 - drawn.weakened;
  weights[weights.size() / 2] = 1;
  return plane_filter(weights);
}
at::Tensor ghosting(const at::Tensor& volume, const ChannelDraws& draws, const at::Tensor& numbers) {
  return multiply_along(volume, static_cast<int64_t>(draws.ghosting.axis), numbers);
}

// --- motion: parts of k-space are those of the moved image (Shaw et al. 2019, PMLR 102)

/// The matrices of the parts of k-space, then the maps of the movements as affine_grid_generator takes them.
std::vector<float> motion_numbers(const ChannelDraws& draws, const Index3& size) {
  const MotionDraws& drawn = draws.motion;
  const size_t count = drawn.movements.size();
  const int64_t planes = size[drawn.axis];
  std::vector<float> numbers;
  int64_t begin = 0;
  for (size_t part = 0; part <= count; ++part) {
    const int64_t end = part == count ? planes : static_cast<int64_t>(double(planes) * drawn.movements[part].time);
    std::vector<double> weights(static_cast<size_t>(planes), 0.0);
    for (int64_t plane = begin; plane < end; ++plane) weights[static_cast<size_t>(plane)] = 1;
    const std::vector<float> matrix = plane_filter(weights);
    numbers.insert(numbers.end(), matrix.begin(), matrix.end());
    begin = std::max(begin, end);
  }
  for (const Movement& movement : drawn.movements)
    for (size_t row = 3; row-- > 0;) {  // x, y, z there; z, y, x here
      for (size_t column = 3; column-- > 0;)
        numbers.push_back(float(movement.matrix[row][column] * double(size[column]) / double(size[row])));
      numbers.push_back(float(2 * movement.shift[row] / double(size[row])));
    }
  return numbers;
}

at::Tensor motion(const at::Tensor& volume, const ChannelDraws& draws, const at::Tensor& numbers) {
  const MotionDraws& drawn = draws.motion;
  const auto count = static_cast<int64_t>(drawn.movements.size());
  const int64_t planes = volume.size(static_cast<int64_t>(drawn.axis));
  const at::Tensor filters = numbers.narrow(0, 0, (count + 1) * planes * planes).view({count + 1, planes, planes});
  const at::Tensor maps = numbers.narrow(0, (count + 1) * planes * planes, count * 12).view({count, 3, 4});
  const at::Tensor low = volume.amin();  // what comes in from outside
  const at::Tensor above = (volume - low).unsqueeze(0).unsqueeze(0);
  // The middle of k-space, which decides where the image stands, is the unmoved image's.
  const int64_t resting = drawn.resting;
  at::Tensor result;
  for (int64_t part = 0; part <= count; ++part) {
    at::Tensor image = volume;
    if (part != resting) {
      const int64_t movement = part == 0 ? resting - 1 : part - 1;
      const at::Tensor grid = at::affine_grid_generator(maps.narrow(0, movement, 1),
                                                        {1, 1, volume.size(0), volume.size(1), volume.size(2)}, false);
      image = at::grid_sampler(above, grid, 0, 0, false)[0][0] + low;
    }
    const at::Tensor filtered = multiply_along(image, static_cast<int64_t>(drawn.axis), filters[part]);
    result = part == 0 ? filtered : result + filtered;
  }
  return result;
}

// --- spike: a wrong value of k-space, in the image the real part of a wave

std::vector<float> spike_numbers(const ChannelDraws& draws, const Index3& size) {
  std::vector<float> angles;
  for (size_t axis = 0; axis < 3; ++axis) {
    const auto index = static_cast<int64_t>(draws.spike.place[axis] * double(size[axis]));
    const int64_t frequency = index - size[axis] / 2;
    for (int64_t i = 0; i < size[axis]; ++i)
      angles.push_back(float(full_turn * double(frequency * i % size[axis]) / double(size[axis])));
  }
  return angles;
}
at::Tensor spike(const at::Tensor& volume, const ChannelDraws& draws, const at::Tensor& numbers) {
  const int64_t depth = volume.size(0), height = volume.size(1), width = volume.size(2);
  const at::Tensor wave =
      at::cos(numbers.narrow(0, 0, depth).view({-1, 1, 1}) + numbers.narrow(0, depth, height).view({1, -1, 1}) +
              numbers.narrow(0, depth + height, width).view({1, 1, -1}));
  const at::Tensor largest = at::fft_rfftn(volume).abs().amax() / double(volume.numel());
  return volume + wave * (largest * draws.spike.ratio);
}

// --- bias field: the exponential of a polynomial

int64_t polynomial_edge(const ChannelDraws& draws) {
  int64_t edge = 1;
  while (edge * edge * edge < static_cast<int64_t>(draws.bias.size())) ++edge;
  return edge;
}
std::vector<float> bias_numbers(const ChannelDraws& draws, const Index3& size) {
  std::vector<float> numbers(draws.bias.begin(), draws.bias.end());
  for (size_t axis = 0; axis < 3; ++axis)
    for (int64_t power = 0; power < polynomial_edge(draws); ++power)
      for (int64_t i = 0; i < size[axis]; ++i) {
        const double place = size[axis] == 1 ? 0 : 2 * double(i) / double(size[axis] - 1) - 1;
        numbers.push_back(float(std::pow(place, double(power))));
      }
  return numbers;
}
at::Tensor bias_field(const at::Tensor& volume, const ChannelDraws& draws, const at::Tensor& numbers) {
  const int64_t edge = polynomial_edge(draws);
  int64_t begin = edge * edge * edge;
  const at::Tensor coefficients = numbers.narrow(0, 0, begin).view({edge, edge, edge});
  std::vector<at::Tensor> factors{coefficients};
  for (int64_t axis = 0; axis < 3; ++axis) {
    factors.push_back(numbers.narrow(0, begin, edge * volume.size(axis)).view({edge, volume.size(axis)}));
    begin += edge * volume.size(axis);
  }
  return volume * at::einsum("kji,kd,jh,iw->dhw", factors).exp();
}

// --- anisotropy: thick slices, nearest neighbour there and linear back

std::vector<float> anisotropy_numbers(const ChannelDraws& draws, const Index3& size) {
  return low_resolution_matrix(1 / draws.anisotropy.thickness, size[draws.anisotropy.axis]);
}
at::Tensor anisotropy(const at::Tensor& volume, const ChannelDraws& draws, const at::Tensor& numbers) {
  return multiply_along(volume, static_cast<int64_t>(draws.anisotropy.axis), numbers);
}

// --- histogram shift: straight between points that stand evenly from the lowest to the highest value

std::vector<float> histogram_numbers(const ChannelDraws& draws, const Index3&) {
  return {draws.histogram.begin(), draws.histogram.end()};
}
at::Tensor shift_histogram(const at::Tensor& volume, const ChannelDraws& draws, const at::Tensor& numbers) {
  const auto last = static_cast<int64_t>(draws.histogram.size()) - 1;
  const at::Tensor low = volume.amin(), range = volume.amax() - low;
  const at::Tensor place = (volume - low) / range.clamp_min(1e-7) * double(last);
  const at::Tensor before = place.floor().clamp(0, double(last - 1));
  const at::Tensor index = before.to(at::kLong);
  const at::Tensor from = numbers.take(index), to = numbers.take(index + 1);
  return (from + (to - from) * (place - before)) * range + low;
}

}  // namespace

const std::vector<ScannerArtefact>& scanner_artefacts() {
  static const std::vector<ScannerArtefact> all{
      {[](const ChannelDraws& draws) { return !draws.motion.movements.empty(); }, motion_numbers, motion},
      {[](const ChannelDraws& draws) { return draws.ghosting.every > 0; }, ghosting_numbers, ghosting},
      {[](const ChannelDraws& draws) { return draws.spike.ratio != 0; }, spike_numbers, spike},
      {[](const ChannelDraws& draws) { return !draws.bias.empty(); }, bias_numbers, bias_field},
      {[](const ChannelDraws& draws) { return draws.anisotropy.thickness > 1; }, anisotropy_numbers, anisotropy}};
  return all;
}

const ScannerArtefact& histogram_shift() {
  static const ScannerArtefact shift{[](const ChannelDraws& draws) { return !draws.histogram.empty(); },
                                     histogram_numbers, shift_histogram};
  return shift;
}

void apply_artefact(const ScannerArtefact& artefact, const ChannelDraws& draws, const Index3& size, float* values) {
  if (!artefact.drawn(draws)) return;
  at::Tensor volume = at::from_blob(values, {size[0], size[1], size[2]});
  const std::vector<float> numbers = artefact.numbers(draws, size);
  volume.copy_(artefact.apply(volume, draws, at::tensor(numbers)));
}

}  // namespace medvol::datasets
