#pragma once
#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace medvol::datasets {

/// All numbers of a batch's augmentation, sent to the device by one copy that nobody waits for. First everything is put
/// in, then it is sent, then it is taken out there.
class DeviceUpload {
 public:
  explicit DeviceUpload(at::Device device) : device_(device) {}

  /// Where the numbers will be found.
  struct Place {
    int64_t begin = 0, count = 0;
  };
  template <class Values>
  Place put(const Values& values) {
    const Place place{static_cast<int64_t>(host_.size()), static_cast<int64_t>(values.size())};
    for (const auto value : values) host_.push_back(double(value));
    return place;
  }
  void send();
  at::Tensor doubles(const Place& place, at::IntArrayRef sizes) const;
  at::Tensor floats(const Place& place, at::IntArrayRef sizes) const;
  /// Whole numbers below 2^53.
  at::Tensor integers(const Place& place) const;

 private:
  at::Device device_;
  std::vector<double> host_;
  at::Tensor there_;
};

/// Channels of a batch of which a step changes some; counted over all samples: sample · channels + channel.
using Rows = std::vector<int64_t>;

/// A step's work on the device, made when its numbers have been put in. `rows`: float32 [N · C, D, H, W], in place.
using DeviceStep = std::function<void(const DeviceUpload& upload, at::Tensor& rows)>;

/// A step that replaces the chosen rows by change(chosen rows, upload).
DeviceStep on_rows(DeviceUpload& upload, const Rows& chosen, int64_t row_count,
                   std::function<at::Tensor(const at::Tensor&, const DeviceUpload&)> change);

}  // namespace medvol::datasets
