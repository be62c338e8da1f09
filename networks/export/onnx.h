#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "networks/export/trace.h"
#include "networks/network.h"

namespace medvol::networks {

struct OnnxOptions {
  std::string version;                          ///< of the program, for `producer_version`
  std::map<std::string, std::string> metadata;  ///< name → text, such as a bundle's description
};

/// Writes the network's finest head in evaluation mode as ONNX, opset 17, atomically: input "image", output
/// "prediction", initialisers under the names of the parameters. input_shape: [N, C, (D,) H, W], the size to trace
/// with. The batch is open; the spatial sizes too, unless the network has a `fixed_size()`. Throws core::UserError when
/// the network uses an operator without a mapping, when it exceeds 2 GB, or when the file cannot be written.
void write_onnx(Network& network, const std::vector<int64_t>& input_shape, const std::filesystem::path& path,
                const OnnxOptions& options);

/// The same of any module, such as a network on meshes.
void write_onnx(const Traceable& subject, const std::filesystem::path& path, const OnnxOptions& options);

}  // namespace medvol::networks
