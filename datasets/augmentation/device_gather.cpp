#include "datasets/augmentation/device_gather.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/einsum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "datasets/augmentation/affine_grid.h"
#include "datasets/augmentation/elastic.h"

namespace medvol::datasets {
namespace {

constexpr int64_t voxels_at_once = 4 << 20;  ///< bounds the memory of what is interpolated together

/// What the gather must know of a sample, in the order of the columns of its table.
enum Column {
  origin = 0,
  matrix = 3,
  low = 12,
  high = 15,
  box_low = 18,
  box_high = 21,
  begin = 24,
  size = 27,
  image_at = 30,
  labels_at = 31,
  columns = 32
};

std::array<double, columns> geometry_of(const PackedPatch& sample, const Index3& patch_size, int64_t image_offset,
                                        int64_t labels_offset) {
  const AffineGrid grid(sample.source, patch_size, sample.draws);
  const Region region = readable(sample.source);
  std::array<double, columns> row;
  for (size_t axis = 0; axis < 3; ++axis) {
    const int64_t length = sample.labels.size(static_cast<int64_t>(axis));
    row[origin + axis] = grid.origin[axis];
    for (size_t column = 0; column < 3; ++column) row[matrix + 3 * axis + column] = grid.matrix[axis][column];
    row[low + axis] = double(std::max(region.low[axis], sample.begin[axis]));
    row[high + axis] = double(std::min(region.high[axis], sample.begin[axis] + length));
    row[box_low + axis] = double(sample.source.begin[axis]);
    row[box_high + axis] = double(sample.source.begin[axis] + sample.source.size[axis]);
    row[begin + axis] = double(sample.begin[axis]);
    row[size + axis] = double(length);
  }
  row[image_at] = double(image_offset);
  row[labels_at] = double(labels_offset);
  return row;
}

/// Of the voxels of some patches along one axis of their source, near and far neighbour.
struct AxisNeighbours {
  std::array<at::Tensor, 2> place;     ///< int64, within the packed image
  std::array<at::Tensor, 2> weight;    ///< float32
  std::array<at::Tensor, 2> readable;  ///< bool
  std::array<at::Tensor, 2> in_box;    ///< bool
};

/// Columns of the table as [S, 1, 1, 1].
class Table {
 public:
  explicit Table(at::Tensor values) : values_(std::move(values)) {}
  at::Tensor column(int64_t index) const { return values_.select(1, index).view({-1, 1, 1, 1}); }
  at::Tensor integers(int64_t index) const { return column(index).to(at::kLong); }

