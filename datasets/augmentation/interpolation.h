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

/// values[i] and values[i + 1] at eight places.
struct Pairs {
  Floats first, second;
};

template <class Stored>
Pairs gather_pairs(const Stored* values, Ints offsets) {
  Pairs pairs;
  for (int lane = 0; lane < width; ++lane) {
    pairs.first[lane] = float(values[offsets[lane]]);
    pairs.second[lane] = float(values[offsets[lane] + 1]);
  }
  return pairs;
}

template <class Stored>
void read_row(const Stored* from, int64_t count, float* to) {
  for (int64_t i = 0; i < count; ++i) to[i] = float(from[i]);
}

#if defined(__AVX2__) && defined(__F16C__)
template <>
inline Pairs gather_pairs(const float* values, Ints offsets) {
  const auto index = reinterpret_cast<__m256i>(offsets);
  return {reinterpret_cast<Floats>(_mm256_i32gather_ps(values, index, 4)),
          reinterpret_cast<Floats>(_mm256_i32gather_ps(values + 1, index, 4))};
}

/// One 32-bit load fetches a voxel and its neighbour. Eight plain loads took half the time of the gather instruction.
template <>
inline Pairs gather_pairs(const c10::Half* values, Ints offsets) {
  const auto load = [&](int lane) {
    int32_t pair;
    std::memcpy(&pair, values + offsets[lane], sizeof pair);
    return pair;
  };
  const __m256i both = _mm256_setr_epi32(load(0), load(1), load(2), load(3), load(4), load(5), load(6), load(7));
  const __m256i packed =
      _mm256_packus_epi32(_mm256_and_si256(both, _mm256_set1_epi32(0xffff)), _mm256_srli_epi32(both, 16));
  const __m256i ordered = _mm256_permute4x64_epi64(packed, 0b11011000);
  return {reinterpret_cast<Floats>(_mm256_cvtph_ps(_mm256_castsi256_si128(ordered))),
          reinterpret_cast<Floats>(_mm256_cvtph_ps(_mm256_extracti128_si256(ordered, 1)))};
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
