#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace medvol::parallel {

struct LaunchJob {
  std::string program;                  ///< path
  std::vector<std::string> words;       ///< its arguments, the first stands for its name
  std::vector<std::string> on_restart;  ///< added when it is started again
  int64_t processes = 1, max_restarts = 0;
};

/// Starts the processes of one machine as ranks of a group (RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE,
/// MASTER_ADDR, MASTER_PORT) and waits for them. When one fails or is killed, the others have 20 seconds to stop by
/// themselves, which they do by saying who it was; then all are ended, and all are started again while restarts are
/// left. SIGINT and SIGTERM go to all. Returns 0, or the exit code of the first that failed, 128 + signal for one that
/// was killed.
int launch(const LaunchJob& job);

}  // namespace medvol::parallel
