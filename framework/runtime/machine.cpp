#include "framework/runtime/machine.h"

#include <dlfcn.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <ATen/Context.h>

namespace medvol::runtime {
namespace {

/// "MemTotal:       24589420 kB"
uint64_t meminfo(const std::string& key) {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(key + ":")) return std::stoull(line.substr(key.size() + 1)) * 1024;
  return 0;
}

}  // namespace

bool has_nvidia_driver() { return std::filesystem::exists("/dev/nvidiactl"); }

int64_t usable_gpus() {
  static const bool loaded = dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) != nullptr;
  return loaded && at::globalContext().hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0;
}

uint64_t memory_total() { return meminfo("MemTotal"); }
uint64_t memory_available() { return meminfo("MemAvailable"); }

}  // namespace medvol::runtime
