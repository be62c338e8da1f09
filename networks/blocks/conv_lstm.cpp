#include "networks/blocks/conv_lstm.h"

#include <algorithm>

#include "framework/core/error.h"

namespace medvol::networks {
namespace {

ConvolutionOptions gates(int64_t in_channels, const ConvLstmOptions& options, bool bias) {
  return {in_channels, 4 * options.hidden_channels, {1, options.kernel_size, options.kernel_size}, {1, 1, 1}, bias};
}

}  // namespace

ConvLstmImpl::ConvLstmImpl(const ConvLstmOptions& options) : hidden_channels_(options.hidden_channels) {
  MEDVOL_CHECK(options.kernel_size % 2 == 1, "kernel {}", options.kernel_size);
  input_ = register_module("input", Convolution(gates(options.in_channels, options, /*bias=*/true)));
  hidden_ = register_module("hidden", Convolution(gates(options.hidden_channels, options, /*bias=*/false)));
}

torch::Tensor ConvLstmImpl::forward(const torch::Tensor& x, bool reverse) {
  const torch::Tensor from_input = input_->forward(x);  // all slices at once
  const int64_t slices = x.size(2);
  std::vector<torch::Tensor> states(static_cast<size_t>(slices));
  torch::Tensor cell, state;
  for (int64_t step = 0; step < slices; ++step) {
    const int64_t slice = reverse ? slices - 1 - step : step;
    torch::Tensor all = from_input.slice(2, slice, slice + 1);
    if (step > 0) all = all + hidden_->forward(state);  // the first state is nought, and this has no bias
    // The cell adds up over all slices: in 8 bits it would lose the small terms.
    if (from_input.scalar_type() == torch::kBFloat16 || from_input.scalar_type() == torch::kHalf)
      all = all.to(torch::kFloat32);
    const auto gate = [&](int64_t i) { return all.slice(1, i * hidden_channels_, (i + 1) * hidden_channels_); };
    const torch::Tensor update = torch::sigmoid(gate(0)) * torch::tanh(gate(2));
    cell = step > 0 ? torch::sigmoid(gate(1)) * cell + update : update;
    state = torch::sigmoid(gate(3)) * torch::tanh(cell);
    if (state.scalar_type() != from_input.scalar_type()) state = state.to(from_input.scalar_type());
    states[static_cast<size_t>(slice)] = state;
  }
  return torch::cat(states, 2);
}

void ConvLstmImpl::initialize(torch::Generator generator) {
  const torch::NoGradGuard no_grad;
  input_->initialize(generator, /*slope=*/1);
  hidden_->initialize(std::move(generator), /*slope=*/1);
  input_->named_parameters()["bias"].slice(0, hidden_channels_, 2 * hidden_channels_).fill_(1);
}

BidirectionalConvLstmImpl::BidirectionalConvLstmImpl(const ConvLstmOptions& options) {
  ahead_ = register_module("ahead", ConvLstm(options));
  back_ = register_module("back", ConvLstm(options));
}

torch::Tensor BidirectionalConvLstmImpl::forward(const torch::Tensor& x) {
  return torch::cat({ahead_->forward(x), back_->forward(x, /*reverse=*/true)}, 1);
}

}  // namespace medvol::networks
