#include <dlfcn.h>
#include <gmock/gmock.h>

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "framework/core/error.h"
#include "framework/parallel/device_backend.h"
#include "framework/runtime/machine.h"

namespace medvol::parallel {
namespace {

using testing::HasSubstr;

TEST(Nccl, ItsLibraryIsLoadedOnlyWhenItIsAskedFor) {
  EXPECT_EQ(dlopen("libmedvol_cuda.so", RTLD_NOW | RTLD_NOLOAD), nullptr);
  try {
    EXPECT_NE(load_nccl_factory(), nullptr);
  } catch (const core::UserError& error) {
    GTEST_SKIP() << error.what();  // LibTorch without CUDA
  }
  EXPECT_NE(dlopen("libmedvol_cuda.so", RTLD_NOW | RTLD_NOLOAD), nullptr);
}

TEST(Nccl, WithoutAGpuItIsRefusedInOneLine) {
  if (runtime::usable_gpus() > 0) GTEST_SKIP() << "there is a GPU here";
  try {
    nccl_backend({}, 0, 2);
    FAIL() << "nothing was refused";
  } catch (const core::UserError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("no GPU is usable here"), HasSubstr("hardware.device=cpu")));
    EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
  }
}

}  // namespace
}  // namespace medvol::parallel
