#include "framework/runtime/amx.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <torch/types.h>
#include <torch/utils.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "framework/runtime/execution_context.h"

namespace medvol::runtime {
namespace {

/// Largest error of a bf16 convolution of `channels` channels against one in float32 of the same rounded numbers, over
/// the largest value.
double convolution_error(int64_t channels) {
  torch::manual_seed(3);
  const torch::Tensor image = torch::randn({1, channels, 6, 20, 20}).to(torch::kBFloat16);
  const torch::Tensor weight = torch::randn({channels, channels, 3, 3, 3}).to(torch::kBFloat16);
  const torch::Tensor exact = torch::conv3d(image.to(torch::kFloat32), weight.to(torch::kFloat32));
  return ((torch::conv3d(image, weight).to(torch::kFloat32) - exact).abs().max() / exact.abs().max()).item<double>();
}

TEST(Amx, Bf16ProductsAreRightWhateverTheMachineHides) {
  prepare_amx();
  for (const int64_t channels : {1, 16, 32, 70}) EXPECT_LT(convolution_error(channels), 0.004) << channels;
  const torch::Tensor a = torch::randn({70, 130}).to(torch::kBFloat16),
                      b = torch::randn({130, 90}).to(torch::kBFloat16);
  const torch::Tensor exact = torch::mm(a.to(torch::kFloat32), b.to(torch::kFloat32));
  EXPECT_LT((torch::mm(a, b).to(torch::kFloat32) - exact).abs().max().item<double>(), 0.25);
}

TEST(Amx, GradientsInBf16AreRightToo) {
  prepare_amx();
  torch::manual_seed(4);
  const torch::Tensor image = torch::randn({2, 16, 6, 12, 12}), weight = torch::randn({32, 16, 3, 3, 3});
  std::vector<torch::Tensor> gradients;
  for (const auto type : {torch::kFloat32, torch::kBFloat16}) {
    const torch::Tensor x = image.to(torch::kBFloat16).to(type).requires_grad_(),
                        w = weight.to(torch::kBFloat16).to(type).requires_grad_();
    torch::conv3d(x, w, {}, 1, 1).sin().sum().backward();
    gradients.insert(gradients.end(), {x.grad().to(torch::kFloat32), w.grad().to(torch::kFloat32)});
  }
  // The sine of a rounded number is what differs: by a share of its steepness, so the whole is compared.
  for (size_t i : {0, 1}) {
    const double error = (gradients[i] - gradients[i + 2]).norm().item<double>();
    EXPECT_LT(error, 0.2 * gradients[i].norm().item<double>());
  }
}

TEST(Amx, AUsersLimitOfOneDnnDecides) {
  if (std::getenv("ONEDNN_MAX_CPU_ISA") != nullptr && std::string(std::getenv("ONEDNN_MAX_CPU_ISA")) == "AVX2") {
    prepare_amx();  // in the process below
    EXPECT_STREQ(std::getenv("ONEDNN_MAX_CPU_ISA"), "AVX2");
    return;
  }
  // What oneDNN may use is decided once a process.
  const pid_t child = fork();
  if (child == 0) {
    setenv("ONEDNN_MAX_CPU_ISA", "AVX2", 1);
    execl("/proc/self/exe", "check", "--gtest_filter=Amx.AUsersLimitOfOneDnnDecides", nullptr);
    _exit(1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace medvol::runtime
