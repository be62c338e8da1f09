#pragma once
#include <cstdint>

namespace medvol::apps {

/// Multiplications and additions of convolutions and matrix products, forward and backward, as LibTorch runs them in
/// this thread (where a backward pass on the CPU runs too) while it lives; two a multiply-add. One at a time.
class FlopCounter {
 public:
  FlopCounter();
  ~FlopCounter();
  FlopCounter(const FlopCounter&) = delete;
  FlopCounter& operator=(const FlopCounter&) = delete;
  double flop() const;

 private:
  uint64_t handle_;
};

}  // namespace medvol::apps
