#include "datasets/augmentation/device_upload.h"

#include <ATen/ops/empty.h>

#include <algorithm>

namespace medvol::datasets {

void DeviceUpload::send() {
  const at::Tensor host =
      at::empty({static_cast<int64_t>(host_.size())}, at::TensorOptions(at::kDouble).pinned_memory(device_.is_cuda()));
  std::copy(host_.begin(), host_.end(), host.mutable_data_ptr<double>());
  there_ = host.to(device_, /*non_blocking=*/true);
}

at::Tensor DeviceUpload::doubles(const Place& place, at::IntArrayRef sizes) const {
  return there_.narrow(0, place.begin, place.count).view(sizes);
}

at::Tensor DeviceUpload::floats(const Place& place, at::IntArrayRef sizes) const {
  return doubles(place, sizes).to(at::kFloat);
}

at::Tensor DeviceUpload::integers(const Place& place) const { return doubles(place, {place.count}).to(at::kLong); }

DeviceStep on_rows(DeviceUpload& upload, const Rows& chosen, int64_t row_count,
                   std::function<at::Tensor(const at::Tensor&, const DeviceUpload&)> change) {
  const bool all = static_cast<int64_t>(chosen.size()) == row_count;
  const DeviceUpload::Place place = upload.put(chosen);
  return [=](const DeviceUpload& sent, at::Tensor& rows) {
    if (all) {
      rows = change(rows, sent);
      return;
    }
    const at::Tensor which = sent.integers(place);
    rows.index_copy_(0, which, change(rows.index_select(0, which), sent));
  };
}

}  // namespace medvol::datasets
