#include "networks/graph/graph_convolution.h"

#include <cmath>

namespace medvol::networks {

MessagePaths message_paths(const torch::Tensor& features, const torch::Tensor& edges) {
  MessagePaths paths{edges.select(0, 0), edges.select(0, 1), {}};
  // Made of other tensors and not of sizes, which a trace would keep.
  const torch::Tensor nought = torch::zeros_like(features.narrow(1, 0, 1), torch::kFloat32);
  const torch::Tensor ones = torch::ones_like(paths.to, torch::kFloat32).unsqueeze(1);
  paths.inverse_degree = nought.index_add(0, paths.to, ones).clamp_min(1).reciprocal();
  return paths;
}

GraphConvolutionImpl::GraphConvolutionImpl(int64_t in_features, int64_t out_features) {
  self_ = register_parameter("self", torch::zeros({out_features, in_features}));
  neighbours_ = register_parameter("neighbours", torch::zeros({out_features, in_features}));
  bias_ = register_parameter("bias", torch::zeros({out_features}));
}

torch::Tensor GraphConvolutionImpl::forward(const torch::Tensor& x, const MessagePaths& paths) {
  // Sums of neighbours in float32, also where autocast made x bf16.
  const torch::Tensor precise = x.to(torch::kFloat32);
  const torch::Tensor sum = torch::zeros_like(precise).index_add(0, paths.to, precise.index_select(0, paths.from));
  return torch::linear(x, self_, bias_) + torch::linear(sum * paths.inverse_degree, neighbours_);
}

void GraphConvolutionImpl::initialize(torch::Generator generator, double scale) {
  const torch::NoGradGuard no_grad;
  const double deviation = scale / std::sqrt(static_cast<double>(self_.size(1)));
  for (torch::Tensor* weight : {&self_, &neighbours_})
    weight->copy_(torch::empty(weight->sizes()).normal_(0.0, deviation, generator));
  bias_.zero_();
}

}  // namespace medvol::networks