 private:
  at::Tensor values_;
};

/// `bent`: displacement in voxels, float64 [S, 3, D, H, W], or undefined.
AxisNeighbours neighbours(const Table& table, int64_t axis, const Index3& patch_size, const at::Tensor& bent) {
  const at::Device device = table.column(0).device();
  const auto steps = [&](size_t of, at::IntArrayRef shape) {
    return at::arange(patch_size[of], at::TensorOptions(at::kDouble).device(device)).view(shape);
  };
  const auto entry = [&](int64_t column) { return table.column(matrix + 3 * axis + column); };
  // The order of the CPU engine's sums, so that every bit is the same.
  const at::Tensor start =
      table.column(origin + axis) + entry(0) * steps(0, {1, -1, 1, 1}) + entry(1) * steps(1, {1, 1, -1, 1});
  at::Tensor source = start + entry(2) * steps(2, {1, 1, 1, -1});
  for (int64_t shifted = 0; bent.defined() && shifted < 3; ++shifted)
    source = source + entry(shifted) * bent.select(1, shifted);
  const at::Tensor floor = source.floor(), share = (source - floor).to(at::kFloat), near = floor.to(at::kLong);
  AxisNeighbours result;
  const auto within = [&](const at::Tensor& index, int64_t from, int64_t to) {
    return index.ge(table.integers(from)).logical_and_(index.lt(table.integers(to)));
  };
  for (size_t far = 0; far < 2; ++far) {
    const at::Tensor index = far ? near + 1 : near;
    result.weight[far] = far ? share : 1 - share;
    result.readable[far] = within(index, low + axis, high + axis);
    result.in_box[far] = within(index, box_low + axis, box_high + axis);
    const at::Tensor packed = index - table.integers(begin + axis);
    result.place[far] = at::minimum(packed.clamp_min(0), table.integers(size + axis) - 1);
  }
  return result;
}

/// The label of the largest sum of weights, the smallest of equals; below 0 becomes 0. Eight tensors each.
at::Tensor heaviest(const std::vector<at::Tensor>& labels, const std::vector<at::Tensor>& weights) {
  std::vector<at::Tensor> totals;
  for (const at::Tensor& weight : weights) totals.push_back(weight.clone());
  for (size_t a = 0; a < labels.size(); ++a)
    for (size_t b = a + 1; b < labels.size(); ++b) {
      const at::Tensor same = labels[a].eq(labels[b]).to(at::kFloat);
      totals[a].addcmul_(same, weights[b]);
      totals[b].addcmul_(same, weights[a]);
    }
  at::Tensor best = totals[0], winner = labels[0];
  for (size_t k = 1; k < labels.size(); ++k) {
    const at::Tensor better = totals[k].gt(best).logical_or_(totals[k].eq(best).logical_and_(labels[k].lt(winner)));
    winner = at::where(better, labels[k], winner);
    best = at::where(better, totals[k], best);
  }
  return winner.clamp_min(0).to(at::kByte);
}

}  // namespace

DeviceGather::DeviceGather(const AugmentationSpecification& specification, const std::vector<PackedPatch>& samples,
                           DeviceUpload& upload)
    : patch_size_(specification.patch_size), samples_(samples) {
  const auto together = static_cast<size_t>(std::max<int64_t>(1, voxels_at_once / voxel_count(patch_size_)));
  for (size_t n = 0; n < samples.size(); ++n) {
    const AugmentationDraws& draws = samples[n].draws;
    const auto index = static_cast<int64_t>(n);
    if (draws.interpolate) {
      if (chunks_.empty() || chunks_.back().samples.size() >= together) chunks_.emplace_back();
      chunks_.back().samples.push_back(index);
      continue;
    }
    auto group = std::find_if(groups_.begin(), groups_.end(), [&](const Group& other) {
      return other.order == draws.order && other.mirror == draws.mirror;
    });
    if (group == groups_.end()) group = groups_.insert(groups_.end(), Group{draws.order, draws.mirror, {}, {}});
    group->samples.push_back(index);
  }
  for (Group& group : groups_) group.where = upload.put(group.samples);
  for (Chunk& chunk : chunks_) {
    chunk.where = upload.put(chunk.samples);
    std::vector<double> table;
    int64_t image_offset = 0, labels_offset = 0;
    for (const int64_t n : chunk.samples) {
      const PackedPatch& sample = samples[static_cast<size_t>(n)];
      const auto row = geometry_of(sample, patch_size_, image_offset, labels_offset);
      table.insert(table.end(), row.begin(), row.end());
      image_offset += sample.image.numel();
      labels_offset += sample.labels.numel();
      const ElasticDraws& elastic = sample.draws.elastic;
      chunk.bent |= !elastic.shifts.empty();
      chunk.shifts.push_back(upload.put(elastic.shifts));
      chunk.weights.emplace_back();
      for (size_t axis = 0; axis < 3 && !elastic.shifts.empty(); ++axis)
        chunk.weights.back()[axis] = upload.put(spline_weights(patch_size_[axis], elastic.points[axis]));
    }
    chunk.geometry = upload.put(table);
  }
}

void DeviceGather::run(const DeviceUpload& upload, at::Device device, at::Tensor& images, at::Tensor& labels) const {
  for (const Group& group : groups_) run_group(group, upload, device, images, labels);
  for (const Chunk& chunk : chunks_) run_chunk(chunk, upload, device, images, labels);
}

void DeviceGather::run_group(const Group& group, const DeviceUpload& upload, at::Device device, at::Tensor& images,
                             at::Tensor& labels) const {
  std::vector<at::Tensor> packed_images, packed_labels;
  for (const int64_t n : group.samples) {
    packed_images.push_back(samples_[static_cast<size_t>(n)].image.to(device, /*non_blocking=*/true));
    packed_labels.push_back(samples_[static_cast<size_t>(n)].labels.to(device, /*non_blocking=*/true));
  }
  const at::Tensor where = upload.integers(group.where);
  const auto place = [&](const at::Tensor& stacked, int64_t leading, at::Tensor& into) {
    std::vector<int64_t> order, flipped;
    for (int64_t axis = 0; axis < leading; ++axis) order.push_back(axis);
    for (size_t axis = 0; axis < 3; ++axis) {
      order.push_back(leading + static_cast<int64_t>(group.order[axis]));
      if (group.mirror[axis]) flipped.push_back(leading + static_cast<int64_t>(axis));
    }
    at::Tensor turned = stacked.permute(order);
    if (!flipped.empty()) turned = turned.flip(flipped);
    into.index_copy_(0, where, turned.to(into.scalar_type()));
  };
  place(at::stack(packed_images), 2, images);
  place(at::stack(packed_labels), 1, labels);
}

at::Tensor DeviceGather::displacement(const Chunk& chunk, const DeviceUpload& upload) const {
  const auto [depth, height, width] = patch_size_;
  std::vector<at::Tensor> fields;
  for (size_t i = 0; i < chunk.samples.size(); ++i) {
    const ElasticDraws& elastic = samples_[static_cast<size_t>(chunk.samples[i])].draws.elastic;
    if (elastic.shifts.empty()) {
      fields.push_back(at::zeros({3, depth, height, width}, upload.doubles(chunk.geometry, {-1}).options()));
      continue;
    }
    const auto weights = [&](size_t axis) {
      return upload.floats(chunk.weights[i][axis], {patch_size_[axis], elastic.points[axis]});
    };
    const at::Tensor shifts =
        upload.floats(chunk.shifts[i], {3, elastic.points[0], elastic.points[1], elastic.points[2]});
    fields.push_back(at::einsum("akji,dk,hj,wi->adhw", {shifts, weights(0), weights(1), weights(2)}).to(at::kDouble));
  }
  return at::stack(fields);
}

void DeviceGather::run_chunk(const Chunk& chunk, const DeviceUpload& upload, at::Device device, at::Tensor& images,
                             at::Tensor& labels) const {
  std::vector<at::Tensor> flat_images, flat_labels;
  for (const int64_t n : chunk.samples) {
    flat_images.push_back(samples_[static_cast<size_t>(n)].image.to(device, /*non_blocking=*/true).flatten());
    flat_labels.push_back(samples_[static_cast<size_t>(n)].labels.to(device, /*non_blocking=*/true).flatten());
  }
  const at::Tensor image = at::cat(flat_images), label = at::cat(flat_labels);
  const auto count = static_cast<int64_t>(chunk.samples.size());
  const Table table(upload.doubles(chunk.geometry, {count, columns}));
  const at::Tensor bent = chunk.bent ? displacement(chunk, upload) : at::Tensor();
  std::array<AxisNeighbours, 3> axes;
  for (int64_t axis = 0; axis < 3; ++axis) axes[static_cast<size_t>(axis)] = neighbours(table, axis, patch_size_, bent);

  const int64_t channels = images.size(1);
  const at::Tensor height = table.integers(size + 1), width = table.integers(size + 2);
  const at::Tensor volume = table.integers(size) * height * width;
  std::vector<at::Tensor> sums(static_cast<size_t>(channels)), found, votes;
  for (size_t corner = 0; corner < 8; ++corner) {
    const std::array<size_t, 3> far{corner >> 2 & 1, corner >> 1 & 1, corner & 1};
    const auto of = [&](size_t axis, auto member) -> const at::Tensor& { return (axes[axis].*member)[far[axis]]; };
    const auto all = [&](auto member) { return of(0, member).logical_and(of(1, member)).logical_and_(of(2, member)); };
    const at::Tensor readable = all(&AxisNeighbours::readable), in_box = all(&AxisNeighbours::in_box);
    const at::Tensor weight =
        of(0, &AxisNeighbours::weight) * of(1, &AxisNeighbours::weight) * of(2, &AxisNeighbours::weight);
    const at::Tensor place = (of(0, &AxisNeighbours::place) * height + of(1, &AxisNeighbours::place)) * width +
                             of(2, &AxisNeighbours::place);
    const at::Tensor image_weight = weight * readable;
    for (int64_t channel = 0; channel < channels; ++channel) {
      const at::Tensor value =
          image.take(place + (table.integers(image_at) + volume * channel)).to(at::kFloat) * image_weight;
      at::Tensor& sum = sums[static_cast<size_t>(channel)];
      sum = corner == 0 ? value : sum.add_(value);
    }
    // Outside the image but within the box is label -1, outside the box is none.
    found.push_back(
        label.take(place + table.integers(labels_at)).to(at::kShort).masked_fill_(readable.logical_not(), -1));
    votes.push_back(weight * in_box);
  }
  const at::Tensor where = upload.integers(chunk.where);
  images.index_copy_(0, where, at::stack(sums, 1));
  labels.index_copy_(0, where, heaviest(found, votes));
}

}  // namespace medvol::datasets
