#include "datasets/augmentation/noise.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "datasets/augmentation/lanes.h"

namespace medvol::datasets {
namespace {

constexpr int64_t group = 4 * lanes::width;
using Words = uint32_t __attribute__((vector_size(32)));

/// Four words of the generator, each in a place of 64 bits whose upper half may hold anything: what a multiplication
/// leaves need not be moved.
using Places = uint64_t __attribute__((vector_size(32)));

/// Products of the lower halves.
Places multiply(Places words, uint32_t factor) {
#if defined(__AVX2__)
  return reinterpret_cast<Places>(
      _mm256_mul_epu32(reinterpret_cast<__m256i>(words), _mm256_set1_epi64x(int64_t(factor))));
#else
  return (words & 0xffffffffu) * uint64_t(factor);
#endif
}

/// Philox4x32-10 (see framework/runtime/philox.h), one block a place.
std::array<Places, 4> philox(std::array<Places, 4> counter, uint32_t key_low, uint32_t key_high) {
  for (int round = 0; round < 10; ++round) {
    const Places a = multiply(counter[0], 0xD2511F53u), b = multiply(counter[2], 0xCD9E8D57u);
    counter = {(b >> 32) ^ counter[1] ^ uint64_t(key_low), b, (a >> 32) ^ counter[3] ^ uint64_t(key_high), a};
    key_low += 0x9E3779B9u;
    key_high += 0xBB67AE85u;
  }
  return counter;
}

/// The lower halves, the places of `first` before those of `second`.
Words join(Places first, Places second) {
  static_assert(std::endian::native == std::endian::little);
  return __builtin_shufflevector(reinterpret_cast<Words>(first), reinterpret_cast<Words>(second), 0, 2, 4, 6, 8, 10, 12,
                                 14);
}

void box_muller(Words first, Words second, lanes::Floats& with_cosine, lanes::Floats& with_sine) {
  const auto top_bits = [](Words words) { return __builtin_convertvector(lanes::Ints(words >> 8), lanes::Floats); };
  const lanes::Floats uniform = (top_bits(first) + 1.0f) * 0x1p-24f;
  const lanes::Floats radius = lanes::square_root(lanes::larger(lanes::log(uniform) * -2.0f, lanes::all(0)));
  lanes::Floats sine, cosine;
  lanes::sine_cosine(top_bits(second) * 0x1p-24f, sine, cosine);
  with_cosine = radius * cosine;
  with_sine = radius * sine;
}

/// The 32 standard normal values of one group of voxels.
void normal_group(uint64_t index, uint64_t key, uint32_t channel, float* values) {
  const uint64_t block = index * lanes::width;
  const Places zero{}, high = zero + (block >> 32), channels = zero + channel;
  const Places low = Places{0, 1, 2, 3} + uint64_t(uint32_t(block));
  const auto first = philox({low, high, channels, zero}, uint32_t(key), uint32_t(key >> 32));
  const auto second = philox({low + 4, high, channels, zero}, uint32_t(key), uint32_t(key >> 32));
  std::array<Words, 4> words;
  for (size_t word = 0; word < 4; ++word) words[word] = join(first[word], second[word]);
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
