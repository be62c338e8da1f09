#pragma once
#include <map>
#include <string>

#include <torch/torch.h>

namespace medvol::networks {

/// Copies tensors into a module's parameters and buffers by name. Throws core::UserError, naming `where`, with every
/// name that is missing, surplus or of another shape (the first few of each): weights of another network never load in
/// part.
void load_named_weights(torch::nn::Module& module, const std::map<std::string, torch::Tensor>& named,
                        const std::string& where);

}  // namespace medvol::networks
