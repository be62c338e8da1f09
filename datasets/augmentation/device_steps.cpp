#include "datasets/augmentation/device_steps.h"

#include <utility>

#include "datasets/augmentation/axis_matrix.h"
#include "datasets/augmentation/blur.h"
#include "datasets/augmentation/device_filters.h"
#include "datasets/augmentation/device_noise.h"
#include "datasets/augmentation/local_window.h"
#include "datasets/augmentation/median.h"
#include "datasets/augmentation/scanner_artefacts.h"

namespace medvol::datasets {
namespace {

/// Collects the steps of a batch.
class Planner {
 public:
  Planner(const AugmentationSpecification& specification, const std::vector<PackedPatch>& samples, DeviceUpload& upload)
      : specification_(specification), size_(specification.patch_size), samples_(samples), upload_(upload) {
    channels_ = static_cast<int64_t>(samples.front().draws.channels.size());
  }

  std::vector<DeviceStep> plan() {
    for (const ScannerArtefact& one : scanner_artefacts()) artefact(one);
    const bool noise_last = specification_.options.noise.after_blur;
    if (!noise_last) noise();
    median();
    blur();
    if (noise_last) noise();
    each_by(&ChannelDraws::brightness, 1.0, [](const at::Tensor& rows, const at::Tensor& by) { return rows * by; });
    each_by(&ChannelDraws::brightness_shift, 0.0,
            [](const at::Tensor& rows, const at::Tensor& by) { return rows + by; });
    for (const bool kept : {true, false}) contrast(kept);
    low_resolution();
    gamma(&ChannelDraws::gamma_inverted, true);
    gamma(&ChannelDraws::gamma, specification_.options.gamma.inverted);
    artefact(histogram_shift());
    cut_out();
    gradient();
    local_gamma();
    each_by(&ChannelDraws::sharpening, 0.0, sharpen_rows);
    return std::move(steps_);
  }

 private:
  int64_t row_count() const { return channels_ * static_cast<int64_t>(samples_.size()); }
  const ChannelDraws& drawn(int64_t row) const {
    return samples_[static_cast<size_t>(row / channels_)].draws.channels[static_cast<size_t>(row % channels_)];
  }
  template <class Condition>
  Rows rows_where(const Condition& condition) const {
    Rows rows;
    for (int64_t row = 0; row < row_count(); ++row)
      if (condition(drawn(row))) rows.push_back(row);
    return rows;
  }
  template <class Value>
  DeviceUpload::Place put(const Rows& rows, const Value& value) {
    std::vector<double> values;
    for (const int64_t row : rows) values.push_back(value(row));
    return upload_.put(values);
  }
  void add(const Rows& rows, std::function<at::Tensor(const at::Tensor&, const DeviceUpload&)> change) {
    if (!rows.empty()) steps_.push_back(on_rows(upload_, rows, row_count(), std::move(change)));
  }
  /// A step of one number a row, which is not `nothing` where it fired.
  template <class Change>
  void each_by(double ChannelDraws::*number, double nothing, const Change& change, const Rows* chosen = nullptr) {
    const Rows rows =
        chosen ? *chosen : rows_where([&](const ChannelDraws& channel) { return channel.*number != nothing; });
    const auto place = put(rows, [&](int64_t row) { return drawn(row).*number; });
    add(rows, [=](const at::Tensor& values, const DeviceUpload& sent) {
      return change(values, sent.floats(place, {-1, 1, 1, 1}));
    });
  }

  void artefact(const ScannerArtefact& one) {
    for (const int64_t row : rows_where([&](const ChannelDraws& channel) { return one.drawn(channel); })) {
      const auto place = upload_.put(one.numbers(drawn(row), size_));
      add({row}, [place, &one, draws = drawn(row)](const at::Tensor& values, const DeviceUpload& sent) {
        return one.apply(values[0], draws, sent.floats(place, {-1})).unsqueeze(0);
      });
    }
  }

