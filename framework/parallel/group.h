#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "framework/parallel/environment.h"

namespace medvol::parallel {

/// Something that all ranks do together and that goes on meanwhile.
class Pending {
 public:
  virtual ~Pending() = default;
  /// Of a GPU's tensor, its stream waits, not the caller.
  virtual void wait() = 0;
};

/// The processes (ranks) that train one thing together; one process is a group of its own. All ranks call the same
/// functions in the same order. A rank that fails or falls silent ends the others' calls with core::UserError that
/// names it.
class Group {
 public:
  virtual ~Group() = default;
  virtual int64_t rank() const = 0;
  virtual int64_t size() const = 0;
  /// Rank 0 writes files and talks.
  bool leads() const { return rank() == 0; }

  /// Sums over the ranks, in place; every rank gets the same bits.
  void sum(const at::Tensor& tensor) { start_sum(tensor)->wait(); }
  virtual std::unique_ptr<Pending> start_sum(const at::Tensor& tensor) = 0;
  /// Everyone gets rank `from`'s tensor, in place.
  void broadcast(const at::Tensor& tensor, int64_t from = 0) { start_broadcast(tensor, from)->wait(); }
  virtual std::unique_ptr<Pending> start_broadcast(const at::Tensor& tensor, int64_t from) = 0;
  /// Each rank's text, by rank.
  virtual std::vector<std::string> gather(const std::string& text) = 0;
  /// Returns when all ranks are here.
  void barrier() { gather(""); }
  /// Rank 0's text.
  std::string from_leader(const std::string& text) { return gather(leads() ? text : "").front(); }

  /// parallel::share_of: this rank's, or another one's.
  Range share_of(int64_t count) const { return share_of(count, rank()); }
  Range share_of(int64_t count, int64_t of_rank) const { return parallel::share_of(count, of_rank, size()); }

  /// Tells the others that this rank has failed, and how.
  virtual void tell_failure(const std::string& what) = 0;
  /// Before an orderly end: waits for all ranks.
  virtual void finish() = 0;
};

/// A process alone: nothing is communicated, and nothing of LibTorch's distributed part is touched.
std::unique_ptr<Group> alone();

/// Meets the other ranks that the environment names (c10d's TCPStore; Gloo for the CPU's tensors, NCCL for those of
/// GPUs), within a minute; alone() for one process. Throws core::UserError when they do not come.
std::unique_ptr<Group> join(const Environment& environment);
/// The same with the whole machinery for one process too.
std::unique_ptr<Group> meet(const Environment& environment);

}  // namespace medvol::parallel
