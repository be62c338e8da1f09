#include "tests/journeys/program.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "framework/storage/tensor_archive.h"
#include "tests/support/support.h"

namespace medvol::tests {

pid_t Program::start(const std::vector<std::string>& arguments, const std::filesystem::path& output) const {
  std::vector<std::string> words{MEDVOL_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const pid_t child = fork();
  if (child != 0) return child;
  const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (chdir(folder_.c_str()) != 0 || dup2(file, STDOUT_FILENO) < 0 || dup2(file, STDERR_FILENO) < 0) _exit(126);
  execv(pointers[0], pointers.data());
  _exit(127);
}

namespace {

std::function<bool()> after(double seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  return [end] { return std::chrono::steady_clock::now() >= end; };
}

}  // namespace

Outcome Program::run_with(const std::vector<std::string>& arguments, const std::function<bool()>& moment,
                          int signal) const {
  const std::filesystem::path output = folder_ / ".output";
  const pid_t child = start(arguments, output);
  int status = 0;
  if (moment) {
    while (!moment()) {
      if (waitpid(child, &status, WNOHANG) == child) return {WEXITSTATUS(status), read_file(output)};
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    kill(child, signal);
  }
  waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_file(output)};
}

Outcome Program::run(const std::vector<std::string>& arguments) const { return run_with(arguments, {}, 0); }
Outcome Program::run_and_kill(const std::vector<std::string>& arguments, double seconds) const {
  return run_with(arguments, after(seconds), SIGKILL);
}
Outcome Program::run_and_signal(const std::vector<std::string>& arguments, double seconds, int signal) const {
  return run_with(arguments, after(seconds), signal);
}
Outcome Program::run_and_kill_at_step(const std::vector<std::string>& arguments, const std::string& run,
                                      int64_t step) const {
  const std::filesystem::path log = folder_ / run / "log.jsonl";
  const std::string wanted = "\"step\":" + std::to_string(step);
  return run_with(
      arguments, [&] { return std::filesystem::exists(log) && read_file(log).find(wanted) != std::string::npos; },
      SIGKILL);
}

std::vector<std::string> small_training(const std::string& run, const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"train",
                                     "dataset=phantom",
                                     "dataset.root=phantom",
                                     "dataset.size=32",
                                     "dataset.cases=10",
                                     "dataset.test_cases=0",
                                     "prepare.folder=prepared",
                                     "plan.patch_size=[16,16,16]",
                                     "plan.batch_size=2",
                                     "network.features_per_stage=[4,8]",
                                     "hardware.device=cpu",
                                     "hardware.compute_threads=1",

                                     "trainer.max_epochs=null",
                                     "trainer.max_steps=30",
                                     "trainer.steps_per_epoch=10",
                                     "trainer.validate_every=1e",
                                     "trainer.validation_cases=1",
                                     "run.dir=" + run};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::map<std::string, std::string> state_of(const std::filesystem::path& run) {
  const storage::TensorArchive archive = storage::read_tensor_archive(run / "checkpoints" / "last.safetensors");
  std::map<std::string, std::string> state;
  for (const auto& [name, tensor] : archive.tensors)
    state[name] = std::string(static_cast<const char*>(tensor.contiguous().data_ptr()), tensor.nbytes());
  nlohmann::json progress = archive.metadata.at("progress");
  progress.erase("seconds");
  progress.erase("validated_seconds");
  state["progress"] = progress.dump();
  return state;
}

}  // namespace medvol::tests
