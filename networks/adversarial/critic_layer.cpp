#include "networks/adversarial/critic_layer.h"

namespace medvol::networks {

config::EnumNames<CriticNormalization> enum_names(CriticNormalization) {
  return {{"batch", CriticNormalization::batch},
          {"instance", CriticNormalization::instance},
          {"none", CriticNormalization::none}};
}

CriticLayerImpl::CriticLayerImpl(const CriticLayerOptions& options)
    : normalization_(options.normalization), slope_(options.slope) {
  if (options.spectral_norm)
    spectral_ = register_module("conv", SpectralConvolution(options.convolution));
  else
    plain_ = register_module("conv", Convolution(options.convolution));
  if (normalization_ != CriticNormalization::batch) return;
  const auto adn = register_module("adn", std::make_shared<torch::nn::Module>());
  batch_norm_ = adn->register_module("N", BatchNorm(options.convolution.out_channels));
}

torch::Tensor CriticLayerImpl::forward(const torch::Tensor& x) {
  torch::Tensor y = plain_ ? plain_->forward(x) : spectral_->forward(x);
  if (normalization_ == CriticNormalization::batch) y = batch_norm_->forward(y);
  if (normalization_ == CriticNormalization::instance)
    y = torch::instance_norm(y, {}, {}, {}, {}, /*use_input_stats=*/true, /*momentum=*/0.0, /*eps=*/1e-5,
                             /*cudnn_enabled=*/true);
  return slope_ ? torch::leaky_relu(y, *slope_) : y;
}

void initialize_like_dcgan(torch::nn::Module& module, torch::Generator generator) {
  const torch::NoGradGuard no_grad;
  for (const auto& item : module.named_parameters()) {
    torch::Tensor parameter = item.value();
    if (parameter.dim() > 1)
      parameter.copy_(torch::empty(parameter.sizes()).normal_(0.0, 0.02, generator));
    else if (item.key().ends_with("weight"))
      parameter.copy_(torch::empty(parameter.sizes()).normal_(1.0, 0.02, generator));
    else
      parameter.zero_();
  }
  for (const auto& item : module.named_buffers()) {
    if (item.key().ends_with("running_mean") || item.key().ends_with("num_batches_tracked")) item.value().zero_();
    if (item.key().ends_with("running_var")) item.value().fill_(1.0);
  }
  for (const auto& child : module.modules(/*include_self=*/false))
    if (auto spectral = std::dynamic_pointer_cast<SpectralConvolutionImpl>(child)) spectral->start(generator);
}

}  // namespace medvol::networks
