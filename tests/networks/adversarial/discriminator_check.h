#pragma once
#include <functional>
#include <memory>
#include <vector>

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "networks/adversarial/register.h"
#include "tests/networks/support/network_contract.h"

namespace medvol::tests {

inline networks::DiscriminatorShape discriminator_shape(std::vector<int64_t> patch, int64_t channels = 1) {
  return {static_cast<int64_t>(patch.size()), channels, std::move(patch)};
}

inline std::shared_ptr<networks::Discriminator> build_discriminator(const std::string& name,
                                                                    const networks::DiscriminatorShape& shape) {
  networks::DiscriminatorRegistry registry("discriminator");
  networks::register_discriminators(registry);
  return networks::DiscriminatorChoice(registry, name).build(shape);
}

/// All that a judgement says, as one list.
inline std::vector<torch::Tensor> flattened(const networks::Judgement& judgement) {
  std::vector<torch::Tensor> all = judgement.logits;
  for (const auto& scale : judgement.features) all.insert(all.end(), scale.begin(), scale.end());
  return all;
}

namespace contract {

/// Gradients of all outputs reach x and every parameter.
inline void expect_gradients(networks::Discriminator& discriminator, torch::Tensor x) {
  discriminator.train();
  x.requires_grad_();
  torch::Tensor sum = torch::zeros({});
  for (const torch::Tensor& y : flattened(discriminator.forward(x)))
    sum = sum + (y * torch::empty(y.sizes()).normal_(0.0, 1.0, generator(9))).sum();
  sum.backward();
  EXPECT_GT(x.grad().abs().max().item<float>(), 0);
  for (const auto& item : discriminator.named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    EXPECT_TRUE(item.value().grad().isfinite().all().item<bool>()) << item.key();
    EXPECT_GT(item.value().grad().abs().max().item<float>(), 0) << item.key();
  }
}

inline void expect_bf16_close(networks::Discriminator& discriminator, const torch::Tensor& x) {
  const torch::NoGradGuard no_grad;
  discriminator.eval();
  const auto exact = flattened(discriminator.forward(x));
  const auto before = at::autocast::get_autocast_dtype(at::kCPU);
  at::autocast::set_autocast_enabled(at::kCPU, true);
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  const auto rounded = flattened(discriminator.forward(x));
  at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(at::kCPU, false);
  at::autocast::set_autocast_dtype(at::kCPU, before);
  for (size_t i = 0; i < exact.size(); ++i)
    EXPECT_LE((rounded[i].to(torch::kFloat32) - exact[i]).norm().item<double>(), 0.05 * exact[i].norm().item<double>())
        << "output " << i;
}

inline void expect_initialisation_repeats(const std::function<std::shared_ptr<networks::Discriminator>()>& build) {
  const auto first = build(), second = build();
  first->initialize(generator(5));
  torch::rand({3});  // the global generator must not matter
  second->initialize(generator(5));
  const auto parameters = first->named_parameters(), buffers = first->named_buffers();
  for (const auto& item : second->named_parameters())
    EXPECT_TRUE(item.value().equal(parameters[item.key()])) << item.key();
  for (const auto& item : second->named_buffers()) EXPECT_TRUE(item.value().equal(buffers[item.key()])) << item.key();
  second->initialize(generator(6));
  EXPECT_FALSE(second->parameters().front().equal(first->parameters().front()));
}

}  // namespace contract

/// The promises of networks/discriminator.h: finite outputs at each size [(D,) H, W], logits of one channel, gradients,
/// bf16 near float32, and an initialisation that repeats.
inline void check_discriminator(const std::function<std::shared_ptr<networks::Discriminator>()>& build,
                                int64_t in_channels, const std::vector<std::vector<int64_t>>& sizes) {
  const auto discriminator = build();
  discriminator->initialize(contract::generator(1));
  torch::Tensor x;
  for (std::vector<int64_t> size : sizes) {
    size.insert(size.begin(), {2, in_channels});
    x = torch::empty(size).normal_(0.0, 1.0, contract::generator(7));
    const networks::Judgement judgement = discriminator->forward(x);
    for (const torch::Tensor& y : flattened(judgement)) {
      EXPECT_EQ(y.dim(), x.dim());
      EXPECT_TRUE(y.isfinite().all().item<bool>());
    }
    for (const torch::Tensor& logits : judgement.logits) EXPECT_EQ(logits.size(1), 1);
  }
  contract::expect_bf16_close(*discriminator, x);
  contract::expect_gradients(*discriminator, x);
  contract::expect_initialisation_repeats(build);
}

}  // namespace medvol::tests
