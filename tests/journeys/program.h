#pragma once
#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace medvol::tests {

/// What a run of the program gave. `code` is its exit code, 128 + signal when a signal ended it.
struct Outcome {
  int code = 0;
  std::string output;  ///< standard output and standard error together
};

/// The built program, started in a folder of its own so that relative paths land there.
class Program {
 public:
  explicit Program(std::filesystem::path working_folder) : folder_(std::move(working_folder)) {}
  Outcome run(const std::vector<std::string>& arguments) const;
  /// Kills the program with SIGKILL after `seconds`, unless it ended before: then the outcome is its own.
  Outcome run_and_kill(const std::vector<std::string>& arguments, double seconds) const;
  /// Kills it as soon as the log of its run, `<run>/log.jsonl`, tells of step `step`.
  Outcome run_and_kill_at_step(const std::vector<std::string>& arguments, const std::string& run, int64_t step) const;
  /// Sends the signal once, then waits for the end.
  Outcome run_and_signal(const std::vector<std::string>& arguments, double seconds, int signal) const;

 private:
  pid_t start(const std::vector<std::string>& arguments, const std::filesystem::path& output) const;
  /// Sends `signal` as soon as `moment` says so; without a moment waits for the end.
  Outcome run_with(const std::vector<std::string>& arguments, const std::function<bool()>& moment, int signal) const;
  std::filesystem::path folder_;
};

/// Overrides of `medvol train` that make it small: a 32-voxel phantom, a two-stage U-Net, patches of 16.
std::vector<std::string> small_training(const std::string& run, const std::vector<std::string>& more = {});

/// Everything with a past in a run's last checkpoint, byte for byte; of Progress all but the clock.
std::map<std::string, std::string> state_of(const std::filesystem::path& run);

}  // namespace medvol::tests
