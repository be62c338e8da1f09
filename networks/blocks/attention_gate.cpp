#include "networks/blocks/attention_gate.h"

namespace medvol::networks {
namespace {

torch::Tensor project(torch::nn::ModuleList& projection, const torch::Tensor& x) {
  return projection[1]->as<BatchNormImpl>()->forward(projection[0]->as<ConvUnitImpl>()->forward(x));
}

}  // namespace

AttentionGateImpl::AttentionGateImpl(int64_t axes, int64_t channels, int64_t inner) {
  gate_ = projection("W_g", axes, channels, inner);
  features_ = projection("W_x", axes, channels, inner);
  psi_ = projection("psi", axes, inner, 1);
}

torch::nn::ModuleList AttentionGateImpl::projection(const std::string& name, int64_t axes, int64_t in_channels,
                                                    int64_t out_channels) {
  torch::nn::ModuleList list;
  const std::vector<int64_t> ones(static_cast<size_t>(axes), 1);
  list->push_back(ConvUnit(ConvUnitOptions{{in_channels, out_channels, ones, ones}}));
  list->push_back(BatchNorm(out_channels));
  return register_module(name, list);
}

torch::Tensor AttentionGateImpl::forward(const torch::Tensor& gate, const torch::Tensor& x) {
  const torch::Tensor sum = torch::relu(project(gate_, gate) + project(features_, x));
  return x * torch::sigmoid(project(psi_, sum));
}

}  // namespace medvol::networks
