#include "framework/runtime/execution_context.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "framework/core/error.h"
#include "framework/runtime/stop_signal.h"

#include <csignal>

namespace medvol::runtime {
namespace {

ExecutionContext cpu(Precision precision) {
  return ExecutionContext::resolve({.device = "cpu", .precision = precision, .compute_threads = 1}, 5);
}

TEST(ExecutionContext, UnknownDeviceIsOneClearError) {
  for (const char* device : {"tpu", "cuda:x", "mps"}) {
    try {
      ExecutionContext::resolve({.device = device}, 0);
      FAIL() << device;
    } catch (const core::UserError& error) {
      EXPECT_NE(std::string(error.what()).find("hardware.device"), std::string::npos) << error.what();
    }
  }
}

TEST(ExecutionContext, AutomaticIsAlwaysResolved) {
  const ExecutionContext context = ExecutionContext::resolve({.device = "cpu"}, 1);
  EXPECT_NE(context.precision, Precision::automatic);
  EXPECT_EQ(context.precision == Precision::bf16, cpu_has_fast_bf16());
  EXPECT_GE(context.compute_threads, 1);
}

TEST(ExecutionContext, GeneratorsDependOnSeedPurposeAndIndexOnly) {
  const ExecutionContext a = cpu(Precision::float32);
  const auto draw = [](const ExecutionContext& context, Purpose purpose, uint64_t index) {
    return torch::empty({3}).normal_(0, 1, context.generator(purpose, index));
  };
  EXPECT_TRUE(draw(a, purpose_weights, 0).equal(draw(a, purpose_weights, 0)));
  EXPECT_FALSE(draw(a, purpose_weights, 0).equal(draw(a, purpose_weights, 1)));
  EXPECT_FALSE(draw(a, purpose_weights, 0).equal(draw(a, purpose_dropout, 0)));
}

TEST(AutocastGuard, ComputesInBf16OnlyWhileItLives) {
  const torch::Tensor a = torch::randn({4, 4});
  {
    const AutocastGuard guard(cpu(Precision::bf16));
    EXPECT_EQ(torch::mm(a, a).scalar_type(), torch::kBFloat16);
  }
  EXPECT_EQ(torch::mm(a, a).scalar_type(), torch::kFloat32);
  const AutocastGuard guard(cpu(Precision::float32));
  EXPECT_EQ(torch::mm(a, a).scalar_type(), torch::kFloat32);
}

TEST(StopSignal, RemembersTheFirstSignal) {
  const StopSignal signals;
  EXPECT_FALSE(StopSignal::requested());
  std::raise(SIGTERM);
  EXPECT_TRUE(StopSignal::requested());
}

}  // namespace
}  // namespace medvol::runtime
