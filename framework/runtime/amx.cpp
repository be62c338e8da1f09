#include "framework/runtime/amx.h"

#if defined(__x86_64__)
#include <asm/prctl.h>
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdlib>

#include <ATen/Parallel.h>
#include <ATen/ops/conv3d.h>
#include <ATen/ops/ones.h>
#include <c10/core/InferenceMode.h>
#endif

namespace medvol::runtime {
#if defined(__x86_64__)
namespace {

struct Cpuid {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Cpuid cpuid(unsigned leaf, unsigned part) {
  Cpuid answer;
  __cpuid_count(leaf, part, answer.eax, answer.ebx, answer.ecx, answer.edx);
  return answer;
}

constexpr unsigned tile_leaf = 0x1d;

bool has_amx() { return cpuid(0, 0).eax >= 7 && (cpuid(7, 0).edx >> 22 & 1) != 0 && (cpuid(7, 0).edx >> 24 & 1) != 0; }
bool tells_tiles() { return cpuid(0, 0).eax >= tile_leaf && cpuid(tile_leaf, 0).eax > 0; }

/// Palette 1: 8 tiles of 1 KiB, 16 rows of 64 bytes.
Cpuid palette_one(unsigned part) {
  if (part == 0) return {1, 0, 0, 0};
  if (part == 1) return {8u * 1024 | 1024u << 16, 64u | 8u << 16, 16, 0};
  return {};
}

/// A product of two tiles of ones in a process of its own, which may die of it.
__attribute__((target("amx-tile,amx-bf16"))) [[noreturn]] void multiply_tiles() {
  constexpr int request_permission = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  if (syscall(SYS_arch_prctl, request_permission, tile_data) != 0) _exit(1);
  alignas(64) uint8_t layout[64] = {1};
  for (int tile = 0; tile < 3; ++tile) {
    layout[16 + 2 * tile] = 64;
    layout[48 + tile] = 16;
  }
  alignas(64) uint16_t ones[16 * 32];
  alignas(64) float sums[16 * 16] = {};
  std::fill(std::begin(ones), std::end(ones), uint16_t{0x3f80});
  _tile_loadconfig(layout);
  _tile_zero(0);
  _tile_loadd(1, ones, 64);
  _tile_loadd(2, ones, 64);
  _tile_dpbf16ps(0, 1, 2);
  _tile_stored(0, sums, 64);
  _tile_release();
  _exit(std::all_of(std::begin(sums), std::end(sums), [](float sum) { return sum == 32; }) ? 0 : 1);
}

bool tiles_work() {
  const pid_t child = fork();
  if (child < 0) return false;
  if (child == 0) {
    std::signal(SIGILL, SIG_DFL);
    std::signal(SIGSEGV, SIG_DFL);
    multiply_tiles();
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool let_cpuid_fault(bool fault) { return syscall(SYS_arch_prctl, ARCH_SET_CPUID, fault ? 0 : 1) == 0; }

struct sigaction before_answering;
volatile std::sig_atomic_t tiles_asked_for = 0;

/// Carries out the CPUID that faulted, leaf 1D apart, and steps over it.
void answer_cpuid(int, siginfo_t*, void* where) {
  auto& registers = static_cast<ucontext_t*>(where)->uc_mcontext.gregs;
  const auto* instruction = reinterpret_cast<const uint8_t*>(registers[REG_RIP]);
  let_cpuid_fault(false);
  if (instruction[0] != 0x0f || instruction[1] != 0xa2) {  // another fault: it comes again, and finds its own handler
    sigaction(SIGSEGV, &before_answering, nullptr);
    return;
  }
  const auto leaf = static_cast<unsigned>(registers[REG_RAX]), part = static_cast<unsigned>(registers[REG_RCX]);
  const Cpuid answer = leaf == tile_leaf ? palette_one(part) : cpuid(leaf, part);
  if (leaf == tile_leaf) tiles_asked_for = tiles_asked_for + 1;
  registers[REG_RAX] = answer.eax;
  registers[REG_RBX] = answer.ebx;
  registers[REG_RCX] = answer.ecx;
  registers[REG_RDX] = answer.edx;
  registers[REG_RIP] += 2;
  let_cpuid_fault(true);
}

/// Lets oneDNN ask for the tiles and answers it. False where CPUID cannot be made to fault or oneDNN did not ask.
bool tell_onednn() {
  const c10::InferenceMode inference;
  const at::Tensor image = at::ones({1, 16, 8, 8, 8}, at::kBFloat16),
                   weight = at::ones({16, 16, 3, 3, 3}, at::kBFloat16);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);  // a thread born meanwhile would inherit the faults
  struct sigaction answering {};
  answering.sa_sigaction = answer_cpuid;
  answering.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &answering, &before_answering);
  const bool can = let_cpuid_fault(true);
  if (can) {
    at::conv3d(image, weight);
    let_cpuid_fault(false);
  }
  sigaction(SIGSEGV, &before_answering, nullptr);
  at::set_num_threads(threads);
  return can && tiles_asked_for > 0;
}

Amx prepare() {
  if (!has_amx()) return Amx::absent;
  if (tells_tiles()) return Amx::whole;
  if (std::getenv("ONEDNN_MAX_CPU_ISA") != nullptr) return Amx::hidden;
  if (let_cpuid_fault(true) && let_cpuid_fault(false) && tiles_work() && tell_onednn()) return Amx::told;
  setenv("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_FP16", /*overwrite=*/0);
  return Amx::hidden;
}

}  // namespace

Amx prepare_amx() {
  static const Amx amx = prepare();
  return amx;
}
#else
Amx prepare_amx() { return Amx::absent; }
#endif

}  // namespace medvol::runtime
