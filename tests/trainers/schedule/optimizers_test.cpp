#include "trainers/schedule/optimizers.h"

#include <gtest/gtest.h>

#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <cmath>

#include "framework/core/error.h"

namespace medvol::trainers {
namespace {

/// Both walk the same random gradients; ours on a flat vector, LibTorch's on a parameter.
template <class Torch>
void expect_equal_to(Torch reference, torch::Tensor parameter, Optimizer& ours) {
  torch::manual_seed(11);
  torch::Tensor flat = parameter.detach().clone();
  for (int step = 0; step < 25; ++step) {
    torch::Tensor gradient = torch::randn_like(flat);
    parameter.mutable_grad() = gradient.clone();
    reference.step();
    ours.step(flat, gradient, ours.base_learning_rate());
    ASSERT_TRUE(torch::allclose(flat, parameter, 1e-5, 1e-6)) << "step " << step;
  }
}

TEST(Sgd, EqualsTorch) {
  for (const bool nesterov : {false, true}) {
    torch::Tensor parameter = torch::randn({40}).requires_grad_();
    Sgd sgd({.learning_rate = 0.02, .momentum = 0.9, .weight_decay = 0.01, .nesterov = nesterov});
    expect_equal_to(
        torch::optim::SGD({parameter},
                          torch::optim::SGDOptions(0.02).momentum(0.9).weight_decay(0.01).nesterov(nesterov)),
        parameter, sgd);
  }
}

TEST(AdamW, EqualsTorch) {
  torch::Tensor parameter = torch::randn({40}).requires_grad_();
  AdamW adam({.learning_rate = 0.01, .weight_decay = 0.1});
  expect_equal_to(torch::optim::AdamW({parameter}, torch::optim::AdamWOptions(0.01).weight_decay(0.1)), parameter,
                  adam);
}

TEST(Optimizers, StateRestoresEveryBit) {
  OptimizerRegistry registry("optimizer");
  register_optimizers(registry);
  for (const std::string name : {"sgd", "adamw"}) {
    const OptimizerChoice choice(registry, name);
    auto first = choice.build(), second = choice.build();
    torch::Tensor a = torch::randn({33});
    const auto walk = [](Optimizer& optimizer, torch::Tensor& x, int steps, uint64_t seed) {
      torch::manual_seed(seed);
      for (int i = 0; i < steps; ++i) {
        torch::Tensor gradient = torch::randn_like(x);
        optimizer.step(x, gradient, 0.01);
      }
    };
    walk(*first, a, 7, 1);
    torch::Tensor b = a.clone();
    second->load(first->state());
    walk(*first, a, 5, 2);
    walk(*second, b, 5, 2);
    EXPECT_TRUE(a.equal(b)) << name;
    EXPECT_THROW(second->load({{"unknown", torch::ones({1})}}), core::UserError);
  }
}

}  // namespace
}  // namespace medvol::trainers
