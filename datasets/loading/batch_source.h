#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>

namespace medvol::datasets {

struct Batch {
  at::Tensor images;        ///< float32 [N, C, D, H, W]; D = 1 for a 2D patch
  at::Tensor labels;        ///< uint8 [N, D, H, W]
  int64_t index = 0;        ///< counted from the start of training
  double wait_seconds = 0;  ///< how long the caller stood waiting for it
  double make_seconds = 0;  ///< what reading and augmenting its samples took, over all workers
  double part = 1;          ///< of several processes that share the batch: these samples among all of it
};

/// Endless training batches. Batch i is a function of the source and i alone, so that the whole state of a source is
/// the index of the next batch.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  virtual Batch next() = 0;
  /// Index of the batch that `next` gives next.
  virtual int64_t state() const = 0;
  /// Goes on from such an index.
  virtual void load(int64_t next_batch) = 0;
};

/// Batches that are nothing but their index: for steps that hold their data themselves.
class IndexSource : public BatchSource {
 public:
  Batch next() override {
    Batch batch;
    batch.index = next_++;
    return batch;
  }
  int64_t state() const override { return next_; }
  void load(int64_t next_batch) override { next_ = next_batch; }

 private:
  int64_t next_ = 0;
};

}  // namespace medvol::datasets
