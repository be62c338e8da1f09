#pragma once
#include <c10/util/intrusive_ptr.h>

namespace c10d {
class Backend;
class Store;
}  // namespace c10d

namespace medvol::parallel {

/// Makes NCCL for one rank, which all ranks do together; c10::Error where there is no GPU. The caller owns what it
/// returns. libmedvol_cuda.so exports one as medvol_nccl_backend: what needs LibTorch's CUDA half stands there, for
/// linked to the program that half would cost each start 350 MB of memory.
using NcclFactory = c10d::Backend*(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size);

/// Loads libmedvol_cuda.so, from lib/ beside the program's bin/. Throws core::UserError where it is not.
NcclFactory* load_nccl_factory();

/// Throws core::UserError where no GPU is usable, or as load_nccl_factory().
c10::intrusive_ptr<c10d::Backend> nccl_backend(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size);

}  // namespace medvol::parallel
