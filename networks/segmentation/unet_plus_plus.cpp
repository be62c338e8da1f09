#include "networks/segmentation/unet_plus_plus.h"

#include "framework/core/error.h"
#include "networks/blocks/input_size.h"
#include "networks/blocks/upsampling.h"
#include "networks/segmentation/stages.h"

namespace medvol::networks {
namespace {

UNetPlusPlusOptions resolve(UNetPlusPlusOptions options, const TaskShape& shape) {
  resolve_stages({options.features_per_stage, options.kernel_sizes, options.strides}, shape, /*most=*/5);
  if (!options.last_features) options.last_features = options.features_per_stage[0];
  return options;
}

torch::Tensor max_pool(const torch::Tensor& x, const std::vector<int64_t>& stride) {
  return stride.size() == 3 ? torch::max_pool3d(x, stride, stride) : torch::max_pool2d(x, stride, stride);
}

}  // namespace

config::EnumNames<Upsampling> enum_names(Upsampling) {
  return {{"deconvolution", Upsampling::deconvolution}, {"linear", Upsampling::linear}};
}

/// H of a node: two convolutions, each with instance norm and leaky ReLU; in their own module where MONAI has one.
class UNetPlusPlus::TwoConvolutions : public torch::nn::Module {
 public:
  TwoConvolutions(int64_t in_channels, int64_t out_channels, const std::vector<int64_t>& kernel, double slope) {
    const std::vector<int64_t> ones(kernel.size(), 1);
    ConvUnitOptions unit{
        {in_channels, out_channels, kernel, ones}, Normalization::instance, {ActivationKind::leaky_relu, slope}};
    first_ = register_module("conv_0", ConvUnit(unit));
    unit.convolution.in_channels = out_channels;
    second_ = register_module("conv_1", ConvUnit(unit));
  }
  torch::Tensor forward(const torch::Tensor& x) { return second_->forward(first_->forward(x)); }

 private:
  ConvUnit first_{nullptr}, second_{nullptr};
};

/// A node off the backbone: the node below is brought up and joined to its predecessors of the same stage.
class UNetPlusPlus::Join : public torch::nn::Module {
 public:
  struct Widths {
    int64_t below, up, skips, out;
  };
  Join(const Widths& widths, const std::vector<int64_t>& kernel, std::vector<int64_t> stride,
       const UNetPlusPlusOptions& options)
      : stride_(std::move(stride)), linear_(options.upsampling == Upsampling::linear) {
    const std::vector<int64_t> ones(kernel.size(), 1);
    const auto upsample = register_module("upsample", std::make_shared<torch::nn::Module>());
    if (!linear_)
      up_ = upsample->register_module(
          "deconv", Convolution(ConvolutionOptions{widths.below, widths.up, stride_, stride_, true, true}));
    else if (widths.below != widths.up)
      up_ = upsample->register_module("preconv", Convolution(ConvolutionOptions{widths.below, widths.up, ones, ones}));
    convolutions_ = register_module("convs", std::make_shared<TwoConvolutions>(widths.skips + widths.up, widths.out,
                                                                               kernel, options.negative_slope));
  }

  /// `nodes`: the predecessors of the stage, in order.
  torch::Tensor forward(std::vector<torch::Tensor> nodes, const torch::Tensor& below) {
    const torch::Tensor raised = up_.is_empty() ? below : up_->forward(below);
    nodes.push_back(linear_ ? upsample_linear(raised, stride_) : raised);
    return convolutions_->forward(torch::cat(nodes, 1));
  }

