#include "datasets/augmentation/noise.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "datasets/augmentation/lanes.h"

namespace medvol::datasets {
namespace {

constexpr int64_t group = 4 * lanes::width;
using Words = uint32_t __attribute__((vector_size(32)));

/// Philox4x32-10 (see framework/runtime/philox.h), one block a lane; plain loops over lanes that the compiler
/// vectorises.
std::array<Words, 4> philox(std::array<Words, 4> counter, uint32_t key_low, uint32_t key_high) {
  for (int round = 0; round < 10; ++round) {
    Words high_a, low_a, high_b, low_b;
    for (int lane = 0; lane < lanes::width; ++lane) {
      const uint64_t a = uint64_t(0xD2511F53u) * counter[0][lane], b = uint64_t(0xCD9E8D57u) * counter[2][lane];
      high_a[lane] = uint32_t(a >> 32), low_a[lane] = uint32_t(a);
      high_b[lane] = uint32_t(b >> 32), low_b[lane] = uint32_t(b);
    }
    counter = {high_b ^ counter[1] ^ key_low, low_b, high_a ^ counter[3] ^ key_high, low_a};
    key_low += 0x9E3779B9u;
    key_high += 0xBB67AE85u;
  }
  return counter;
}

lanes::Floats square_root(lanes::Floats x) {
  for (int lane = 0; lane < lanes::width; ++lane) x[lane] = std::sqrt(x[lane]);
  return x;
}

void box_muller(Words first, Words second, lanes::Floats& with_cosine, lanes::Floats& with_sine) {
  const auto top_bits = [](Words words) { return __builtin_convertvector(lanes::Ints(words >> 8), lanes::Floats); };
  const lanes::Floats uniform = (top_bits(first) + 1.0f) * 0x1p-24f;
  const lanes::Floats radius = square_root(lanes::larger(lanes::log(uniform) * -2.0f, lanes::all(0)));
  lanes::Floats sine, cosine;
  lanes::sine_cosine(top_bits(second) * 0x1p-24f, sine, cosine);
  with_cosine = radius * cosine;
  with_sine = radius * sine;
}

/// The 32 standard normal values of one group of voxels.
void normal_group(uint64_t index, uint64_t key, uint32_t channel, float* values) {
  const uint64_t block = index * lanes::width;
  const Words offsets = {0, 1, 2, 3, 4, 5, 6, 7};
  const Words zero{};
  const std::array<Words, 4> counter{offsets + uint32_t(block), zero + uint32_t(block >> 32), zero + channel, zero};
  const std::array<Words, 4> words = philox(counter, uint32_t(key), uint32_t(key >> 32));
  lanes::Floats quarter[4];
  box_muller(words[0], words[1], quarter[0], quarter[1]);
  box_muller(words[2], words[3], quarter[2], quarter[3]);
  for (int q = 0; q < 4; ++q) lanes::store(values + q * lanes::width, quarter[q]);
}

}  // namespace

void add_noise(float* values, int64_t count, float sigma, uint64_t key, uint32_t channel) {
  float normal[group];
  for (int64_t begin = 0; begin < count; begin += group) {
    normal_group(static_cast<uint64_t>(begin / group), key, channel, normal);
    const int64_t length = std::min(group, count - begin);
    for (int64_t i = 0; i < length; ++i) values[begin + i] += sigma * normal[i];
  }
}

}  // namespace medvol::datasets
