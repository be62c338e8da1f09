#pragma once
#include <cstdint>
#include <string>

namespace medvol::parallel {

struct Range {
  int64_t begin = 0, end = 0;
  int64_t count() const { return end - begin; }
};

/// The part of `count` things that a rank of `size` has: as even as can be, in order, by rank.
inline Range share_of(int64_t count, int64_t rank, int64_t size) {
  return {count * rank / size, count * (rank + 1) / size};
}

/// Where a process stands among those that work together, as who started it says.
struct Environment {
  int64_t rank = 0, size = 1;              ///< among all processes
  int64_t local_rank = 0, local_size = 1;  ///< among those of this machine
  std::string master_address;              ///< of rank 0's machine
  uint16_t master_port = 0;
  bool meeting_point_is_there = false;  ///< who started the processes listens on the port (torchrun), not rank 0

  /// Reads RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR, MASTER_PORT (torchrun, `medvol launch`,
  /// Kubernetes' PyTorchJob), or OMPI_COMM_WORLD_RANK and its like with MASTER_ADDR and MASTER_PORT (mpirun). Without
  /// them, one process. Slurm's own variables are not looked at: they are there outside srun too.
  /// Throws core::UserError naming a variable that is missing or wrong.
  static Environment read();
};

}  // namespace medvol::parallel
