#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace medvol::networks {

/// Numbers as in onnx.proto's TensorProto.DataType.
enum class OnnxType : int32_t {
  float32 = 1,
  uint8 = 2,
  int8 = 3,
  int16 = 5,
  int32 = 6,
  int64 = 7,
  boolean = 9,
  float16 = 10,
  float64 = 11,
  bfloat16 = 16
};

using OnnxAttribute = std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>>;

struct OnnxNode {
  std::string op_type;
  std::vector<std::string> inputs;  ///< an empty name: an optional input that is not given
  std::vector<std::string> outputs;
  std::map<std::string, OnnxAttribute> attributes;
};

struct OnnxInitializer {
  std::string name;
  OnnxType type = OnnxType::float32;
  std::vector<int64_t> dims;
  std::string bytes;  ///< row-major, little endian
};

/// An input or output of the graph. A dimension is a size, or the name of a size that is open.
struct OnnxPort {
  std::string name;
  OnnxType type = OnnxType::float32;
  std::vector<std::variant<int64_t, std::string>> dims;
};

/// An ONNX model without protobuf and without LibTorch: what lies between the two.
struct OnnxModel {
  std::string name;
  std::string producer_version;
  std::vector<OnnxNode> nodes;  ///< each after those it takes from
  std::vector<OnnxInitializer> initializers;
  std::vector<OnnxPort> inputs, outputs;
  std::map<std::string, std::string> metadata;
};

}  // namespace medvol::networks
