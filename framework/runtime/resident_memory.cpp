#include "framework/runtime/resident_memory.h"

#include <fstream>
#include <string>

#include "framework/core/error.h"

namespace medvol::runtime {
namespace {

double resident(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind(key + ":", 0) == 0) return std::stod(line.substr(key.size() + 1)) * 1024;
  throw core::UserError("cannot be read", "/proc/self/status");
}

}  // namespace

double resident_memory() { return resident("VmRSS"); }
double most_resident_memory() { return resident("VmHWM"); }

}  // namespace medvol::runtime
