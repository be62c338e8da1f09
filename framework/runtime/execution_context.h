#pragma once
#include <ATen/core/Generator.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <string>

#include "framework/config/fields.h"
#include "framework/runtime/philox.h"

namespace medvol::runtime {

/// Arithmetic of the forward pass. `automatic`: bf16 on CUDA and on CPUs with AVX512-BF16 or AMX, else float32.
enum class Precision { automatic, float32, bf16 };
config::EnumNames<Precision> enum_names(Precision);

/// Order of a training batch in memory: NCDHW, or NDHWC, in which convolutions need no reordering. `automatic`:
/// channels-last on CPUs, where it is measured faster, contiguous on CUDA, where nobody has measured.
enum class MemoryFormat { automatic, contiguous, channels_last };
config::EnumNames<MemoryFormat> enum_names(MemoryFormat);

/// `hardware:` of a configuration.
struct HardwareOptions {
  std::string device = "auto";
  Precision precision = Precision::automatic;
  MemoryFormat memory_format = MemoryFormat::automatic;
  bool autotune = false;
  int64_t compute_threads = 0;
  bool shard_optimizer = false, compress_gradients = false;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("device", device, "where networks run: auto (CUDA when there is one), cpu, cuda or cuda:N");
    visit("precision", precision, "auto, float32 or bf16; auto: bf16 on CUDA and on CPUs with AVX512-BF16 or AMX");
    visit("memory_format", memory_format,
          "order of a training batch in memory: contiguous, channels_last, or auto: channels_last on the CPU");
    visit("autotune", autotune,
          "try memory formats, and precisions where that is auto, for some seconds before training and take the "
          "fastest; a run records the choice and a resume takes it again, but another run of the same seed may choose "
          "otherwise");
    visit(
        "compute_threads", compute_threads,
        "threads of LibTorch's kernels; 0: one a core. Results repeat bit for bit at the same number, so a run records "
        "it and a resume restores it",
        config::at_least(0));
    visit("shard_optimizer", shard_optimizer,
          "of several processes: each keeps the optimiser's past of its part of the parameters only (ZeRO stage 1)");
    visit("compress_gradients", compress_gradients,
          "of several processes: gradients are sent in bf16, half the bytes, rounded");
  }
};

/// Where and how a program computes. Passed explicitly: nothing random or threaded is a process global, save LibTorch's
/// kernel thread count, which `activate` sets once.
struct ExecutionContext {
  c10::Device device = c10::Device(c10::kCPU);
  Precision precision = Precision::float32;               ///< never `automatic`
  MemoryFormat memory_format = MemoryFormat::contiguous;  ///< never `automatic`
  uint64_t seed = 0;
  int64_t compute_threads = 1;
  bool shard_optimizer = false, compress_gradients = false;  ///< see HardwareOptions
  std::string device_name;                                   ///< "AMD EPYC …", "NVIDIA H200"

  /// Resolves `auto`s; throws core::UserError for a device that is not there.
  static ExecutionContext resolve(const HardwareOptions& options, uint64_t seed);
  /// Sets LibTorch's thread count, flushes denormals, gives it faster kernels, and sees to AMX
  /// (runtime::prepare_amx).
  void activate() const;
  /// A batch [N, C, …] in the context's memory format.
  at::Tensor laid_out(const at::Tensor& batch) const;
  /// A LibTorch generator on the CPU whose seed is a function of (seed, purpose, index).
  at::Generator generator(Purpose purpose, uint64_t index = 0) const;
};

/// Whether this CPU multiplies bf16 in hardware, and faster than float32: not where oneDNN is kept off AMX (a step of
/// experiment hippocampus took 0.82 s in bf16 and 0.61 s in float32 on 2 cores of such a Xeon).
bool cpu_has_fast_bf16();
/// Model name from /proc/cpuinfo.
std::string cpu_name();

/// While it lives, forward passes of this thread autocast to bf16 when the context says so.
class AutocastGuard {
 public:
  explicit AutocastGuard(const ExecutionContext& context);
  ~AutocastGuard();
  AutocastGuard(const AutocastGuard&) = delete;
  AutocastGuard& operator=(const AutocastGuard&) = delete;

 private:
  c10::DeviceType type_;
  bool active_, before_;
};

/// While it lives, what AutocastGuards of this thread round to bf16 of the weights is kept from one to the next. The
/// weights must not change meanwhile.
class AutocastCache {
 public:
  AutocastCache();
  ~AutocastCache();
  AutocastCache(const AutocastCache&) = delete;
  AutocastCache& operator=(const AutocastCache&) = delete;
};

}  // namespace medvol::runtime
