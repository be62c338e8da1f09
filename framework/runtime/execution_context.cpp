#include "framework/runtime/execution_context.h"

#include <fstream>
#include <thread>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/ops/empty.h>

#include "framework/core/error.h"
#include "framework/runtime/amx.h"
#include "framework/runtime/instance_norm.h"
#include "framework/runtime/machine.h"
#include "framework/runtime/small_convolution.h"

namespace medvol::runtime {
namespace {

std::string cpuinfo(const std::string& key) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.rfind(key, 0) == 0)
      if (const size_t colon = line.find(':'); colon + 2 < line.size()) return line.substr(colon + 2);
  return "";
}

}  // namespace

config::EnumNames<Precision> enum_names(Precision) {
  return {{"auto", Precision::automatic}, {"float32", Precision::float32}, {"bf16", Precision::bf16}};
}

config::EnumNames<MemoryFormat> enum_names(MemoryFormat) {
  return {{"auto", MemoryFormat::automatic},
          {"contiguous", MemoryFormat::contiguous},
          {"channels_last", MemoryFormat::channels_last}};
}

bool cpu_has_fast_bf16() {
  const std::string flags = " " + cpuinfo("flags") + " ";
  return prepare_amx() != Amx::hidden &&
         (flags.find(" avx512_bf16 ") != std::string::npos || flags.find(" amx_bf16 ") != std::string::npos);
}

std::string cpu_name() {
  const std::string name = cpuinfo("model name");
  return name.empty() ? "unknown CPU" : name;
}

ExecutionContext ExecutionContext::resolve(const HardwareOptions& options, uint64_t seed) {
  ExecutionContext context;
  context.seed = seed;
  const std::string hint = "hardware.device is auto, cpu, cuda or cuda:N";
  if (options.device == "auto") {
    if (has_nvidia_driver() && usable_gpus() > 0) context.device = c10::Device(c10::kCUDA, 0);
  } else {
    try {
      context.device = c10::Device(options.device);
    } catch (const c10::Error&) {
      throw core::UserError("'" + options.device + "' is not a device", "hardware.device", hint);
    }
    if (context.device.is_cuda()) {
      if (usable_gpus() == 0)
        throw core::UserError("no CUDA device is usable here", "hardware.device=" + options.device, hint);
      if (!context.device.has_index()) context.device.set_index(0);
      if (context.device.index() >= usable_gpus())
        throw core::UserError(fmt::format("{} GPUs are usable here, counted from 0", usable_gpus()),
                              "hardware.device=" + context.device.str(),
                              "of several processes of a machine each has a GPU of its own: start as many");
    } else if (!context.device.is_cpu()) {
      throw core::UserError("'" + options.device + "' is not supported", "hardware.device", hint);
    }
  }
  context.precision = options.precision;
  if (context.precision == Precision::automatic)
    context.precision = context.device.is_cuda() || cpu_has_fast_bf16() ? Precision::bf16 : Precision::float32;
  context.memory_format = options.memory_format;
  if (context.memory_format == MemoryFormat::automatic)
    context.memory_format = context.device.is_cpu() ? MemoryFormat::channels_last : MemoryFormat::contiguous;
  context.compute_threads =
      options.compute_threads > 0 ? options.compute_threads : std::max(1u, std::thread::hardware_concurrency());
  context.shard_optimizer = options.shard_optimizer;
  context.compress_gradients = options.compress_gradients;
  context.device_name = context.device.is_cuda() ? context.device.str() : cpu_name();
  return context;
}

void ExecutionContext::activate() const {
  prepare_amx();
  at::set_num_threads(static_cast<int>(compute_threads));
  at::globalContext().setFlushDenormal(true);
  use_fast_instance_norm();
  use_onednn_for_small_images();
}

at::Tensor ExecutionContext::laid_out(const at::Tensor& batch) const {
  if (memory_format != MemoryFormat::channels_last || batch.dim() < 4) return batch.contiguous();
  const auto format = batch.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::ChannelsLast3d;
  // Not contiguous(format), which leaves the strides of one channel as they are: networks read the order off them.
  return at::empty(batch.sizes(), batch.options(), format).copy_(batch);
}

at::Generator ExecutionContext::generator(Purpose purpose, uint64_t index) const {
  return at::make_generator<at::CPUGeneratorImpl>(Philox(seed, purpose, index).next_u64());
}

AutocastGuard::AutocastGuard(const ExecutionContext& context)
    : type_(context.device.type()), active_(context.precision == Precision::bf16), before_(false) {
  if (!active_) return;
  prepare_amx();
  before_ = at::autocast::is_autocast_enabled(type_);
  at::autocast::set_autocast_enabled(type_, true);
  at::autocast::set_autocast_dtype(type_, at::kBFloat16);
  at::autocast::increment_nesting();
}

AutocastCache::AutocastCache() { at::autocast::increment_nesting(); }

AutocastCache::~AutocastCache() {
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
}

AutocastGuard::~AutocastGuard() {
  if (!active_) return;
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(type_, before_);
}

}  // namespace medvol::runtime
