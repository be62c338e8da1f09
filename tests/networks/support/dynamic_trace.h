#pragma once
#include <vector>

#include <gtest/gtest.h>
#include <torch/script.h>

#include "networks/export/torchscript.h"
#include "tests/networks/support/network_contract.h"

namespace medvol::tests {

/// A trace made at `traced` [N, C, (D,) H, W] gives the network's bits at `other` as well.
inline void expect_trace_holds(networks::Network& network, const std::vector<int64_t>& traced,
                               const std::vector<int64_t>& other) {
  const torch::NoGradGuard no_grad;
  const TemporaryFolder folder;
  network.eval();
  networks::write_torchscript(network, traced, folder / "network.pt", {});
  torch::jit::Module script = torch::jit::load((folder / "network.pt").string());
  const torch::Tensor x = formula_input(other);
  EXPECT_TRUE(script.forward({x}).toTensor().equal(network.forward(x).front()));
}

}  // namespace medvol::tests
