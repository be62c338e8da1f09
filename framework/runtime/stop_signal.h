#pragma once

namespace medvol::runtime {

/// While it lives, SIGINT and SIGTERM only set a flag, which long work reads at its safe points. A second signal of the
/// same kind ends the program at once, as the system would have.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  static bool requested();
};

}  // namespace medvol::runtime
