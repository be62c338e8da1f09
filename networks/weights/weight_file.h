#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <torch/nn/module.h>

namespace medvol::networks {

/// Named tensors of a weight file.
struct WeightFile {
  std::map<std::string, torch::Tensor> tensors;  ///< tensors that were one in Python share their memory here too
  std::string entry;     ///< the entry of a checkpoint that held them: "network_weights"; else empty
  std::string stripped;  ///< what stood before every name: "module."; else empty
};

/// Reads the weights of a safetensors file, or of what Python's `torch.save` wrote (a zip with data.pkl, since
/// torch 1.6): a state dict, or a checkpoint with one under "state_dict", "network_weights" (nnU-Net),
/// "model_state_dict", "model", "network", "net" or "params". No code of the file runs. Prefixes that wrappers add to
/// every name ("module.", "_orig_mod.") are taken off. Throws core::UserError when the file is missing, damaged, of an
/// older format, holds no weights, or would execute code when Python loads it.
WeightFile read_weight_file(const std::filesystem::path& path);

/// Parameters and buffers by name; the tensors are the module's own.
std::map<std::string, torch::Tensor> named_tensors(const torch::nn::Module& module);

/// Writes a module's parameters and buffers under their names as safetensors, atomically, for Python's
/// `safetensors.torch.load_file`. `notes`: what the file's metadata says beside it. Throws core::UserError when it
/// cannot be written.
void write_weight_file(const torch::nn::Module& module, const std::filesystem::path& path,
                       const std::map<std::string, std::string>& notes = {});

}  // namespace medvol::networks