  void noise() {
    const auto of = [&](int64_t row) -> const AugmentationDraws& {
      return samples_[static_cast<size_t>(row / channels_)].draws;
    };
    Rows rows;
    for (int64_t row = 0; row < row_count(); ++row)
      if (of(row).noise_sigma > 0) rows.push_back(row);
    const auto sigma = put(rows, [&](int64_t row) { return double(float(of(row).noise_sigma)); });
    const auto key_low = put(rows, [&](int64_t row) { return double(uint32_t(of(row).noise_key)); });
    const auto key_high = put(rows, [&](int64_t row) { return double(uint32_t(of(row).noise_key >> 32)); });
    const auto channel = put(rows, [&](int64_t row) { return double(row % channels_); });
    add(rows, [=, count = voxel_count(size_)](const at::Tensor& values, const DeviceUpload& sent) {
      const at::Tensor normal =
          normal_rows(sent.integers(key_low), sent.integers(key_high), sent.integers(channel), count);
      return values + normal.reshape(values.sizes()) * sent.floats(sigma, {-1, 1, 1, 1});
    });
  }

  void median() {
    for (const int64_t row : rows_where([](const ChannelDraws& channel) { return channel.median > 1; })) {
      const int64_t edge = drawn(row).median;
      std::array<DeviceUpload::Place, 3> places;
      for (size_t axis = 0; axis < 3; ++axis) {
        std::vector<int64_t> indices;
        for (int64_t i = 0; i < size_[axis] + edge - 1; ++i) indices.push_back(mirrored(i - edge / 2, size_[axis]));
        places[axis] = upload_.put(indices);
      }
      add({row}, [=](const at::Tensor& values, const DeviceUpload& sent) {
        const std::array<at::Tensor, 3> indices{sent.integers(places[0]), sent.integers(places[1]),
                                                sent.integers(places[2])};
        return median_volume(values[0], edge, indices).unsqueeze(0);
      });
    }
  }

  /// `matrix(channel, axis)`: what the step does along the axis, row by row.
  template <class Matrix>
  void along_axes(const Rows& rows, const Matrix& matrix) {
    std::array<DeviceUpload::Place, 3> places;
    for (size_t axis = 0; axis < 3; ++axis) {
      std::vector<float> all;
      for (const int64_t row : rows) {
        const std::vector<float> one = matrix(drawn(row), axis);
        all.insert(all.end(), one.begin(), one.end());
      }
      places[axis] = upload_.put(all);
    }
    add(rows, [=, size = size_](const at::Tensor& values, const DeviceUpload& sent) {
      const auto of = [&](size_t axis) { return sent.floats(places[axis], {-1, size[axis], size[axis]}); };
      return apply_along_axes(values, of(0), of(1), of(2));
    });
  }
  void blur() {
    const Rows rows = rows_where([](const ChannelDraws& channel) {
      return channel.blur_sigma[0] > 0 || channel.blur_sigma[1] > 0 || channel.blur_sigma[2] > 0;
    });
    along_axes(rows, [&](const ChannelDraws& channel, size_t axis) {
      const double sigma = channel.blur_sigma[axis];
      return sigma > 0 ? blur_matrix(sigma, size_[axis]) : identity_matrix(size_[axis]);
    });
  }
  void low_resolution() {
    const Rows rows = rows_where([](const ChannelDraws& channel) { return channel.low_resolution != 1; });
    along_axes(rows, [&](const ChannelDraws& channel, size_t axis) {
      return specification_.in_plane && axis == 0 ? identity_matrix(size_[axis])
                                                  : low_resolution_matrix(channel.low_resolution, size_[axis]);
    });
  }

