#include "networks/adversarial/pix2pix.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "networks/adversarial/register.h"
#include "tests/networks/support/dynamic_trace.h"
#include "tests/networks/support/network_contract.h"

namespace medvol::networks {
namespace {

TaskShape task(std::vector<int64_t> patch, int64_t in_channels = 4, int64_t out_channels = 1) {
  TaskShape shape;
  shape.dimensions = static_cast<int64_t>(patch.size());
  shape.in_channels = in_channels;
  shape.out_channels = out_channels;
  shape.patch_size = std::move(patch);
  return shape;
}

Pix2PixOptions small(Pix2PixNormalization normalization = Pix2PixNormalization::batch) {
  return {.features = 4, .levels = 3, .max_features = 8, .normalization = normalization};
}

void check(const Pix2PixOptions& options, const TaskShape& shape, const std::vector<std::vector<int64_t>>& sizes) {
  tests::check_network({.build = [&] { return std::make_shared<Pix2Pix>(options, shape); },
                        .in_channels = shape.in_channels,
                        .out_channels = shape.out_channels,
                        .sizes = sizes});
}

// RGB at 256²: 4² kernels, biases where no norm follows, scales and shifts elsewhere. 54.41 million, as the authors'
// later program prints it.
TEST(Pix2Pix, PublishedNetworkHasSoManyParameters) {
  const auto conv = [](int64_t in, int64_t out, bool norm) { return 16 * in * out + (norm ? 2 : 1) * out; };
  int64_t expected = conv(3, 64, false) + conv(64, 128, true) + conv(128, 256, true) + conv(256, 512, true) +
                     3 * conv(512, 512, true) + conv(512, 512, false);
  expected += conv(512, 512, true) + 3 * conv(1024, 512, true) + conv(1024, 256, true) + conv(512, 128, true) +
              conv(256, 64, true) + conv(128, 3, false);
  NetworkRegistry registry("network");
  register_generators(registry);
  const auto network = NetworkChoice(registry, "pix2pix").build(task({256, 256}, 3, 3));
  EXPECT_EQ(network->parameter_count(), expected);
  EXPECT_NEAR(static_cast<double>(expected), 54.41e6, 0.01e6);
}

TEST(Pix2Pix, KeepsThePromisesOfANetwork) {
  check(small(), task({24, 40}), {{16, 24}, {8, 16}});
  check(small(Pix2PixNormalization::instance), task({8, 16, 24}), {{8, 16, 24}, {16, 8, 16}});
  Pix2PixOptions bounded = small();
  bounded.tanh = true;
  check(bounded, task({5, 16, 12}), {{3, 16, 16}, {5, 8, 12}});  // the thin axis is odd: it keeps its size
}

TEST(Pix2Pix, GoesAsDeepAsThePatchAndThePlanAllow) {
  EXPECT_EQ(Pix2Pix(small(), task({20, 40, 7})).multiple_of(), (std::vector<int64_t>{4, 8, 1}));
  TaskShape shape = task({32, 32, 32});
  shape.strides = {{1, 1, 1}, {1, 2, 2}, {2, 2, 2}};
  EXPECT_EQ(Pix2Pix(small(), shape).multiple_of(), (std::vector<int64_t>{2, 4, 4}));
  EXPECT_THROW(Pix2Pix(small(), task({15, 17})), core::UserError);
  EXPECT_THROW(Pix2Pix(small(), shape).forward(torch::randn({1, 4, 3, 4, 4})), core::UserError);
}

TEST(Pix2Pix, ATraceHoldsForEverySize) {
  Pix2Pix network(small(), task({4, 8, 8}));
  network.initialize(at::make_generator<at::CPUGeneratorImpl>(1));
  tests::expect_trace_holds(network, {1, 4, 4, 8, 8}, {2, 4, 8, 16, 24});
}

}  // namespace
}  // namespace medvol::networks
