#include "networks/graph/graph_refiner.h"

namespace medvol::networks {
namespace {

/// Of the head's first weights: refinement begins near the surface that it is given.
constexpr double head_scale = 0.01;

class ResidualBlock : public torch::nn::Module {
 public:
  explicit ResidualBlock(int64_t width) {
    first_ = register_module("first", GraphConvolution(width, width));
    second_ = register_module("second", GraphConvolution(width, width));
  }
  torch::Tensor forward(const torch::Tensor& x, const MessagePaths& paths) {
    const torch::Tensor inner = torch::relu(first_->forward(x, paths));
    return (x + torch::relu(second_->forward(inner, paths))) * 0.5;
  }
  void initialize(const torch::Generator& generator) {
    first_->initialize(generator);
    second_->initialize(generator);
  }

 private:
  GraphConvolution first_{nullptr}, second_{nullptr};
};

}  // namespace

GraphRefiner::GraphRefiner(const GraphRefinerOptions& options, const MeshShape& shape) {
  stem_ = register_module("stem", GraphConvolution(shape.in_features, options.width));
  blocks_ = register_module("blocks", torch::nn::ModuleList());
  for (int64_t i = 0; i < options.blocks; ++i) blocks_->push_back(std::make_shared<ResidualBlock>(options.width));
  head_ = register_module("head", GraphConvolution(options.width, 3));
}

torch::Tensor GraphRefiner::forward(const torch::Tensor& features, const torch::Tensor& edges) {
  const MessagePaths paths = message_paths(features, edges);
  torch::Tensor x = torch::relu(stem_->forward(features, paths));
  for (const auto& block : *blocks_) x = block->as<ResidualBlock>()->forward(x, paths);
  return head_->forward(x, paths).to(torch::kFloat32);
}

void GraphRefiner::initialize(torch::Generator generator) {
  stem_->initialize(generator);
  for (const auto& block : *blocks_) block->as<ResidualBlock>()->initialize(generator);
  head_->initialize(generator, head_scale);
}

}  // namespace medvol::networks