  void contrast(bool kept) {
    const Rows rows =
        rows_where([&](const ChannelDraws& channel) { return channel.contrast != 1 && channel.keep_range == kept; });
    each_by(
        &ChannelDraws::contrast, 1,
        [=](const at::Tensor& values, const at::Tensor& factor) { return stretch_rows(values, factor, kept); }, &rows);
  }
  void gamma(double ChannelDraws::*exponent, bool inverted) {
    each_by(exponent, 1,
            [=](const at::Tensor& values, const at::Tensor& by) { return curve_rows(values, by, inverted); });
  }

  void cut_out() {
    for (const int64_t row : rows_where([](const ChannelDraws& channel) { return !channel.cut_out.empty(); }))
      steps_.push_back([row, boxes = drawn(row).cut_out](const DeviceUpload&, at::Tensor& rows) {
        for (const BoxDraws& box : boxes) {
          at::Tensor part = rows[row];
          for (size_t axis = 0; axis < 3; ++axis)
            part = part.narrow(static_cast<int64_t>(axis), box.begin[axis], box.size[axis]);
          part.copy_(part.mean().expand_as(part));
        }
      });
  }

  struct Windows {
    std::array<DeviceUpload::Place, 3> along;
    DeviceUpload::Place gain, offset;
  };
  Windows put_windows(const Rows& rows, WindowDraws ChannelDraws::*draws) {
    std::array<std::vector<float>, 3> along;
    std::vector<float> gains, offsets;
    LocalWindow window;
    for (const int64_t row : rows) {
      make_window(drawn(row).*draws, size_, window);
      for (size_t axis = 0; axis < 3; ++axis)
        along[axis].insert(along[axis].end(), window.along[axis].begin(), window.along[axis].end());
      gains.push_back(window.gain);
      offsets.push_back(window.offset);
    }
    return {{upload_.put(along[0]), upload_.put(along[1]), upload_.put(along[2])},
            upload_.put(gains),
            upload_.put(offsets)};
  }
  /// [R, D, H, W]
  static at::Tensor window_rows(const Windows& windows, const Index3& size, const DeviceUpload& sent) {
    const at::Tensor z = sent.floats(windows.along[0], {-1, size[0], 1, 1});
    const at::Tensor y = sent.floats(windows.along[1], {-1, 1, size[1], 1});
    const at::Tensor x = sent.floats(windows.along[2], {-1, 1, 1, size[2]});
    return (z * y * sent.floats(windows.gain, {-1, 1, 1, 1})) * x - sent.floats(windows.offset, {-1, 1, 1, 1});
  }
  void gradient() {
    const Rows rows = rows_where([](const ChannelDraws& channel) { return channel.gradient != 0; });
    const Windows windows = put_windows(rows, &ChannelDraws::gradient_window);
    const auto height = put(rows, [&](int64_t row) { return drawn(row).gradient; });
    add(rows, [=, size = size_](const at::Tensor& values, const DeviceUpload& sent) {
      return values + window_rows(windows, size, sent) * sent.floats(height, {-1, 1, 1, 1});
    });
  }
  void local_gamma() {
    const Rows rows = rows_where([](const ChannelDraws& channel) { return channel.local_gamma != 1; });
    const Windows windows = put_windows(rows, &ChannelDraws::local_gamma_window);
    const auto exponent = put(rows, [&](int64_t row) { return drawn(row).local_gamma; });
    add(rows, [=, size = size_](const at::Tensor& values, const DeviceUpload& sent) {
      return local_gamma_rows(values, window_rows(windows, size, sent), sent.floats(exponent, {-1, 1, 1, 1}));
    });
  }

  const AugmentationSpecification& specification_;
  Index3 size_;
  const std::vector<PackedPatch>& samples_;
  DeviceUpload& upload_;
  int64_t channels_ = 0;
  std::vector<DeviceStep> steps_;
};

}  // namespace

std::vector<DeviceStep> device_steps(const AugmentationSpecification& specification,
                                     const std::vector<PackedPatch>& samples, DeviceUpload& upload) {
  return Planner(specification, samples, upload).plan();
}

}  // namespace medvol::datasets
