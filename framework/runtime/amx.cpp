#include "framework/runtime/amx.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <cstdlib>

namespace medvol::runtime {
namespace {

Amx found() {
#if defined(__x86_64__)
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  const bool amx = __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (edx >> 24 & 1) != 0;
  if (!amx) return Amx::absent;
  return __get_cpuid_count(0x1d, 0, &eax, &ebx, &ecx, &edx) && eax > 0 ? Amx::whole : Amx::hidden;
#else
  return Amx::absent;
#endif
}

}  // namespace

Amx prepare_amx() {
  static const Amx amx = [] {
    const Amx here = found();
    if (here == Amx::hidden) setenv("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_FP16", /*overwrite=*/0);
    return here;
  }();
  return amx;
}

}  // namespace medvol::runtime
