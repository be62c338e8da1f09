#include "framework/runtime/machine.h"

#include <dlfcn.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <ATen/Context.h>

#include "framework/core/error.h"

namespace medvol::runtime {
namespace {

/// In bytes, of a line such as "MemTotal:       24589420 kB".
uint64_t memory_of(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(key + ":")) return std::stoull(line.substr(key.size() + 1)) * 1024;
  throw core::UserError("does not tell " + key, path);
}

}  // namespace

bool has_nvidia_driver() { return std::filesystem::exists("/dev/nvidiactl"); }

int64_t usable_gpus() {
  static const bool loaded = dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) != nullptr;
  return loaded && at::globalContext().hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0;
}

uint64_t memory_total() { return memory_of("/proc/meminfo", "MemTotal"); }
uint64_t memory_available() { return memory_of("/proc/meminfo", "MemAvailable"); }
double resident_memory() { return static_cast<double>(memory_of("/proc/self/status", "VmRSS")); }
double most_resident_memory() { return static_cast<double>(memory_of("/proc/self/status", "VmHWM")); }

}  // namespace medvol::runtime
