#pragma once

namespace medvol::runtime {

/// What a program may do with the tiles of AMX, the bf16 matrix unit of Intel's Xeons since Sapphire Rapids.
enum class Amx {
  absent,  ///< no such processor
  whole,   ///< as the manual says: oneDNN uses it by itself
  told,    ///< hidden in part by the virtual machine, but it works, and oneDNN has been told so
  hidden   ///< hidden in part, and oneDNN is kept off it
};

/// Some virtual machines (Firecracker) grant AMX but hide CPUID's leaf 1D, which tells the size of its tiles:
/// oneDNN 3.10 then makes tiles of size 0 and dies with SIGILL at the first bf16 product. Where a product of tiles
/// comes out right nonetheless, the first call answers oneDNN's question in the processor's stead: for the length of
/// one small convolution CPUID faults in this thread (arch_prctl ARCH_SET_CPUID), and leaf 1D is answered with the
/// tiles of palette 1 (Intel's Software Developer's Manual, volume 1, section 18.2); oneDNN asks once and remembers.
/// Where that cannot be done, oneDNN is limited to AVX512-FP16. A set ONEDNN_MAX_CPU_ISA is left as it is, and decides.
/// To be called before oneDNN's first bf16 product; `ExecutionContext::activate` and AutocastGuard do.
Amx prepare_amx();

}  // namespace medvol::runtime
