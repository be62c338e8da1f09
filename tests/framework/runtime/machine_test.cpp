#include "framework/runtime/machine.h"

#include <gtest/gtest.h>

#include <vector>

namespace medvol::runtime {
namespace {

TEST(ResidentMemory, GrowsByWhatIsTouchedAndThePeakStays) {
  constexpr size_t bytes = size_t{256} << 20;
  const double before = resident_memory();
  {
    const std::vector<char> touched(bytes, 1);
    EXPECT_EQ(touched[bytes / 2], 1);
    EXPECT_GT(resident_memory(), before + 0.9 * double(bytes));
  }
  EXPECT_GT(most_resident_memory(), before + 0.9 * double(bytes));
  EXPECT_LT(resident_memory(), before + 0.5 * double(bytes));
}

}  // namespace
}  // namespace medvol::runtime
