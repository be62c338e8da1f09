#pragma once
#include <map>
#include <string>
#include <vector>

#include <torch/nn/module.h>

namespace medvol::networks {

/// How named tensors fit a module's parameters and buffers. All names, sorted.
struct MatchReport {
  struct Misshapen {
    std::string name;
    std::vector<int64_t> own, given;
  };
  std::vector<std::string> loaded, missing, surplus;
  std::vector<std::string> aliases;  ///< surplus names of a tensor that is loaded under another one (tied weights)
  std::vector<Misshapen> misshapen;

  bool complete() const { return missing.empty() && surplus.empty() && misshapen.empty(); }
  /// One line: the counts, and the first names of each fault.
  std::string summary() const;
  /// Every fault with its name, one a line; empty when it is complete.
  std::string text() const;
};

/// Compares without loading.
MatchReport match_weights(const torch::nn::Module& module, const std::map<std::string, torch::Tensor>& named);

/// Copies tensors into a module's parameters and buffers by name, converting their type. Throws core::UserError, naming
/// `where`, when a name is missing, surplus or of another shape: weights of another network never load in part. Only
/// names that begin with an entry of `may_differ` (a new head: "decoder.seg_layers") may; those stay as they are in the
/// module. Nothing is changed when it throws.
MatchReport load_named_weights(torch::nn::Module& module, const std::map<std::string, torch::Tensor>& named,
                               const std::string& where, const std::vector<std::string>& may_differ = {});

}  // namespace medvol::networks
