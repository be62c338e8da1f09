#include "framework/parallel/rank_hardware.h"

#include <gtest/gtest.h>

#include <thread>

namespace medvol::parallel {
namespace {

TEST(RankHardware, CoresAndGpusAreShared) {
  const auto cores = static_cast<int64_t>(std::max(1u, std::thread::hardware_concurrency()));
  const Environment second{.rank = 3, .size = 4, .local_rank = 1, .local_size = 2, .master_address = ""};
  EXPECT_EQ(rank_hardware({.device = "cuda"}, second).device, "cuda:1");
  EXPECT_EQ(rank_hardware({.device = "cuda:0"}, second).device, "cuda:0");
  EXPECT_EQ(rank_hardware({.device = "cpu"}, second).device, "cpu");
  EXPECT_EQ(rank_hardware({}, second).compute_threads, std::max<int64_t>(1, cores / 2));
  EXPECT_EQ(rank_hardware({.compute_threads = 7}, second).compute_threads, 7);
  const Environment crowded{.rank = 0, .size = 4096, .local_rank = 0, .local_size = 4096, .master_address = ""};
  EXPECT_EQ(rank_hardware({}, crowded).compute_threads, 1);
}

TEST(RankHardware, AProcessAloneKeepsWhatIsSaid) {
  EXPECT_EQ(rank_hardware({}, {}).device, "auto");
  EXPECT_EQ(rank_hardware({}, {}).compute_threads, 0);
  EXPECT_EQ(rank_hardware({.device = "cuda"}, {}).device, "cuda");
}

}  // namespace
}  // namespace medvol::parallel
