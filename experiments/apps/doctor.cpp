#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <torch/version.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "experiments/apps/commands.h"
#include "experiments/apps/configuration.h"
#include "experiments/apps/version.h"
#include "framework/core/units.h"
#include "framework/runtime/amx.h"
#include "framework/runtime/execution_context.h"
#include "framework/runtime/machine.h"

namespace medvol::apps {
namespace {

struct DoctorOptions {
  runtime::HardwareOptions hardware;
  std::filesystem::path folder = ".";

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("hardware", hardware, "as for training: what auto means here is said");
    visit("folder", folder, "where runs and prepared data are to lie");
  }
};

void line(const std::string& name, const std::string& value) { fmt::print("{:<18} {}\n", name, value); }

std::string first_line(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::string text;
  std::getline(stream, text);
  return text;
}

std::string memory_text() {
  return fmt::format("{} of {} free", core::bytes_text(runtime::memory_available()),
                     core::bytes_text(runtime::memory_total()));
}

void print_gpus() {
  const std::string driver = first_line("/proc/driver/nvidia/version");
  line("NVIDIA driver", driver.empty() ? "none" : driver);
  std::error_code absent;
  for (const auto& gpu : std::filesystem::directory_iterator("/proc/driver/nvidia/gpus", absent))
    line("GPU", first_line(gpu.path() / "information"));
  if (driver.empty()) return;
  // Only now: loading the CUDA libraries takes seconds and half a gigabyte.
  line("usable", fmt::format("{}", runtime::usable_gpus()));
}

std::vector<std::string> warnings(const DoctorOptions& options, const runtime::ExecutionContext& context) {
  std::vector<std::string> found;
  if (runtime::prepare_amx() == runtime::Amx::hidden)
    found.push_back(
        "this virtual machine grants AMX but hides what oneDNN must know of it: oneDNN is kept to AVX512-FP16, and "
        "bf16 is slower than float32 here");
  for (const char* name : {"OMP_NUM_THREADS", "MKL_NUM_THREADS"})
    if (std::getenv(name)) found.push_back(fmt::format("{} is set: hardware.compute_threads decides, not this", name));
  if (options.hardware.compute_threads > std::thread::hardware_concurrency())
    found.push_back("more compute threads than processors: they wait for each other");
  if (!first_line("/proc/driver/nvidia/version").empty() && !context.device.is_cuda())
    found.push_back(
        "there is an NVIDIA driver, but no GPU that LibTorch can use: is it older than CUDA 13.0 needs (580)?");
  struct statvfs disk {};
  if (statvfs(options.folder.c_str(), &disk) == 0) {
    const auto free = static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize;
    if (free < (uint64_t{10} << 30))
      found.push_back(fmt::format("{} left in {}: prepared data sets may need more", core::bytes_text(free),
                                  std::filesystem::absolute(options.folder).string()));
  }
  return found;
}

void run(const DoctorOptions& options) {
  const auto context = runtime::ExecutionContext::resolve(options.hardware, 0);
  utsname system{};
  uname(&system);
  line("medvol", fmt::format("{} ({})", program_version(), git_commit()));
  line("LibTorch", TORCH_VERSION);
  line("system", fmt::format("{} {}", system.sysname, system.release));
  line("processor", fmt::format("{}, {} threads", runtime::cpu_name(), std::thread::hardware_concurrency()));
  line("bf16 on it",
       runtime::cpu_has_fast_bf16() ? "in hardware" : "not in hardware, or not usable: slower than float32");
  line("memory", memory_text());
  print_gpus();
  line("trains on", fmt::format("{} in {}, {} compute threads", context.device_name, choice_name(context.precision),
                                context.compute_threads));
  const std::vector<std::string> found = warnings(options, context);
  if (found.empty()) fmt::print("\nnothing to warn of\n");
  for (const std::string& one : found) fmt::print("\nwarning: {}\n", one);
}

}  // namespace

int doctor(const Arguments& arguments) {
  const config::HelpPage page{
      "doctor",
      "What this machine has for training, what hardware=auto means on it, and what is known to "
      "go wrong on such a machine.",
      {"medvol doctor", "medvol doctor hardware.device=cuda folder=/data/runs"}};
  return run_command<DoctorOptions>(page, arguments, DoctorOptions{}, run);
}

}  // namespace medvol::apps
