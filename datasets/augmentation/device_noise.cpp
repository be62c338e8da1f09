#include "datasets/augmentation/device_noise.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>

#include <array>
#include <numbers>

namespace medvol::datasets {
namespace {

constexpr int64_t word = 0xffffffff, lanes = 8, group = 32;

/// High and low word of the product of two words. It may pass 2^63: int64 wraps around, and the bits are right.
std::array<at::Tensor, 2> multiply(const at::Tensor& words, int64_t factor) {
  const at::Tensor product = words * factor;
  return {product.__rshift__(32).bitwise_and_(word), product.bitwise_and(word)};
}

/// Philox4x32-10 (framework/runtime/philox.h); counters int64 [R, blocks], keys int64 [R, 1].
std::array<at::Tensor, 4> philox(std::array<at::Tensor, 4> counter, at::Tensor key_low, at::Tensor key_high) {
  for (int round = 0; round < 10; ++round) {
    const auto [high_a, low_a] = multiply(counter[0], 0xD2511F53);
    const auto [high_b, low_b] = multiply(counter[2], 0xCD9E8D57);
    counter = {high_b.bitwise_xor(counter[1]).bitwise_xor_(key_low), low_b,
               high_a.bitwise_xor(counter[3]).bitwise_xor_(key_high), low_a};
    key_low = (key_low + int64_t(0x9E3779B9)).bitwise_and_(word);
    key_high = (key_high + int64_t(0xBB67AE85)).bitwise_and_(word);
  }
  return counter;
}

/// Cosine and sine part of a pair of words.
std::array<at::Tensor, 2> box_muller(const at::Tensor& first, const at::Tensor& second) {
  const auto top_bits = [](const at::Tensor& words) { return words.__rshift__(8).to(at::kFloat); };
  const at::Tensor radius = (((top_bits(first) + 1) * 0x1p-24).log() * -2).clamp_min_(0).sqrt_();
  const at::Tensor angle = top_bits(second) * (0x1p-24 * 2 * std::numbers::pi);
  return {radius * angle.cos(), radius * angle.sin()};
}

}  // namespace

at::Tensor normal_rows(const at::Tensor& key_low, const at::Tensor& key_high, const at::Tensor& channel,
                       int64_t count) {
  const int64_t groups = (count + group - 1) / group;
  const at::Tensor block =
      at::arange(groups * lanes, key_low.options()).unsqueeze(0).expand({key_low.size(0), groups * lanes});
  const at::Tensor zero = at::zeros_like(block, at::MemoryFormat::Contiguous);
  const auto words =
      philox({block, zero, zero + channel.unsqueeze(1), zero}, key_low.unsqueeze(1), key_high.unsqueeze(1));
  const auto [first, second] = box_muller(words[0], words[1]);
  const auto [third, fourth] = box_muller(words[2], words[3]);
  const auto by_group = [&](const at::Tensor& part) { return part.view({-1, groups, lanes}); };
  return at::stack({by_group(first), by_group(second), by_group(third), by_group(fourth)}, 2)
      .view({-1, groups * group})
      .narrow(1, 0, count);
}

}  // namespace medvol::datasets
