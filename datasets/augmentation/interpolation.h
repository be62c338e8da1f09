#pragma once
#include <c10/util/Half.h>

#include <cstdint>
#include <cstring>

#include "datasets/augmentation/lanes.h"
#if defined(__AVX2__) && defined(__F16C__)
#include <immintrin.h>
#endif

/// Reading stored voxels: float or half, one, eight in a row, or eight pairs of neighbours.
namespace medvol::datasets::lanes {

/// values[i] and values[i + 1] at eight places, the two beside each other: those of four places, then of four more.
struct Pairs {
  Floats low, high;
};

/// Near and far side by share, of each pair.
inline Pairs blend(const Pairs& near, const Pairs& far, const Pairs& share) {
  return {fused(share.low, far.low - near.low, near.low), fused(share.high, far.high - near.high, near.high)};
}
/// One number for each pair.
inline Pairs doubled(Floats values) {
  return {__builtin_shufflevector(values, values, 0, 0, 1, 1, 2, 2, 3, 3),
          __builtin_shufflevector(values, values, 4, 4, 5, 5, 6, 6, 7, 7)};
}
/// From the first of each pair to the second by share.
inline Floats blend_within(const Pairs& pairs, Floats share) {
  const Floats first = __builtin_shufflevector(pairs.low, pairs.high, 0, 2, 4, 6, 8, 10, 12, 14);
  const Floats second = __builtin_shufflevector(pairs.low, pairs.high, 1, 3, 5, 7, 9, 11, 13, 15);
  return fused(share, second - first, first);
}

template <class Stored>
Pairs gather_pairs(const Stored* values, const int32_t* offsets) {
  Pairs pairs;
  for (int place = 0; place < 4; ++place)
    for (int neighbour = 0; neighbour < 2; ++neighbour) {
      pairs.low[2 * place + neighbour] = float(values[offsets[place] + neighbour]);
      pairs.high[2 * place + neighbour] = float(values[offsets[place + 4] + neighbour]);
    }
  return pairs;
}

template <class Stored>
void read_row(const Stored* from, int64_t count, float* to) {
  for (int64_t i = 0; i < count; ++i) to[i] = float(from[i]);
}

#if defined(__AVX2__) && defined(__F16C__)
/// One load fetches a voxel and its neighbour; plain loads take half the time of the gather instruction.
template <>
inline Pairs gather_pairs(const float* values, const int32_t* offsets) {
  const auto four = [&](int first) {
    const auto load = [&](int place) {
      int64_t pair;
      std::memcpy(&pair, values + offsets[first + place], sizeof pair);
      return pair;
    };
    return reinterpret_cast<Floats>(_mm256_setr_epi64x(load(0), load(1), load(2), load(3)));
  };
  return {four(0), four(4)};
}

template <>
inline Pairs gather_pairs(const c10::Half* values, const int32_t* offsets) {
  const auto four = [&](int first) {
    const auto load = [&](int place) {
      int32_t pair;
      std::memcpy(&pair, values + offsets[first + place], sizeof pair);
      return pair;
    };
    return reinterpret_cast<Floats>(_mm256_cvtph_ps(_mm_setr_epi32(load(0), load(1), load(2), load(3))));
  };
  return {four(0), four(4)};
}

template <>
inline void read_row(const c10::Half* from, int64_t count, float* to) {
  int64_t i = 0;
  for (; i + width <= count; i += width)
    _mm256_storeu_ps(to + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i))));
  for (; i < count; ++i) to[i] = float(from[i]);
}
#endif

}  // namespace medvol::datasets::lanes