 private:
  std::vector<int64_t> stride_;
  bool linear_;
  Convolution up_{nullptr};
  std::shared_ptr<TwoConvolutions> convolutions_;
};

UNetPlusPlus::UNetPlusPlus(const UNetPlusPlusOptions& options, const TaskShape& shape)
    : options_(resolve(options, shape)),
      deep_supervision_(shape.deep_supervision),
      level_(options_.features_per_stage.size() - 1) {
  build_backbone(shape.in_channels);
  build_joins(shape.out_channels);
}

void UNetPlusPlus::build_backbone(int64_t in_channels) {
  for (size_t i = 0; i < options_.features_per_stage.size(); ++i) {
    backbone_.push_back(std::make_shared<TwoConvolutions>(in_channels, options_.features_per_stage[i],
                                                          options_.kernel_sizes[i], options_.negative_slope));
    in_channels = options_.features_per_stage[i];
    const std::string name = fmt::format("conv_{}_0", i);
    if (i == 0)
      register_module(name, backbone_[i]);
    else  // MONAI holds the pooling beside the convolutions
      register_module(name, std::make_shared<torch::nn::Module>())->register_module("convs", backbone_[i]);
  }
}

void UNetPlusPlus::build_joins(int64_t out_channels) {
  const auto& features = options_.features_per_stage;
  const std::vector<int64_t> ones(options_.strides[0].size(), 1);
  joins_.resize(level_);
  for (size_t j = 1; j <= level_; ++j)
    for (size_t i = 0; i + j <= level_; ++i) {
      // Below the finest stage the width is halved on the way up.
      const int64_t up = i == 0 ? features[1] : features[i + 1] / 2;
      const int64_t out = i == 0 && j == level_ ? *options_.last_features : features[i];
      const Join::Widths widths{features[i + 1], up, features[i] * static_cast<int64_t>(j), out};
      joins_[i].push_back(
          register_module(fmt::format("upcat_{}_{}", i, j),
                          std::make_shared<Join>(widths, options_.kernel_sizes[i], options_.strides[i + 1], options_)));
      if (i == 0)
        heads_.push_back(register_module(fmt::format("final_conv_0_{}", j),
                                         Convolution(ConvolutionOptions{out, out_channels, ones, ones})));
    }
}

std::vector<torch::Tensor> UNetPlusPlus::top_nodes(const torch::Tensor& x) {
  // Diagonal after diagonal, i + j = depth: no node waits for one that is not there.
  std::vector<std::vector<torch::Tensor>> nodes(level_ + 1);
  for (size_t depth = 0; depth <= level_; ++depth) {
    const torch::Tensor input = depth == 0 ? x : max_pool(nodes[depth - 1][0], options_.strides[depth]);
    nodes[depth].push_back(backbone_[depth]->forward(input));
    for (size_t i = depth; i-- > 0;)
      nodes[i].push_back(joins_[i][depth - i - 1]->forward(nodes[i], nodes[i + 1].back()));
  }
  return {nodes[0].begin() + 1, nodes[0].end()};
}

std::vector<torch::Tensor> UNetPlusPlus::forward(const torch::Tensor& x) {
  require_multiple(x, multiple_of(), "unet_plus_plus");
  const std::vector<torch::Tensor> nodes = top_nodes(x);
  const bool several = deep_supervision_ && (is_training() || (options_.ensemble && !pruned_));
  std::vector<torch::Tensor> heads;
  for (size_t j = level_; j-- > (several ? 0 : level_ - 1);) heads.push_back(heads_[j]->forward(nodes[j]));
  if (is_training() || heads.size() == 1) return heads;
  torch::Tensor sum = heads[0];
  for (size_t head = 1; head < heads.size(); ++head) sum = sum + heads[head];
  return {sum / static_cast<double>(heads.size())};
}

std::vector<int64_t> UNetPlusPlus::multiple_of() const {
  return total_stride({options_.strides.begin(), options_.strides.begin() + static_cast<std::ptrdiff_t>(level_ + 1)});
}

std::vector<std::vector<int64_t>> UNetPlusPlus::head_strides() const {
  return std::vector<std::vector<int64_t>>(deep_supervision_ ? level_ : 1, options_.strides[0]);
}

void UNetPlusPlus::initialize(torch::Generator generator) {
  initialize_convolutions(*this, std::move(generator), options_.negative_slope);
}

void UNetPlusPlus::prune(int64_t level) {
  const auto deepest = static_cast<int64_t>(options_.features_per_stage.size()) - 1;
  if (level < 1 || level > deepest)
    throw core::UserError(fmt::format("has no level {}", level), "unet_plus_plus",
                          fmt::format("prune it to a level from 1 to {}", deepest));
  level_ = static_cast<size_t>(level);
  pruned_ = true;
}

}  // namespace medvol::networks
