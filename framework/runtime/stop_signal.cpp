#include "framework/runtime/stop_signal.h"

#include <csignal>

namespace medvol::runtime {
namespace {

volatile std::sig_atomic_t stop_requested = 0;

void remember(int signal) {
  if (stop_requested) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
  stop_requested = 1;
}

}  // namespace

StopSignal::StopSignal() {
  stop_requested = 0;
  std::signal(SIGINT, remember);
  std::signal(SIGTERM, remember);
}

StopSignal::~StopSignal() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool StopSignal::requested() { return stop_requested != 0; }

}  // namespace medvol::runtime
