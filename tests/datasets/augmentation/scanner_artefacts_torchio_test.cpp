// The scanner's artefacts against TorchIO's: golden/torchio_artefacts.py made the values, by a volume that stands there
// and here.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "datasets/augmentation/scanner_artefacts.h"
#include "tests/support/support.h"

namespace medvol::datasets {
namespace {

using nlohmann::json;

const json& golden() {
  static const json all =
      json::parse(tests::read_file(tests::source_root() / "tests/datasets/augmentation/golden/torchio_artefacts.json"));
  return all;
}

at::Tensor volume() {
  at::Tensor result = at::full({12, 10, 14}, 0.5);
  for (int64_t z = 3; z < 9; ++z)
    for (int64_t y = 3; y < 7; ++y)
      for (int64_t x = 4; x < 10; ++x)
        result[z][y][x] = 2 + std::sin(0.9 * double(z) + 0.3) * std::cos(0.7 * double(y)) + 0.1 * double(x);
  return result;
}

/// Largest difference of what is kept of TorchIO's result.
double difference(const at::Tensor& ours, const json& theirs) {
  const at::Tensor kept = ours.flatten().slice(0, 0, ours.numel(), golden().at("every").get<int64_t>());
  const at::Tensor values = at::tensor(theirs.get<std::vector<float>>());
  EXPECT_EQ(kept.numel(), values.numel());
  return (kept - values).abs().max().item<double>();
}

/// `index`: of scanner_artefacts().
void expect_theirs(size_t index, const ChannelDraws& draws, const json& one) {
  const ScannerArtefact& artefact = scanner_artefacts()[index];
  ASSERT_TRUE(artefact.drawn(draws));
  at::Tensor image = volume();
  const double before = difference(image, one.at("values"));
  apply_artefact(artefact, draws, {12, 10, 14}, image.mutable_data_ptr<float>());
  EXPECT_LT(difference(image, one.at("values")), 2e-5);
  EXPECT_GT(before, 0.1) << "the artefact is there to be seen";
}

TEST(TorchIo, TheVolumeIsTheSame) { EXPECT_LT(difference(volume(), golden().at("input")), 1e-6); }

TEST(TorchIo, Motion) {
  for (const json& one : golden().at("motion")) {
    ChannelDraws draws;
    draws.motion.axis = one.at("axis");
    draws.motion.resting = 1;  // the part around the middle of k-space
    for (const json& movement : one.at("movements"))
      draws.motion.movements.push_back({movement.at("time"), movement.at("matrix"), movement.at("shift")});
    expect_theirs(0, draws, one);
  }
}

TEST(TorchIo, Ghosting) {
  for (const json& one : golden().at("ghosting")) {
    ChannelDraws draws;
    draws.ghosting = {one.at("axis"), one.at("every"), one.at("weakened")};
    expect_theirs(1, draws, one);
  }
}

TEST(TorchIo, Spike) {
  for (const json& one : golden().at("spike")) {
    ChannelDraws draws;
    draws.spike = {one.at("ratio"), one.at("place")};
    expect_theirs(2, draws, one);
  }
}

TEST(TorchIo, BiasField) {
  for (const json& one : golden().at("bias_field")) {
    const size_t edge = one.at("order").get<size_t>() + 1;
    ChannelDraws draws;
    draws.bias.assign(edge * edge * edge, 0);
    for (const json& term : one.at("coefficients"))
      draws.bias[(term[0].get<size_t>() * edge + term[1].get<size_t>()) * edge + term[2].get<size_t>()] = term[3];
    expect_theirs(3, draws, one);
  }
}

TEST(TorchIo, Anisotropy) {
  for (const json& one : golden().at("anisotropy")) {
    ChannelDraws draws;
    draws.anisotropy = {one.at("axis"), one.at("thickness")};
    expect_theirs(4, draws, one);
  }
}

}  // namespace
}  // namespace medvol::datasets
