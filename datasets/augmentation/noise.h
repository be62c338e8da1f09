#pragma once
#include <cstdint>

namespace medvol::datasets {

/// Adds sigma times standard normal noise. Voxel i of a channel takes it from words of Philox4x32-10 with this key:
/// block number b = 8 (i / 32) + i mod 8 at counter (b low, b high, channel, 0); the pair (w0, w1) gives by Box-Muller
/// the values of (i mod 32) / 8 = 0 (cosine) and 1 (sine), the pair (w2, w3) those of 2 and 3; radius from
/// ((w >> 8) + 1) 2^-24, angle from (w >> 8) 2^-24 turns. So it depends on (key, channel, i) alone.
void add_noise(float* values, int64_t count, float sigma, uint64_t key, uint32_t channel);

}  // namespace medvol::datasets
