#include "framework/parallel/launch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <map>
#include <optional>
#include <thread>

#include "framework/core/error.h"
#include "framework/core/logging.h"
#include "framework/runtime/stop_signal.h"

namespace medvol::parallel {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto grace = 20s;

/// A port that was free a moment ago.
uint16_t free_port() {
  const int handle = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  const bool bound = handle >= 0 && bind(handle, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
                     getsockname(handle, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  if (handle >= 0) close(handle);
  if (!bound) throw core::UserError("no free port for the processes to meet at", "127.0.0.1");
  return ntohs(address.sin_port);
}

/// What this process has, with the given variables in place of its own.
std::vector<std::string> environment_with(const std::map<std::string, std::string>& variables) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry; ++entry) {
    const std::string text = *entry;
    if (!variables.contains(text.substr(0, text.find('=')))) all.push_back(text);
  }
  for (const auto& [name, value] : variables) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

class Processes {
 public:
  Processes(const LaunchJob& job, bool again) {
    const uint16_t port = free_port();
    for (int64_t rank = 0; rank < job.processes; ++rank) {
      std::vector<std::string> words = job.words;
      if (again) words.insert(words.end(), job.on_restart.begin(), job.on_restart.end());
      const std::string size = std::to_string(job.processes), own = std::to_string(rank);
      std::vector<std::string> variables = environment_with({{"RANK", own},
                                                             {"WORLD_SIZE", size},
                                                             {"LOCAL_RANK", own},
                                                             {"LOCAL_WORLD_SIZE", size},
                                                             {"MASTER_ADDR", "127.0.0.1"},
                                                             {"MASTER_PORT", std::to_string(port)}});
      pid_t child = 0;
      if (posix_spawn(&child, job.program.c_str(), nullptr, nullptr, pointers(words).data(),
                      pointers(variables).data()) != 0) {
        end_all(SIGKILL);
        throw core::UserError("cannot be started", job.program);
      }
      ranks_[child] = rank;
    }
  }
  ~Processes() {
    end_all(SIGKILL);
    while (!ranks_.empty() && collect(0)) {
    }
  }
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;

  /// The exit code of the first that failed, else 0.
  int wait() {
    std::optional<Clock::time_point> deadline;
    bool told = false;
    while (!ranks_.empty()) {
      if (collect(WNOHANG)) continue;
      if (runtime::StopSignal::requested() && !told) {
        told = true;  // a terminal's Ctrl-C has reached them already, and a second one would end them at once
        if (!isatty(STDIN_FILENO)) end_all(SIGTERM);
      }
      if (failure_ != 0 && !deadline) deadline = Clock::now() + grace;
      if (deadline && Clock::now() > *deadline) end_all(SIGKILL);
      std::this_thread::sleep_for(10ms);
    }
    return failure_;
  }

 private:
  void end_all(int signal) {
    for (const auto& [child, rank] : ranks_) kill(child, signal);
  }
  /// Whether one has ended.
  bool collect(int flags) {
    int status = 0;
    const pid_t child = waitpid(-1, &status, flags);
    if (child < 0 && errno == ECHILD) ranks_.clear();
    const auto found = ranks_.find(child);
    if (child <= 0 || found == ranks_.end()) return false;
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (code != 0 && failure_ == 0) {
      failure_ = code;
      if (WIFSIGNALED(status))
        core::log_warning("rank {} (process {}) was ended by signal {}; the others stop", found->second, child,
                          WTERMSIG(status));
    }
    ranks_.erase(found);
    return true;
  }

  std::map<pid_t, int64_t> ranks_;
  int failure_ = 0;
};

constexpr int interrupted = 130;

}  // namespace

int launch(const LaunchJob& job) {
  const runtime::StopSignal signals;
  for (int64_t attempt = 0;; ++attempt) {
    const int code = Processes(job, attempt > 0).wait();
    if (code == 0 || code == interrupted || runtime::StopSignal::requested() || attempt == job.max_restarts)
      return code;
    core::log_warning("start {} of at most {} follows", attempt + 2, job.max_restarts + 1);
  }
}

}  // namespace medvol::parallel
