#pragma once
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

#include "framework/parallel/group.h"

namespace medvol::tests {

/// A port for the ranks of a test to meet at: another one for every call and every process.
inline uint16_t meeting_port() {
  static uint16_t next = static_cast<uint16_t>(20000 + getpid() % 20000);
  return next += 7;
}

/// Runs `work` as each rank of a group of processes, and expects all to end with 0. A rank's failed expectations and
/// exceptions end it with 1, and its messages are seen.
inline void expect_ranks(int64_t size, const std::function<void(parallel::Group&)>& work) {
  const uint16_t port = meeting_port();
  std::vector<pid_t> children;
  for (int64_t rank = 0; rank < size; ++rank) {
    const pid_t child = fork();
    if (child == 0) {
      at::set_num_threads(1);  // the parent's threads do not live here
      try {
        const auto group = parallel::join({.rank = rank,
                                           .size = size,
                                           .local_rank = rank,
                                           .local_size = size,
                                           .master_address = "127.0.0.1",
                                           .master_port = port});
        work(*group);
        group->finish();
      } catch (const std::exception& error) {
        ADD_FAILURE() << "rank " << rank << ": " << error.what();
      }
      std::fflush(nullptr);
      _exit(testing::Test::HasFailure() ? 1 : 0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0) << "a rank failed: see above";
  }
}

}  // namespace medvol::tests
