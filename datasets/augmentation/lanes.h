#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#endif

/// Eight numbers at a time, by the compilers' vector extension (GCC, Clang; any instruction set), and the few
/// elementary functions that augmentation needs of them. Multiply and add are fused where `fused` says so and nowhere
/// else, so results are the same on every machine.
namespace medvol::datasets::lanes {

constexpr int64_t width = 8;
using Floats = float __attribute__((vector_size(32)));
using Ints = int32_t __attribute__((vector_size(32)));

inline Floats load(const float* from) {
  Floats values;
  std::memcpy(&values, from, sizeof values);
  return values;
}
inline void store(float* to, Floats values) { std::memcpy(to, &values, sizeof values); }
inline Floats all(float value) { return Floats{} + value; }
inline Floats smaller(Floats a, Floats b) { return a < b ? a : b; }
inline Floats larger(Floats a, Floats b) { return a > b ? a : b; }
inline Floats as_floats(Ints bits) { return reinterpret_cast<Floats>(bits); }
inline Ints as_ints(Floats values) { return reinterpret_cast<Ints>(values); }

/// a · b + c, rounded once.
inline Floats fused(Floats a, Floats b, Floats c) {
#if defined(__AVX2__) && defined(__FMA__)
  return reinterpret_cast<Floats>(
      _mm256_fmadd_ps(reinterpret_cast<__m256>(a), reinterpret_cast<__m256>(b), reinterpret_cast<__m256>(c)));
#else
  for (int lane = 0; lane < width; ++lane) a[lane] = std::fma(a[lane], b[lane], c[lane]);
  return a;
#endif
}

inline Floats square_root(Floats x) {
#if defined(__AVX2__) && defined(__FMA__)
  return reinterpret_cast<Floats>(_mm256_sqrt_ps(reinterpret_cast<__m256>(x)));
#else
  for (int lane = 0; lane < width; ++lane) x[lane] = std::sqrt(x[lane]);
  return x;
#endif
}

/// c0 + x (c1 + x (c2 + …)); the highest coefficient first.
inline Floats polynomial(Floats, Floats value) { return value; }
template <class... Rest>
Floats polynomial(Floats x, Floats value, float next, Rest... rest) {
  return polynomial(x, fused(value, x, all(next)), rest...);
}

/// Nearest integer of |x| < 2^22, as a float: the sum leaves no room for a fraction.
inline Floats round_small(Floats x) {
  const Floats magic = all(12582912.0f);
  return (x + magic) - magic;
}

/// Natural logarithm of normal x > 0 to about 1e-7 (polynomial of Cephes' logf on [√½, √2)).
inline Floats log(Floats x) {
  const Ints bits = as_ints(x);
  const Ints exponent = (bits - 0x3f3504f3) >> 23;
  const Floats m = as_floats(bits - (exponent << 23)) - 1.0f;
  const Floats e = __builtin_convertvector(exponent, Floats);
  const Floats p =
      polynomial(m, all(7.0376836292e-2f), -1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f,
                 -1.6668057665e-1f, 2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f);
  const Floats square = m * m;
  return fused(e, all(0.69314718056f), m + square * fused(p, m, all(-0.5f)));
}

/// 2^y for y ≤ 127 to about 2e-7; 0 below -126 (polynomial of Cephes' exp2f on [-½, ½]).
inline Floats exp2(Floats y) {
  const Ints tiny = y < -126.0f;
  y = larger(y, all(-126.0f));
  const Floats whole = round_small(y);
  const Floats f = y - whole;
  const Floats p = polynomial(f, all(1.535336188319500e-4f), 1.339887440266574e-3f, 9.618437357674640e-3f,
                              5.550332471162809e-2f, 2.402264791363012e-1f, 6.931472028550421e-1f, 1.0f);
  const Ints power = (__builtin_convertvector(whole, Ints) + 127) << 23;
  return as_floats(as_ints(p * as_floats(power)) & ~tiny);
}

/// x^exponent for x in [0, 1], exponent > 0; 0 for anything too small to be a normal number.
inline Floats power(Floats x, float exponent) {
  const Ints zero = x < 1.17549435e-38f;
  const Floats result = exp2(log(larger(x, all(1.17549435e-38f))) * (1.44269504089f * exponent));
  return as_floats(as_ints(result) & ~zero);
}

/// sin and cos of 2π turn, turn in [0, 1], to about 1e-7 (Cephes' sinf, cosf on [-π/4, π/4]).
inline void sine_cosine(Floats turn, Floats& sine, Floats& cosine) {
  const Floats quarters = turn * 4.0f;
  const Floats whole = round_small(quarters);
  const Floats a = (quarters - whole) * 1.57079632679f;
  const Floats z = a * a;
  const Floats s = fused(polynomial(z, all(-1.9515295891e-4f), 8.3321608736e-3f, -1.6666654611e-1f), z * a, a);
  const Floats c = polynomial(
      z, polynomial(z, all(2.443315711809948e-5f), -1.388731625493765e-3f, 4.166664568298827e-2f), -0.5f, 1.0f);
  const Ints quadrant = __builtin_convertvector(whole, Ints);
  const Ints swap = (quadrant & 1) != 0;
  const Ints sine_sign = (quadrant & 2) << 30;
  const Ints cosine_sign = ((quadrant + 1) & 2) << 30;
  sine = as_floats(as_ints(swap ? c : s) ^ sine_sign);
  cosine = as_floats(as_ints(swap ? s : c) ^ cosine_sign);
}

}  // namespace medvol::datasets::lanes
