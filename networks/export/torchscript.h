#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "networks/export/trace.h"
#include "networks/network.h"

namespace medvol::networks {

/// Traces the network's finest head in evaluation mode on one input of `input_shape` ([N, C, (D,) H, W]) and writes a
/// TorchScript file, atomically. Submodules and parameters keep their names, so Python's
/// `torch.jit.load(f).state_dict()` shows them. `extra_files`: name → text, stored beside the code. The trace holds for
/// every batch size and every spatial size that is a multiple of `multiple_of()`; where the network has a
/// `fixed_size()`, for that size alone, which the file itself does not check. Throws core::UserError when the file
/// cannot be written.
void write_torchscript(Network& network, const std::vector<int64_t>& input_shape, const std::filesystem::path& path,
                       const std::map<std::string, std::string>& extra_files);

/// The same of any module, such as a network on meshes.
void write_torchscript(const Traceable& subject, const std::filesystem::path& path,
                       const std::map<std::string, std::string>& extra_files);

}  // namespace medvol::networks
