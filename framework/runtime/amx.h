#pragma once

namespace medvol::runtime {

/// What a program may do with the tiles of AMX, the bf16 matrix unit of Intel's Xeons since Sapphire Rapids.
enum class Amx {
  absent,  ///< no such processor
  whole,   ///< as the manual says: oneDNN uses it by itself
  hidden   ///< hidden in part by the virtual machine, and oneDNN is kept off it
};

/// Some virtual machines (Firecracker) grant AMX but hide CPUID's leaf 1D, which tells the size of its tiles:
/// oneDNN 3.10 then makes tiles of size 0 and dies with SIGILL at the first bf16 product. There this limits oneDNN to
/// AVX512-FP16, unless ONEDNN_MAX_CPU_ISA is set. To be called before oneDNN's first use, which reads that once;
/// `ExecutionContext::activate` and AutocastGuard do.
/// Answering CPUID in the processor's stead (arch_prctl ARCH_SET_CPUID) was tried: oneDNN then multiplies eight times
/// as fast, but bf16 passes of V-Net, the residual and the attention U-Net hold NaN or wrong numbers.
Amx prepare_amx();

}  // namespace medvol::runtime
