#pragma once
#include <string>

#include "networks/export/onnx_file/onnx_model.h"

namespace medvol::networks {

/// The model as the content of an .onnx file: IR version 8, opset 17. Throws core::UserError when it exceeds the 2 GB
/// that the format can hold.
std::string onnx_bytes(const OnnxModel& model);

/// What an .onnx file says of itself, without its nodes and weights.
struct OnnxSummary {
  int64_t opset = 0, nodes = 0;
  int64_t parameters = 0;  ///< elements of all initialisers
  std::string producer;
  std::vector<OnnxPort> inputs, outputs;
  std::map<std::string, std::string> metadata;
};

/// Reads the content of an .onnx file. Throws core::UserError, naming `where`, when it is none.
OnnxSummary summarize_onnx(const std::string& bytes, const std::string& where);

}  // namespace medvol::networks
