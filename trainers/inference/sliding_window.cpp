#include "trainers/inference/sliding_window.h"

#include <cmath>

#include "framework/core/error.h"

namespace medvol::trainers {
namespace {

struct Window {
  int64_t z, y, x;
};

/// Zeros around an axis smaller than the patch: half before, half after. Returns what stands before, (z, y, x).
std::array<int64_t, 3> pad_to_patch(torch::Tensor& image, const std::array<int64_t, 3>& patch) {
  std::array<int64_t, 3> before{}, after{};
  for (int64_t axis = 0; axis < 3; ++axis) {
    const int64_t missing = std::max<int64_t>(0, patch[size_t(axis)] - image.size(axis + 1));
    before[size_t(axis)] = missing / 2;
    after[size_t(axis)] = missing - missing / 2;
  }
  if (image.size(1) < patch[0] || image.size(2) < patch[1] || image.size(3) < patch[2])
    image = torch::constant_pad_nd(image, {before[2], after[2], before[1], after[1], before[0], after[0]}, 0);
  return before;
}

std::array<int64_t, 3> times(const std::array<int64_t, 3>& a, const std::array<int64_t, 3>& b) {
  return {a[0] * b[0], a[1] * b[1], a[2] * b[2]};
}

/// Sums of weighted logits for the slices still open, a ring over z of the output grid.
class OpenSlices {
 public:
  OpenSlices(int64_t classes, const std::array<int64_t, 3>& size)
      : logits_(torch::zeros({classes, size[0], size[1], size[2]})),
        weights_(torch::zeros({size[0], size[1], size[2]})) {}

  void add(const Window& at, const torch::Tensor& logits, const torch::Tensor& weights) {
    const auto region = [&](const torch::Tensor& t, int64_t first_axis) {
      return t.narrow(first_axis, at.z - begin_, weights.size(0))
          .narrow(first_axis + 1, at.y, weights.size(1))
          .narrow(first_axis + 2, at.x, weights.size(2));
    };
    region(logits_, 1).addcmul_(logits, weights);
    region(weights_, 0).add_(weights);
  }

  /// Closes slices [begin, end): hands over their mean logits and moves the rest down.
  torch::Tensor close(int64_t end) {
    const int64_t count = end - begin_, rest = weights_.size(0) - count;
    const torch::Tensor closed = logits_.narrow(1, 0, count) / weights_.narrow(0, 0, count);
    logits_.narrow(1, 0, rest).copy_(logits_.narrow(1, count, rest).clone());
    weights_.narrow(0, 0, rest).copy_(weights_.narrow(0, count, rest).clone());
    logits_.narrow(1, rest, count).zero_();
    weights_.narrow(0, rest, count).zero_();
    begin_ = end;
    return closed;
  }

  int64_t begin() const { return begin_; }

