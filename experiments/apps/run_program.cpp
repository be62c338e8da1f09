#include "experiments/apps/run_program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "framework/core/error.h"

namespace medvol::apps {

int run_program(const std::vector<std::string>& words, const ProgramOutput& output) {
  return run_other_program("/proc/self/exe", words, output);
}

int run_other_program(const std::string& program, const std::vector<std::string>& words, const ProgramOutput& output) {
  std::vector<std::string> copies = words;
  std::vector<char*> pointers;
  for (std::string& word : copies) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  MEDVOL_CHECK(posix_spawn_file_actions_init(&actions) == 0, "no memory");
  for (const auto& [stream, file] : {std::pair{STDOUT_FILENO, output.standard}, {STDERR_FILENO, output.errors}})
    if (!file.empty())
      posix_spawn_file_actions_addopen(&actions, stream, file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t child = 0;
  const int failed = posix_spawnp(&child, program.c_str(), &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw core::UserError("cannot be started", program);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace medvol::apps
