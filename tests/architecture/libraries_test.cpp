// What the program loads at start: every library costs time and memory, and some cost much of both.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>

namespace medvol::architecture {
namespace {

/// The libraries that the dynamic linker would load for the program, those of its libraries included, a line each.
std::string loaded_libraries() {
  std::string lines;
  FILE* pipe = popen("LD_TRACE_LOADED_OBJECTS=1 '" MEDVOL_PROGRAM "'", "r");
  std::array<char, 4096> part;
  while (pipe && fgets(part.data(), part.size(), pipe)) lines += part.data();
  if (pipe) pclose(pipe);
  return lines;
}

TEST(Libraries, TheProgramLoadsNoneThatFewCommandsNeed) {
  const std::string loaded = loaded_libraries();
  ASSERT_NE(loaded.find("libtorch_cpu.so"), std::string::npos) << loaded;
  // LibTorch's CUDA half: 350 MB of memory; loaded when the device is a GPU (libcudart is libtorch_cpu's own wish).
  // OpenCV's codecs: 139 libraries.
  for (const char* name : {"libtorch_cuda", "libc10_cuda", "libmedvol_cuda", "libvtk", "libCGAL", "libxgboost",
                           "libopencv_ml", "libopencv_imgcodecs", "libpython"})
    EXPECT_EQ(loaded.find(name), std::string::npos) << "the program is linked to " << name;
}

}  // namespace
}  // namespace medvol::architecture