 private:
  int64_t begin_ = 0;
  torch::Tensor logits_, weights_;
};

}  // namespace

WindowNetwork on_volumes(WindowNetwork network, int64_t dimensions) {
  if (dimensions == 3) return network;
  return [network = std::move(network)](const torch::Tensor& x) { return network(x.squeeze(2)).unsqueeze(2); };
}

std::array<int64_t, 3> on_volume(const std::vector<int64_t>& axes) {
  if (axes.size() == 2) return {1, axes[0], axes[1]};
  MEDVOL_CHECK(axes.size() == 3, "{} axes", axes.size());
  return {axes[0], axes[1], axes[2]};
}

std::vector<int64_t> window_starts(int64_t size, int64_t patch, double step) {
  MEDVOL_CHECK(size >= patch, "window of {} in {}", patch, size);
  const double target = std::max(1.0, static_cast<double>(patch) * step);  // a 2D patch takes every slice once
  const auto count = static_cast<int64_t>(std::ceil(static_cast<double>(size - patch) / target)) + 1;
  const double actual = count > 1 ? static_cast<double>(size - patch) / static_cast<double>(count - 1) : 0;
  std::vector<int64_t> starts;
  for (int64_t i = 0; i < count; ++i)
    starts.push_back(static_cast<int64_t>(std::nearbyint(actual * static_cast<double>(i))));
  return starts;
}

torch::Tensor gaussian_weights(const std::array<int64_t, 3>& patch) {
  torch::Tensor weights = torch::ones({1, 1, 1}, torch::kFloat64);
  for (int64_t axis = 0; axis < 3; ++axis) {
    const auto size = static_cast<double>(patch[size_t(axis)]);
    const torch::Tensor distance = torch::arange(patch[size_t(axis)], torch::kFloat64) - std::floor(size / 2);
    std::vector<int64_t> shape{1, 1, 1};
    shape[size_t(axis)] = patch[size_t(axis)];
    weights = weights * torch::exp(-0.5 * (distance / (size / 8)).square()).view(shape);
  }
  weights = (weights / weights.max() * 10).to(torch::kFloat32);
  return torch::where(weights == 0, weights.masked_select(weights > 0).min(), weights).contiguous();
}

SlidingWindow::SlidingWindow(WindowNetwork network, std::array<int64_t, 3> patch, int64_t classes,
                             const InferenceOptions& options, const runtime::ExecutionContext& context,
                             std::array<int64_t, 3> upsampling)
    : network_(std::move(network)),
      patch_(patch),
      upsampling_(upsampling),
      classes_(classes),
      options_(options),
      context_(context) {
  const std::array<int64_t, 3> made = times(patch_, upsampling_);
  weights_ = options.gaussian ? gaussian_weights(made) : torch::ones({made[0], made[1], made[2]});
}

torch::Tensor SlidingWindow::predict_windows(const torch::Tensor& windows) const {
  const torch::Tensor input = windows.to(context_.device);
  const auto forward = [&](const torch::Tensor& x) {
    const runtime::AutocastGuard autocast(context_);
    return network_(x).to(torch::kFloat32);
  };
  torch::Tensor sum = forward(input);
  if (!options_.mirror) return sum.to(torch::kCPU);
  std::vector<int64_t> axes;
  for (int64_t axis = 0; axis < 3; ++axis)
    if (patch_[size_t(axis)] > 1) axes.push_back(axis + 2);
  const unsigned combinations = 1u << axes.size();
  for (unsigned mask = 1; mask < combinations; ++mask) {
    std::vector<int64_t> flipped;
    for (size_t i = 0; i < axes.size(); ++i)
      if (mask & 1u << i) flipped.push_back(axes[i]);
    sum += forward(input.flip(flipped)).flip(flipped);
  }
  return (sum / static_cast<double>(combinations)).to(torch::kCPU);
}

void SlidingWindow::predict(const torch::Tensor& image, const SliceSink& sink,
                            const std::function<void(double)>& progress) const {
  const torch::InferenceMode inference;
  torch::Tensor padded = image;
  const std::array<int64_t, 3> before = pad_to_patch(padded, patch_);
  std::vector<Window> windows;
  for (const int64_t z : window_starts(padded.size(1), patch_[0], options_.step))
    for (const int64_t y : window_starts(padded.size(2), patch_[1], options_.step))
      for (const int64_t x : window_starts(padded.size(3), patch_[2], options_.step)) windows.push_back({z, y, x});

  const auto batch = static_cast<size_t>(options_.window_batch);
  // A batch may reach over several z positions: the ring holds the depth that any run of `batch` windows spans.
  int64_t depth = patch_[0];
  for (size_t i = 0; i < windows.size(); ++i)
    depth = std::max(depth, windows[std::min(windows.size() - 1, i + batch)].z + patch_[0] - windows[i].z);
  OpenSlices open(classes_, times({depth, padded.size(2), padded.size(3)}, upsampling_));
  const std::array<int64_t, 3> skipped = times(before, upsampling_);
  const std::array<int64_t, 3> size = times({image.size(1), image.size(2), image.size(3)}, upsampling_);

  const auto emit = [&](int64_t end) {  // slices of the output grid
    const int64_t begin = open.begin();
    if (end <= begin) return;
    const torch::Tensor closed = open.close(end);
    const int64_t first = std::max(begin, skipped[0]), last = std::min(end, skipped[0] + size[0]);
    if (first >= last) return;
    sink(first - skipped[0], closed.narrow(1, first - begin, last - first)
                                 .narrow(2, skipped[1], size[1])
                                 .narrow(3, skipped[2], size[2])
                                 .contiguous());
  };
  for (size_t i = 0; i < windows.size(); i += batch) {
    std::vector<torch::Tensor> inputs;
    for (size_t j = i; j < std::min(windows.size(), i + batch); ++j)
      inputs.push_back(padded.narrow(1, windows[j].z, patch_[0])
                           .narrow(2, windows[j].y, patch_[1])
                           .narrow(3, windows[j].x, patch_[2]));
    const torch::Tensor logits = predict_windows(torch::stack(inputs));
    for (size_t j = 0; j < inputs.size(); ++j) {
      const Window& at = windows[i + j];
      open.add({at.z * upsampling_[0], at.y * upsampling_[1], at.x * upsampling_[2]}, logits[static_cast<int64_t>(j)],
               weights_);
    }
    if (i + batch < windows.size()) emit(windows[i + batch].z * upsampling_[0]);
    if (progress)
      progress(static_cast<double>(std::min(windows.size(), i + batch)) / static_cast<double>(windows.size()));
  }
  emit(padded.size(1) * upsampling_[0]);
}

}  // namespace medvol::trainers
