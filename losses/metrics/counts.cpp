#include "losses/metrics/counts.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <limits>
#include <mutex>

#include "framework/core/error.h"
#include "losses/metrics/label_rows.h"

namespace medvol::metrics {
namespace {

double ratio(int64_t numerator, int64_t denominator) {
  return denominator == 0 ? std::numeric_limits<double>::quiet_NaN() : double(numerator) / double(denominator);
}

/// First and last voxel of something on every axis (z, y, x).
struct Extent {
  std::array<int64_t, 3> first, last;
  Extent() {
    first.fill(std::numeric_limits<int64_t>::max());
    last.fill(-1);
  }
  void add_run(int64_t z, int64_t y, int64_t x_first, int64_t x_last) {
    first = {std::min(first[0], z), std::min(first[1], y), std::min(first[2], x_first)};
    last = {std::max(last[0], z), std::max(last[1], y), std::max(last[2], x_last)};
  }
  void add(const Extent& other) {
    for (int axis = 0; axis < 3; ++axis) {
      first[axis] = std::min(first[axis], other.first[axis]);
      last[axis] = std::max(last[axis], other.last[axis]);
    }
  }
  Box box() const {
    if (last[0] < 0) return {};
    return {first, {last[0] - first[0] + 1, last[1] - first[1] + 1, last[2] - first[2] + 1}};
  }
};

/// How often each pair (number in the reference, number in the prediction) occurs, and where each number lies.
class JointTally {
 public:
  explicit JointTally(const LabelIndex& index)
      : index_(index), pairs_(size_t(index.count()) * size_t(index.count()), 0), extents_(size_t(index.count())) {}

  /// Label maps consist of runs: one update a run, not one a voxel.
  void add_row(int64_t z, int64_t y, const uint8_t* reference, const uint8_t* prediction, int64_t count) {
    for (int64_t x = 0; x < count;) {
      const uint8_t r = reference[x], p = prediction[x];
      const int64_t begin = x;
      while (x < count && reference[x] == r && prediction[x] == p) ++x;
      if (index_.is_ignored(p)) prediction_ignored_ += x - begin;
      if (index_.is_ignored(r)) continue;
      pairs_[size_t(r) * size_t(index_.count()) + p] += x - begin;
      if (r != 0) extents_[r].add_run(z, y, begin, x - 1);
      if (p != 0) extents_[p].add_run(z, y, begin, x - 1);
    }
  }

  void add(const JointTally& other) {
    for (size_t i = 0; i < pairs_.size(); ++i) pairs_[i] += other.pairs_[i];
    for (size_t i = 0; i < extents_.size(); ++i) extents_[i].add(other.extents_[i]);
    prediction_ignored_ += other.prediction_ignored_;
  }

  int64_t prediction_ignored() const { return prediction_ignored_; }

  CountedStructure structure(const Structure& structure) const {
    const auto members = index_.members(structure);
    CountedStructure counted;
    Extent extent;
    for (int r = 0; r < index_.count(); ++r) {
      if (members[size_t(r)]) extent.add(extents_[size_t(r)]);
      for (int p = 0; p < index_.count(); ++p) {
        const int64_t voxels = pairs_[size_t(r * index_.count() + p)];
        auto& cell = members[size_t(r)] ? (members[size_t(p)] ? counted.counts.tp : counted.counts.fn)
                                        : (members[size_t(p)] ? counted.counts.fp : counted.counts.tn);
        cell += voxels;
      }
    }
    counted.box = extent.box();
    return counted;
  }

 private:
  const LabelIndex& index_;
  std::vector<int64_t> pairs_;
  std::vector<Extent> extents_;
  int64_t prediction_ignored_ = 0;
};

JointTally tally_maps(const LabelRows& reference, const LabelRows& prediction, const LabelIndex& index) {
  JointTally total(index);
  std::mutex guard;
  const int64_t rows = reference.size(1), columns = reference.size(2);
  // Integer sums and extents: the same in whatever order the threads arrive.
  at::parallel_for(0, reference.size(0), 1, [&](int64_t begin, int64_t end) {
    JointTally part(index);
    std::vector<uint8_t> r(static_cast<size_t>(columns)), p(static_cast<size_t>(columns));
    for (int64_t z = begin; z < end; ++z) {
      for (int64_t y = 0; y < rows; ++y) {
        reference.read(z, y, 0, columns, r.data());
        prediction.read(z, y, 0, columns, p.data());
        part.add_row(z, y, r.data(), p.data(), columns);
      }
    }
    const std::lock_guard lock(guard);
    total.add(part);
  });
  return total;
}

}  // namespace

std::vector<Structure> structures_of(const std::vector<int64_t>& labels) {
  std::vector<Structure> structures;
  for (const int64_t label : labels) structures.push_back({std::to_string(label), {label}});
  return structures;
}

double dice(const Counts& c) { return ratio(2 * c.tp, 2 * c.tp + c.fp + c.fn); }
double iou(const Counts& c) { return ratio(c.tp, c.tp + c.fp + c.fn); }
double accuracy(const Counts& c) { return ratio(c.tp + c.tn, c.total()); }
double precision(const Counts& c) { return ratio(c.tp, c.predicted()); }
double recall(const Counts& c) { return ratio(c.tp, c.reference()); }
double specificity(const Counts& c) { return ratio(c.tn, c.tn + c.fp); }
double volume_difference_ml(const Counts& c, double voxel_mm3) {
  return double(c.predicted() - c.reference()) * voxel_mm3 / 1000;
}
double relative_volume_difference(const Counts& c) { return ratio(c.predicted() - c.reference(), c.reference()); }
double volume_similarity(const Counts& c) {
  return ratio(2 * (c.reference() - c.predicted()), c.reference() + c.predicted());
}

std::vector<CountedStructure> count_structures(const at::Tensor& reference, const at::Tensor& prediction,
                                               const std::vector<Structure>& structures, std::optional<int64_t> ignore,
                                               const std::string& where) {
  const LabelIndex index(structures, ignore);
  const LabelRows reference_rows(reference, index, "reference", where);
  const LabelRows prediction_rows(prediction, index, "prediction", where);
  if (reference.sizes() != prediction.sizes())
    throw core::UserError(
        fmt::format("prediction of {}×{}×{} voxels for a reference of {}×{}×{}", prediction.size(0), prediction.size(1),
                    prediction.size(2), reference.size(0), reference.size(1), reference.size(2)),
        where, "a prediction must lie on the grid of its reference (axes z, y, x)");
  const JointTally tally = tally_maps(reference_rows, prediction_rows, index);
  if (tally.prediction_ignored() > 0)
    throw core::UserError(
        fmt::format("the prediction holds the ignore label {} in {} voxels", *ignore, tally.prediction_ignored()),
        where, "only a reference may hold it; check that the two folders are not swapped");
  std::vector<CountedStructure> counted;
  for (const auto& structure : structures) counted.push_back(tally.structure(structure));
  return counted;
}

}  // namespace medvol::metrics
