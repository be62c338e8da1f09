#include "framework/imaging/grid_transform.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/imaging/orientation.h"
#include "framework/imaging/resample.h"

namespace medvol::imaging {
namespace {

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

std::array<int64_t, 3> size_of(const at::Tensor& volume) { return {volume.size(-3), volume.size(-2), volume.size(-1)}; }

/// Moves the origin by `steps` voxels (may be fractions) along each index axis.
void shift_origin(Geometry& grid, std::array<double, 3> steps) {
  for (int row = 0; row < 3; ++row) {
    for (int axis = 0; axis < 3; ++axis) {
      grid.origin[row] += grid.direction[3 * row + axis] * grid.spacing[axis] * steps[axis];
    }
  }
}

/// The tensor axis (0 = z of [D, H, W]) of index axis x, y, z, and the other way round.
constexpr int tensor_axis(int index_axis) { return 2 - index_axis; }

/// What a [C, D, H, W] tensor's axes are permuted by for index axes `source`.
std::vector<int64_t> permutation_of(const std::array<int, 3>& source) {
  std::vector<int64_t> order{0, 1, 2, 3};
  for (int axis = 0; axis < 3; ++axis) order[1 + tensor_axis(axis)] = 1 + tensor_axis(source[axis]);
  return order;
}

std::vector<int64_t> flipped_axes(const std::array<bool, 3>& flip) {
  std::vector<int64_t> axes;
  for (int axis = 0; axis < 3; ++axis) {
    if (flip[axis]) axes.push_back(1 + tensor_axis(axis));
  }
  return axes;
}

/// The view of [C, D, H, W] inside a box.
at::Tensor box(const at::Tensor& channels, const std::array<int64_t, 3>& begin, const std::array<int64_t, 3>& size) {
  return channels.narrow(1, begin[0], size[0]).narrow(2, begin[1], size[1]).narrow(3, begin[2], size[2]);
}

void check_grid(const at::Tensor& tensor, const Geometry& grid, int dimensions) {
  MEDVOL_CHECK(tensor.dim() == dimensions && size_of(tensor) == grid.size_zyx(), "a tensor of another grid than {}",
               grid.text());
}

nlohmann::json to_json(const Geometry& grid) {
  return {{"size", grid.size},
          {"spacing", grid.spacing},
          {"origin", grid.origin},
          {"direction", grid.direction},
          {"dimensions", grid.dimensions}};
}

Geometry geometry_from(const nlohmann::json& json) {
  Geometry grid;
  json.at("size").get_to(grid.size);
  json.at("spacing").get_to(grid.spacing);
  json.at("origin").get_to(grid.origin);
  json.at("direction").get_to(grid.direction);
  json.at("dimensions").get_to(grid.dimensions);
  return grid;
}

}  // namespace

GridTransform GridTransform::start(const Geometry& file) {
  GridTransform transform;
  transform.grids_ = {file};
  return transform;
}

Geometry GridTransform::grid_after(const Geometry& before, const Orient& step) {
  std::array<int, 3> sorted = step.source;
  std::sort(sorted.begin(), sorted.end());
  MEDVOL_CHECK((sorted == std::array<int, 3>{0, 1, 2}), "axes {} {} {}", sorted[0], sorted[1], sorted[2]);
  Geometry after = before;
  std::array<double, 3> to_far_end{};
  for (int axis = 0; axis < 3; ++axis) {
    const int from = step.source[axis];
    if (step.flip[axis]) to_far_end[from] = static_cast<double>(before.size[from] - 1);
    after.size[axis] = before.size[from];
    after.spacing[axis] = before.spacing[from];
    for (int row = 0; row < 3; ++row) {
      after.direction[3 * row + axis] = (step.flip[axis] ? -1 : 1) * before.direction[3 * row + from];
    }
  }
  Geometry moved = before;
  shift_origin(moved, to_far_end);
  after.origin = moved.origin;
  return after;
}

Geometry GridTransform::grid_after(const Geometry& before, const Crop& step) {
  Geometry after = before;
  std::array<double, 3> steps;
  for (int axis = 0; axis < 3; ++axis) {
    const int64_t begin = step.begin_zyx[tensor_axis(axis)];
    const int64_t size = step.size_zyx[tensor_axis(axis)];
    MEDVOL_CHECK(begin >= 0 && size > 0 && begin + size <= before.size[axis], "crop {} + {} of {} along axis {}", begin,
                 size, before.size[axis], axis);
    steps[axis] = static_cast<double>(begin);
    after.size[axis] = size;
  }
  shift_origin(after, steps);
  return after;
}

/// The field of view stays: the outer faces of the first and last voxel are where they were, so the spacing is what the
/// rounded size leaves.
Geometry GridTransform::grid_after(const Geometry& before, const Resample& step) {
  Geometry after = before;
  const auto size_zyx = resampled_shape(before.size_zyx(), before.spacing_zyx(), step.spacing_zyx);
  std::array<double, 3> steps;
  for (int axis = 0; axis < 3; ++axis) {
    const int64_t size = size_zyx[tensor_axis(axis)];
    const double ratio = static_cast<double>(before.size[axis]) / static_cast<double>(size);
    after.size[axis] = size;
    after.spacing[axis] = before.spacing[axis] * ratio;
    steps[axis] = 0.5 * ratio - 0.5;  // in voxels of the grid before
  }
  Geometry moved = before;
  shift_origin(moved, steps);
  after.origin = moved.origin;
  return after;
}

GridTransform& GridTransform::add(const Step& step) {
  grids_.push_back(std::visit([&](const auto& kind) { return grid_after(grids_.back(), kind); }, step));
  steps_.push_back(step);
  return *this;
}

GridTransform& GridTransform::orient_to_ras() {
  const Geometry& grid = network_geometry();
  if (grid.dimensions == 2) return *this;
  const AxisOrder order = closest_axes(grid.direction);
  // RAS runs against LPS in x and y.
  return add(Orient{order.source, {order.sign[0] > 0, order.sign[1] > 0, order.sign[2] < 0}});
}

GridTransform& GridTransform::transpose(std::array<int64_t, 3> forward_zyx) {
  if (forward_zyx == std::array<int64_t, 3>{0, 1, 2}) return *this;
  Orient step{};
  for (int axis = 0; axis < 3; ++axis)
    step.source[tensor_axis(axis)] = tensor_axis(static_cast<int>(forward_zyx[axis]));
  return add(step);
}

GridTransform& GridTransform::crop(std::array<int64_t, 3> begin_zyx, std::array<int64_t, 3> size_zyx) {
  return add(Crop{begin_zyx, size_zyx});
}

GridTransform& GridTransform::resample(std::array<double, 3> spacing_zyx) {
  for (const double spacing : spacing_zyx) MEDVOL_CHECK(spacing > 0, "spacing {} mm", spacing);
  return add(Resample{spacing_zyx});
}

bool GridTransform::resamples() const {
  for (size_t i = 0; i < steps_.size(); ++i) {
    if (std::holds_alternative<Resample>(steps_[i]) && grids_[i].size != grids_[i + 1].size) return true;
  }
  return false;
}

GridTransform GridTransform::before_resampling() const {
  GridTransform shorter = *this;
  if (!steps_.empty() && std::holds_alternative<Resample>(steps_.back())) {
    shorter.steps_.pop_back();
    shorter.grids_.pop_back();
  }
  MEDVOL_CHECK(!shorter.resamples(), "a resampling is not the last step");
  return shorter;
}

at::Tensor GridTransform::apply_channels(at::Tensor channels, bool labels) const {
  for (size_t i = 0; i < steps_.size(); ++i) {
    const auto resample = [&](const Resample& step) {
      const auto size = grids_[i + 1].size_zyx();
      const auto apart = anisotropic_axis(grids_[i].spacing_zyx(), step.spacing_zyx);
      return labels ? resample_labels(channels[0], size, 1, apart).unsqueeze(0)
                    : resample_image_apart(channels, size, 3, apart);
    };
    channels =
        std::visit(Overloaded{[&](const Orient& step) {
                                return channels.permute(permutation_of(step.source)).flip(flipped_axes(step.flip));
                              },
                              [&](const Crop& step) { return box(channels, step.begin_zyx, step.size_zyx); }, resample},
                   steps_[i]);
  }
  return channels.contiguous();
}

at::Tensor GridTransform::apply_image(const at::Tensor& image) const {
  check_grid(image, file_geometry(), 4);
  return apply_channels(image.to(at::kFloat), false);
}

at::Tensor GridTransform::apply_labels(const at::Tensor& labels) const {
  check_grid(labels, file_geometry(), 3);
  return apply_channels(labels.unsqueeze(0), true)[0];
}

at::Tensor GridTransform::restore_channels(at::Tensor channels, double outside, bool labels) const {
  for (size_t i = steps_.size(); i-- > 0;) {
    const auto unorient = [&](const Orient& step) {
      std::vector<int64_t> back(4);
      const std::vector<int64_t> forth = permutation_of(step.source);
      for (int64_t axis = 0; axis < 4; ++axis) back[forth[axis]] = axis;
      return channels.flip(flipped_axes(step.flip)).permute(back);
    };
    const auto uncrop = [&](const Crop& step) {
      const auto [depth, height, width] = grids_[i].size_zyx();
      at::Tensor whole = at::full({channels.size(0), depth, height, width}, outside, channels.options());
      box(whole, step.begin_zyx, step.size_zyx).copy_(channels);
      return whole;
    };
    const auto unresample = [&](const Resample& step) {
      const auto size = grids_[i].size_zyx();
      // As nnU-Net brings its logits back: linear, and nearest along an axis of very long voxels.
      const auto apart = anisotropic_axis(step.spacing_zyx, grids_[i].spacing_zyx());
      return labels ? resample_labels(channels[0], size, 0).unsqueeze(0)
                    : resample_image_apart(channels, size, 1, apart);
    };
    channels = std::visit(Overloaded{unorient, uncrop, unresample}, steps_[i]);
  }
  return channels.contiguous();
}

at::Tensor GridTransform::restore_labels(const at::Tensor& labels) const {
  check_grid(labels, network_geometry(), 3);
  return restore_channels(labels.unsqueeze(0), 0, true)[0];
}

at::Tensor GridTransform::restore_probabilities(const at::Tensor& probabilities, double first_outside) const {
  check_grid(probabilities, network_geometry(), 4);
  const auto [depth, height, width] = file_geometry().size_zyx();
  const at::Tensor all = at::empty({probabilities.size(0), depth, height, width}, at::kFloat);
  for (int64_t k = 0; k < probabilities.size(0); ++k) {
    const at::Tensor channel = probabilities.narrow(0, k, 1).to(at::kCPU, at::kFloat);
    all[k].copy_(restore_channels(channel, k == 0 ? first_outside : 0, false)[0]);
  }
  return all;
}

at::Tensor GridTransform::restore_argmax(const at::Tensor& probabilities) const {
  check_grid(probabilities, network_geometry(), 4);
  const auto [depth, height, width] = file_geometry().size_zyx();
  const int64_t classes = probabilities.size(0);
  at::Tensor labels = at::zeros({depth, height, width}, classes <= 256 ? at::kByte : at::kShort);
  at::Tensor best;
  for (int64_t k = 0; k < classes; ++k) {
    const at::Tensor channel = probabilities.narrow(0, k, 1).to(at::kCPU, at::kFloat);
    const at::Tensor restored = restore_channels(channel, k == 0 ? 1 : 0, false)[0];
    if (k == 0) {
      best = restored.clone();  // without steps `restored` is the caller's own
      continue;
    }
    const at::Tensor wins = restored > best;
    labels.masked_fill_(wins, k);
    at::maximum_out(best, best, restored);
  }
  return labels;
}

nlohmann::json GridTransform::to_json() const {
  nlohmann::json steps = nlohmann::json::array();
  for (const Step& step : steps_) {
    steps.push_back(std::visit(
        Overloaded{[](const Orient& orient) {
                     return nlohmann::json{{"orient", {{"source", orient.source}, {"flip", orient.flip}}}};
                   },
                   [](const Crop& crop) {
                     return nlohmann::json{{"crop", {{"begin_zyx", crop.begin_zyx}, {"size_zyx", crop.size_zyx}}}};
                   },
                   [](const Resample& resample) {
                     return nlohmann::json{{"resample", {{"spacing_zyx", resample.spacing_zyx}}}};
                   }},
        step));
  }
  return {{"file", imaging::to_json(file_geometry())}, {"steps", steps}};
}

GridTransform GridTransform::from_json(const nlohmann::json& json) {
  try {
    GridTransform transform = start(geometry_from(json.at("file")));
    for (const nlohmann::json& step : json.at("steps")) {
      if (step.contains("orient")) {
        const nlohmann::json& orient = step.at("orient");
        transform.add(
            Orient{orient.at("source").get<std::array<int, 3>>(), orient.at("flip").get<std::array<bool, 3>>()});
      } else if (step.contains("crop")) {
        const nlohmann::json& crop = step.at("crop");
        transform.crop(crop.at("begin_zyx").get<std::array<int64_t, 3>>(),
                       crop.at("size_zyx").get<std::array<int64_t, 3>>());
      } else {
        transform.resample(step.at("resample").at("spacing_zyx").get<std::array<double, 3>>());
      }
    }
    return transform;
  } catch (const nlohmann::json::exception& error) {
    throw core::UserError(fmt::format("damaged record of a grid transform: {}", error.what()), "",
                          "prepare the data again");
  } catch (const core::InternalError&) {
    throw core::UserError("damaged record of a grid transform: a step leaves its grid", "", "prepare the data again");
  }
}

}  // namespace medvol::imaging
