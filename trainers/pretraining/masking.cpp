#include "trainers/pretraining/masking.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace medvol::trainers {

torch::Tensor cube_mask(const std::vector<int64_t>& size, int64_t cube, double ratio, runtime::Philox& random) {
  std::vector<int64_t> cubes;
  for (const int64_t length : size) cubes.push_back((length + cube - 1) / cube);
  const int64_t count = std::accumulate(cubes.begin(), cubes.end(), int64_t{1}, std::multiplies<>());
  const auto wanted = static_cast<int64_t>(std::nearbyint(ratio * static_cast<double>(count)));
  const int64_t hidden = std::clamp<int64_t>(wanted, 1, std::max<int64_t>(1, count - 1));

  // The first `hidden` of a shuffle.
  std::vector<int64_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  torch::Tensor mask = torch::zeros({count});
  auto values = mask.accessor<float, 1>();
  for (int64_t i = 0; i < hidden; ++i) {
    const auto other = i + static_cast<int64_t>(random.below(static_cast<uint64_t>(count - i)));
    std::swap(order[static_cast<size_t>(i)], order[static_cast<size_t>(other)]);
    values[order[static_cast<size_t>(i)]] = 1;
  }
  mask = mask.view(cubes);
  for (size_t axis = 0; axis < size.size(); ++axis)
    mask = mask.repeat_interleave(cube, static_cast<int64_t>(axis)).narrow(static_cast<int64_t>(axis), 0, size[axis]);
  return mask.contiguous();
}

}  // namespace medvol::trainers
