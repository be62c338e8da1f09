#include "networks/segmentation/attention_unet.h"

#include "networks/blocks/input_size.h"
#include "networks/segmentation/stages.h"

namespace medvol::networks {
namespace {

AttentionUNetOptions resolve(AttentionUNetOptions options, const TaskShape& shape) {
  resolve_stages({options.features_per_stage, options.kernel_sizes, options.strides}, shape);
  return options;
}

ConvUnit batch_unit(const ConvolutionOptions& convolution) {
  return ConvUnit(ConvUnitOptions{convolution, Normalization::batch, {ActivationKind::relu}});
}

std::shared_ptr<torch::nn::Module> container() { return std::make_shared<torch::nn::Module>(); }

}  // namespace

/// A stage of the encoder: two convolutions with batch norm and ReLU, the first with the stride.
class AttentionUNet::TwoConvolutions : public torch::nn::Module {
 public:
  explicit TwoConvolutions(ConvolutionOptions options) {
    const auto list = register_module("conv", container());
    first_ = list->register_module("0", batch_unit(options));
    options.in_channels = options.out_channels;
    options.stride.assign(options.stride.size(), 1);
    second_ = list->register_module("1", batch_unit(options));
  }
  torch::Tensor forward(const torch::Tensor& x) { return second_->forward(first_->forward(x)); }

 private:
  ConvUnit first_{nullptr}, second_{nullptr};
};

/// A stage of the decoder: features from below are brought up, gate the skip, and are merged with it.
class AttentionUNet::Level : public torch::nn::Module {
 public:
  /// `up`: the transposed convolution from below; `kernel`: of the convolution that merges.
  Level(const ConvolutionOptions& up, const std::vector<int64_t>& kernel) {
    const int64_t channels = up.out_channels;
    const std::vector<int64_t> ones(kernel.size(), 1);
    gate_ = register_module("attention", AttentionGate(static_cast<int64_t>(kernel.size()), channels, channels / 2));
    up_ = register_module("upconv", container())->register_module("up", batch_unit(up));
    const ConvUnitOptions merge{
        {2 * channels, channels, kernel, ones}, Normalization::plain_instance, {ActivationKind::prelu, /*slope=*/0.25}};
    merge_ = register_module("merge", ConvUnit(merge));
  }
  torch::Tensor forward(const torch::Tensor& skip, const torch::Tensor& below) {
    const torch::Tensor raised = up_->forward(below);
    return merge_->forward(torch::cat({gate_->forward(raised, skip), raised}, 1));
  }

 private:
  AttentionGate gate_{nullptr};
  ConvUnit up_{nullptr}, merge_{nullptr};
};

AttentionUNet::AttentionUNet(const AttentionUNetOptions& options, const TaskShape& shape)
    : options_(resolve(options, shape)), deep_supervision_(options.deep_supervision && shape.deep_supervision) {
  build_stages(shape.in_channels);
  name_stages();
  const std::vector<int64_t> ones(options_.strides[0].size(), 1);
  const auto head = [&](size_t level) {
    return ConvUnit(ConvUnitOptions{{options_.features_per_stage[level], shape.out_channels, ones, ones}});
  };
  heads_.push_back(named_children()["model"]->register_module("2", head(0)));
  if (!options_.deep_supervision) return;
  const auto coarser = register_module("deep_supervision", container());
  for (size_t level = 1; level < levels_.size(); ++level)
    heads_.push_back(coarser->register_module(fmt::format("{}", level), head(level)));
}

void AttentionUNet::build_stages(int64_t in_channels) {
  const auto& widths = options_.features_per_stage;
  const auto& kernels = options_.kernel_sizes;
  for (size_t i = 0; i < widths.size(); ++i) {
    encoder_.push_back(std::make_shared<TwoConvolutions>(
        ConvolutionOptions{i ? widths[i - 1] : in_channels, widths[i], kernels[i], options_.strides[i]}));
    if (i == 0) continue;
    const ConvolutionOptions up = same_transposed(widths[i], widths[i - 1], kernels[i], options_.strides[i]);
    levels_.push_back(std::make_shared<Level>(up, kernels[i - 1]));
  }
}

// MONAI nests its stages, finest outside: model.1.submodule.1.submodule.…
void AttentionUNet::name_stages() {
  auto outer = register_module("model", container());
  outer->register_module("0", encoder_[0]);
  for (size_t level = 0; level < levels_.size(); ++level) {
    outer->register_module("1", levels_[level]);
    if (level + 1 == levels_.size()) {
      levels_[level]->register_module("submodule", encoder_[level + 1]);
    } else {
      outer = levels_[level]->register_module("submodule", container());
      outer->register_module("0", encoder_[level + 1]);
    }
  }
}

std::vector<torch::Tensor> AttentionUNet::forward(const torch::Tensor& x) {
  require_multiple(x, multiple_of(), "attention_unet");
  std::vector<torch::Tensor> skips;
  torch::Tensor features = x;
  for (const auto& stage : encoder_) {
    features = stage->forward(features);
    skips.push_back(features);
  }
  const bool all_heads = deep_supervision_ && is_training();
  std::vector<torch::Tensor> heads;
  for (size_t level = levels_.size(); level-- > 0;) {
    features = levels_[level]->forward(skips[level], features);
    if (level == 0 || all_heads) heads.insert(heads.begin(), heads_[level]->forward(features));
  }
  return heads;
}

std::vector<int64_t> AttentionUNet::multiple_of() const { return total_stride(options_.strides); }

std::vector<std::vector<int64_t>> AttentionUNet::head_strides() const {
  return strides_of_levels(options_.strides, deep_supervision_ ? levels_.size() : 1);
}

void AttentionUNet::initialize(torch::Generator generator) {
  initialize_convolutions(*this, std::move(generator), /*slope=*/0.0);
}

}  // namespace medvol::networks
