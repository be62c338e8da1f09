#include "framework/parallel/device_backend.h"

#include <dlfcn.h>

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "framework/core/error.h"
#include "framework/runtime/machine.h"

namespace medvol::parallel {

NcclFactory* load_nccl_factory() {
  constexpr const char* file = "libmedvol_cuda.so";
  void* const library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    throw core::UserError(fmt::format("cannot be loaded ({})", dlerror()), file,
                          "it is built where LibTorch has CUDA and NCCL, and stands in lib/ beside bin/medvol");
  auto* factory = reinterpret_cast<NcclFactory*>(dlsym(library, "medvol_nccl_backend"));
  if (!factory) throw core::UserError("is of another version of medvol", file, "build the program and it together");
  return factory;
}

c10::intrusive_ptr<c10d::Backend> nccl_backend(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size) {
  if (runtime::usable_gpus() == 0)
    throw core::UserError("several processes on GPUs need one each, and no GPU is usable here", "hardware.device",
                          "use hardware.device=cpu; `medvol doctor` says what this machine has");
  return c10::intrusive_ptr<c10d::Backend>::reclaim((*load_nccl_factory())(store, rank, size));
}

}  // namespace medvol::parallel
