#pragma once
#include <cstdint>
#include <vector>

namespace medvol::parallel {

/// What lies between the ranks, as a ring sees it.
struct Link {
  double latency = 0;    ///< seconds that one of the ring's exchanges takes whatever is sent
  double bandwidth = 1;  ///< bytes a second that a rank sends, while as many come in
};

/// Seconds of a sum of `bytes` over a ring of ranks: 2(N−1) exchanges of bytes/N each (Patarasuk and Yuan, J. Parallel
/// Distrib. Comput. 69, 2009), which Gloo's and NCCL's rings are. 0 for one rank.
double ring_seconds(const Link& link, int64_t ranks, double bytes);

/// How long a sum of so many bytes took.
struct SumTime {
  double bytes = 0, seconds = 0;
};

/// The link that explains measured sums of `ranks` ranks best: least squares of the relative deviations, with neither
/// latency nor time a byte below zero. Wants two sizes or more, and ranks.
Link fit_link(int64_t ranks, const std::vector<SumTime>& measured);

/// A sum that a step asks for, on the clock of a step in which sums take no time: seconds from its beginning.
struct SumRequest {
  double bytes = 0;
  double start = 0;  ///< the numbers are there
  double wait = 0;   ///< the step needs the result before it goes on
};

struct StepTime {
  double step = 0;           ///< seconds of it all
  double communication = 0;  ///< seconds that sums were under way
  double waited = 0;         ///< seconds of those in which the step stood still
  /// Share of the communication that went on behind computation; 1 where there was none.
  double hidden() const { return communication > 0 ? 1 - waited / communication : 1; }
};

/// A step of `ranks` ranks that computes for `compute` seconds. Sums go over the link one after another in the order
/// in which they are started, at the link's full speed, and cost the computation nothing.
StepTime predict_step(double compute, const std::vector<SumRequest>& sums, const Link& link, int64_t ranks);

}  // namespace medvol::parallel
