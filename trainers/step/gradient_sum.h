#pragma once
#include <memory>
#include <mutex>
#include <vector>

#include "framework/parallel/group.h"
#include "trainers/step/parameter_arena.h"

namespace medvol::trainers {

/// Sums the gradients of all ranks while backward runs. The gradient is one vector already (ParameterArena), so a
/// bucket is a part of it that is summed where it lies: c10d's Reducer, which is for gradients that lie scattered,
/// would copy each bucket in and out. As there, buckets are made from the network's end to its beginning, where
/// backward goes, and each is sent as soon as its last gradient is there and those before it are sent: the order is the
/// same on every rank.
class GradientSum {
 public:
  struct Options {
    int64_t bucket_bytes = 25 << 20;  ///< PyTorch's; the first one is a megabyte, to begin early
    bool bf16 = false;                ///< send half the bytes, rounded
  };
  /// All of it outlives this.
  GradientSum(torch::nn::Module& module, ParameterArena& arena, parallel::Group& group, const Options& options);
  ~GradientSum();
  GradientSum(const GradientSum&) = delete;
  GradientSum& operator=(const GradientSum&) = delete;

  /// The next backward is the step's last.
  void expect_backward();
  /// Sends what is left (all of it on a rank that had no sample), and waits: the gradient is the sum.
  void complete();

 private:
  struct Bucket {
    torch::Tensor gradient;  ///< view of the arena's
    torch::Tensor rounded;   ///< what is sent with bf16
    int64_t parameters = 0, missing = 0;
    std::unique_ptr<parallel::Pending> pending;
  };
  void arrived(size_t bucket);
  void send_ready();
  void send(Bucket& bucket);

  parallel::Group& group_;
  Options options_;
  std::vector<Bucket> buckets_;  ///< in the order in which they are sent
  std::vector<std::shared_ptr<torch::autograd::Node>> accumulators_;
  std::vector<std::uintptr_t> hooks_;
  std::mutex mutex_;
  bool expecting_ = false;
  size_t sent_ = 0;
};

}  // namespace medvol::trainers
