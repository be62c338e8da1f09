#pragma once
#include <ATen/Parallel.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>

namespace medvol::tests {

/// A second process, forked, that runs `work` and ends. For locks, kills and limits that one process cannot show.
class ChildProcess {
 public:
  /// Called in the child: passes text to the parent at once.
  using Say = std::function<void(const std::string&)>;

  /// The text that `work` returns, or what its exception says after "error: ", comes back through wait().
  explicit ChildProcess(const std::function<std::string(const Say&)>& work) {
    if (::pipe(pipe_) != 0 || (pid_ = ::fork()) < 0) throw std::runtime_error("cannot start a process");
    if (pid_ == 0) {
      at::set_num_threads(1);  // a team of threads that the parent has does not live here, but would be waited for
      Say say = [this](const std::string& text) {
        if (::write(pipe_[1], text.data(), text.size()) < 0) ::_exit(3);
      };
      std::string text;
      try {
        text = work(say);
      } catch (const std::exception& error) {
        text = std::string("error: ") + error.what();
      }
      say(text);
      ::_exit(0);
    }
    ::close(pipe_[1]);
  }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess() {
    if (pid_ > 0) kill();
    ::close(pipe_[0]);
  }

  pid_t pid() const { return pid_; }
  /// One character from the child, for taking turns; '\0' when it has ended.
  char hear() {
    char c = '\0';
    return ::read(pipe_[0], &c, 1) == 1 ? c : '\0';
  }
  /// SIGKILL, and waits until it is gone.
  void kill() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  /// The child's text, once it has ended.
  std::string wait() {
    std::string text;
    while (char c = hear()) text += c;
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
    return text;
  }

 private:
  int pipe_[2] = {-1, -1};
  pid_t pid_ = -1;
};

/// Lets this process write no file beyond `bytes`: write() fails as on a full disk. Only for a ChildProcess.
inline void limit_file_size(rlim_t bytes) {
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{bytes, bytes};
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

}  // namespace medvol::tests
