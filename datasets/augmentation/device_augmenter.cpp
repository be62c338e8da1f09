#include "datasets/augmentation/device_augmenter.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include "datasets/augmentation/device_gather.h"
#include "datasets/augmentation/device_steps.h"
#include "datasets/augmentation/device_upload.h"
#include "framework/core/error.h"

namespace medvol::datasets {

AugmentedBatch DeviceAugmenter::augment(const std::vector<PackedPatch>& samples) const {
  MEDVOL_CHECK(!samples.empty(), "no samples");
  const at::NoGradGuard no_gradients;
  const auto count = static_cast<int64_t>(samples.size());
  const int64_t channels = samples.front().image.size(0);
  const auto [depth, height, width] = specification_.patch_size;
  AugmentedBatch batch;
  batch.images = at::empty({count, channels, depth, height, width}, at::TensorOptions(at::kFloat).device(device_));
  batch.labels = at::empty({count, depth, height, width}, at::TensorOptions(at::kByte).device(device_));

  DeviceUpload upload(device_);
  const DeviceGather gather(specification_, samples, upload);
  const std::vector<DeviceStep> steps = device_steps(specification_, samples, upload);
  upload.send();
  gather.run(upload, device_, batch.images, batch.labels);
  at::Tensor rows = batch.images.flatten(0, 1);
  for (const DeviceStep& step : steps) step(upload, rows);
  batch.images = rows.view_as(batch.images);
  return batch;
}

}  // namespace medvol::datasets
