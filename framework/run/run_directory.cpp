#include "framework/run/run_directory.h"

#include <array>
#include <chrono>
#include <cmath>

#include "framework/core/error.h"
#include "framework/storage/atomic_file.h"

namespace medvol::run {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kLockFile = ".lock";

std::array<fs::path, 4> own_folders(const RunPaths& paths) {
  return {paths.checkpoints(), paths.predictions(), paths.evaluation(), paths.export_folder()};
}

/// Something in the folder that create() did not make before it was interrupted.
std::optional<fs::path> foreign_entry(const RunPaths& paths) {
  for (const auto& entry : fs::directory_iterator(paths.root())) {
    std::string name = entry.path().filename().string();
    if (name == kLockFile || storage::is_temporary_name(name)) continue;
    bool own = entry.path() == paths.log();
    for (const fs::path& folder : own_folders(paths)) own = own || entry.path() == folder;
    if (own && fs::is_empty(entry.path())) continue;
    return entry.path();
  }
  return std::nullopt;
}

void require_free(const RunPaths& paths) {
  if (paths.holds_run())
    throw core::UserError("a run is here already", paths.root().string(),
                          "pass resume=true to go on with it, or choose another run.dir");
  if (std::optional<fs::path> entry = foreign_entry(paths))
    throw core::UserError(fmt::format("the folder is not empty: it holds '{}'", entry->filename().string()),
                          paths.root().string(), "choose a new or empty folder as run.dir");
}

/// Milliseconds are enough for a log.
double now() {
  using namespace std::chrono;
  return static_cast<double>(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count()) / 1000.0;
}

}  // namespace

bool RunPaths::holds_run() const {
  return fs::exists(config()) || fs::exists(identity()) || (fs::exists(log()) && !fs::is_empty(log()));
}

RunDirectory RunDirectory::create(const fs::path& path, bool resume) {
  MEDVOL_CHECK(!path.empty());
  storage::make_folder(path);
  RunPaths paths(fs::canonical(path));  // the working folder may change later
  storage::FileLock lock(paths.root() / kLockFile, path.string());
  bool resumed = paths.holds_run();
  if (!resume) require_free(paths);
  storage::remove_abandoned_temporaries(paths.root());
  for (const fs::path& folder : own_folders(paths)) storage::make_folder(folder);
  return RunDirectory(paths.root(), std::move(lock), resumed);
}

RunDirectory RunDirectory::follow(const fs::path& path) {
  const RunPaths paths(fs::absolute(path));
  return RunDirectory(paths.root(), std::nullopt, paths.holds_run());
}

RunDirectory::RunDirectory(const fs::path& path, std::optional<storage::FileLock> lock, bool resumed)
    : RunPaths(path), lock_(std::move(lock)), resumed_(resumed) {
  if (lock_) log_file_.emplace(log());
}

void RunDirectory::append(json record) {
  if (!log_file_) return;
  record["time"] = now();
  log_file_->append(record);
}

size_t RunDirectory::cut_log_after(int64_t step) {
  return keep_in_log([step](const json& record) {
    auto found = record.find("step");
    return found == record.end() || !found->is_number() || found->get<double>() <= static_cast<double>(step);
  });
}

size_t RunDirectory::keep_in_log(const std::function<bool(const json&)>& keep) {
  if (!log_file_) return 0;
  log_file_.reset();  // the file is replaced: the old descriptor would write into the void
  size_t removed = storage::truncate_json_lines(log(), keep);
  log_file_.emplace(log());
  return removed;
}

RunView open_run(const fs::path& path) {
  RunPaths paths(path);
  if (!fs::is_directory(path)) throw core::UserError("there is no such run directory", path.string(), "check the path");
  if (!paths.holds_run())
    throw core::UserError("this folder holds no run", path.string(),
                          "a run directory has config.yaml, identity.json and log.jsonl");
  RunView view{paths, "", {}, std::nullopt};
  if (fs::exists(paths.config())) view.config_text = storage::read_bytes(paths.config());
  if (fs::exists(paths.log())) view.log = storage::read_json_lines(paths.log());
  if (fs::exists(paths.identity())) view.identity = Identity::load(paths.identity());
  return view;
}

}  // namespace medvol::run
