#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "framework/run/identity.h"
#include "framework/storage/file_lock.h"
#include "framework/storage/json_lines.h"

namespace medvol::run {

/// Where things lie in a run directory: the contract between trainers, who write it, and reports, who read it.
class RunPaths {
 public:
  explicit RunPaths(std::filesystem::path root) : root_(std::move(root)) {}
  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path config() const { return root_ / "config.yaml"; }        ///< resolved configuration
  std::filesystem::path overrides() const { return root_ / "overrides.yaml"; }  ///< as given on the command line
  std::filesystem::path identity() const { return root_ / "identity.json"; }
  std::filesystem::path outcome() const { return root_ / "outcome.json"; }  ///< of a finished run
  std::filesystem::path log() const { return root_ / "log.jsonl"; }
  std::filesystem::path curves_png() const { return root_ / "curves.png"; }
  std::filesystem::path curves_svg() const { return root_ / "curves.svg"; }
  std::filesystem::path checkpoints() const { return root_ / "checkpoints"; }  ///< folder
  std::filesystem::path predictions() const { return root_ / "predictions"; }  ///< folder
  std::filesystem::path evaluation() const { return root_ / "evaluation"; }    ///< folder
  std::filesystem::path export_folder() const { return root_ / "export"; }     ///< folder

  /// Whether a run was begun here: its configuration, identity or a line of its log is there.
  bool holds_run() const;

 private:
  std::filesystem::path root_;
};

/// A run directory being written, by this process alone (flock on `.lock`).
class RunDirectory : public RunPaths {
 public:
  /// Makes the folder and its sub-folders. UserError when
  /// - another process is writing here ("another medvol process (pid N) ...");
  /// - it holds a run and `resume` is false (pass resume=true, or choose another run.dir);
  /// - it holds files that are no run's, and `resume` is false.
  /// With `resume`, a folder that is missing or empty begins anew: the same command line can be given again and again.
  static RunDirectory create(const std::filesystem::path& path, bool resume);
  /// The same folder for a process that works with the one that writes it: takes no lock, and what it appends or cuts
  /// goes nowhere.
  static RunDirectory follow(const std::filesystem::path& path);

  /// Whether create() found a run to continue.
  bool resumed() const { return resumed_; }
  /// Adds one record to the log, with "time" in seconds since 1970.
  void append(nlohmann::json record);
  /// Makes the log so far survive a power failure: before a checkpoint that counts on it.
  void sync_log() {
    if (log_file_) log_file_->sync();
  }
  /// On resume: removes from the log the records whose "step" is beyond the checkpoint's. Records without step stay.
  /// Returns the number removed.
  size_t cut_log_after(int64_t step);
  /// As cut_log_after, for any rule.
  size_t keep_in_log(const std::function<bool(const nlohmann::json&)>& keep);

 private:
  RunDirectory(const std::filesystem::path& path, std::optional<storage::FileLock> lock, bool resumed);

  std::optional<storage::FileLock> lock_;       ///< of who writes
  std::optional<storage::JsonLines> log_file_;  ///< likewise
  bool resumed_;
};

/// A run as reports see it. Also of one still being written.
struct RunView {
  RunPaths paths;
  std::string config_text;           ///< config.yaml; empty when absent
  std::vector<nlohmann::json> log;   ///< empty when absent
  std::optional<Identity> identity;  ///< nullopt when absent
};

/// UserError when there is no run, or its files are damaged. Writes nothing and takes no lock.
RunView open_run(const std::filesystem::path& path);

}  // namespace medvol::run
