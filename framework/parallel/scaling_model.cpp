#include "framework/parallel/scaling_model.h"

#include <algorithm>
#include <limits>

#include "framework/core/error.h"

namespace medvol::parallel {

double ring_seconds(const Link& link, int64_t ranks, double bytes) {
  const auto n = static_cast<double>(ranks);
  return 2 * (n - 1) * (link.latency + bytes / (n * link.bandwidth));
}

Link fit_link(int64_t ranks, const std::vector<SumTime>& measured) {
  MEDVOL_CHECK(ranks > 1 && measured.size() > 1, "{} ranks, {} sizes", ranks, measured.size());
  const auto n = static_cast<double>(ranks);
  // seconds = latency · exchanges + pace · travelled, every row divided by its seconds.
  double aa = 0, ab = 0, bb = 0, a1 = 0, b1 = 0;
  for (const SumTime& one : measured) {
    const double a = 2 * (n - 1) / one.seconds, b = 2 * (n - 1) / n * one.bytes / one.seconds;
    aa += a * a, ab += a * b, bb += b * b, a1 += a, b1 += b;
  }
  const double determinant = aa * bb - ab * ab;
  double latency = determinant > 0 ? (a1 * bb - b1 * ab) / determinant : 0;
  double pace = determinant > 0 ? (b1 * aa - a1 * ab) / determinant : b1 / bb;
  if (latency < 0) latency = 0, pace = b1 / bb;
  if (pace < 0) latency = a1 / aa, pace = 0;
  return {latency, pace > 0 ? 1 / pace : std::numeric_limits<double>::infinity()};
}

StepTime predict_step(double compute, const std::vector<SumRequest>& sums, const Link& link, int64_t ranks) {
  // Starts and waits as they come, a start before the wait of the same moment.
  struct Event {
    double time;
    bool is_wait;
    size_t sum;
  };
  std::vector<Event> events;
  for (size_t i = 0; i < sums.size(); ++i) {
    events.push_back({sums[i].start, false, i});
    events.push_back({sums[i].wait, true, i});
  }
  std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.time < b.time; });
  StepTime result;
  double link_is_free = 0;
  std::vector<double> done(sums.size());
  for (const Event& event : events) {
    const double now = event.time + result.waited;
    if (event.is_wait) {
      result.waited += std::max(0.0, done[event.sum] - now);
      continue;
    }
    const double takes = ring_seconds(link, ranks, sums[event.sum].bytes);
    link_is_free = done[event.sum] = std::max(now, link_is_free) + takes;
    result.communication += takes;
  }
  result.step = compute + result.waited;
  return result;
}

}  // namespace medvol::parallel
