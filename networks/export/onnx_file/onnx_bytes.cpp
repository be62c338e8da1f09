#include "networks/export/onnx_file/onnx_bytes.h"

#include <limits>

#include <onnx/onnx_pb.h>

#include "framework/core/error.h"

namespace medvol::networks {
namespace {

constexpr int64_t kIrVersion = 8, kOpset = 17;  // the pair of ONNX 1.12; onnxruntime reads it since 1.12

template <class... Case>
struct Overloaded : Case... {
  using Case::operator()...;
};
template <class... Case>
Overloaded(Case...) -> Overloaded<Case...>;

void set_attribute(onnx::AttributeProto& proto, const std::string& name, const OnnxAttribute& value) {
  proto.set_name(name);
  std::visit(
      Overloaded{[&](int64_t number) { proto.set_type(onnx::AttributeProto::INT), proto.set_i(number); },
                 [&](float number) { proto.set_type(onnx::AttributeProto::FLOAT), proto.set_f(number); },
                 [&](const std::string& text) { proto.set_type(onnx::AttributeProto::STRING), proto.set_s(text); },
                 [&](const std::vector<int64_t>& numbers) {
                   proto.set_type(onnx::AttributeProto::INTS);
                   for (const int64_t number : numbers) proto.add_ints(number);
                 },
                 [&](const std::vector<float>& numbers) {
                   proto.set_type(onnx::AttributeProto::FLOATS);
                   for (const float number : numbers) proto.add_floats(number);
                 }},
      value);
}

void set_node(onnx::NodeProto& proto, const OnnxNode& node) {
  proto.set_op_type(node.op_type);
  proto.set_name(node.outputs.at(0));
  for (const std::string& input : node.inputs) proto.add_input(input);
  for (const std::string& output : node.outputs) proto.add_output(output);
  for (const auto& [name, value] : node.attributes) set_attribute(*proto.add_attribute(), name, value);
}

void set_port(onnx::ValueInfoProto& proto, const OnnxPort& port) {
  proto.set_name(port.name);
  auto* tensor = proto.mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(static_cast<int32_t>(port.type));
  for (const auto& dim : port.dims) {
    auto* added = tensor->mutable_shape()->add_dim();
    if (const auto* size = std::get_if<int64_t>(&dim))
      added->set_dim_value(*size);
    else
      added->set_dim_param(std::get<std::string>(dim));
  }
}

void set_graph(onnx::GraphProto& graph, const OnnxModel& model) {
  graph.set_name(model.name);
  for (const OnnxPort& port : model.inputs) set_port(*graph.add_input(), port);
  for (const OnnxPort& port : model.outputs) set_port(*graph.add_output(), port);
  for (const OnnxNode& node : model.nodes) set_node(*graph.add_node(), node);
  for (const OnnxInitializer& initializer : model.initializers) {
    onnx::TensorProto& tensor = *graph.add_initializer();
    tensor.set_name(initializer.name);
    tensor.set_data_type(static_cast<int32_t>(initializer.type));
    for (const int64_t dim : initializer.dims) tensor.add_dims(dim);
    tensor.set_raw_data(initializer.bytes);
  }
}

OnnxPort read_port(const onnx::ValueInfoProto& proto) {
  OnnxPort port{proto.name(), static_cast<OnnxType>(proto.type().tensor_type().elem_type()), {}};
  for (const auto& dim : proto.type().tensor_type().shape().dim()) {
    if (dim.has_dim_value())
      port.dims.emplace_back(dim.dim_value());
    else
      port.dims.emplace_back(dim.has_dim_param() ? dim.dim_param() : std::string("?"));
  }
  return port;
}

}  // namespace

std::string onnx_bytes(const OnnxModel& model) {
  onnx::ModelProto proto;
  proto.set_ir_version(kIrVersion);
  proto.set_producer_name("medvol");
  proto.set_producer_version(model.producer_version);
  proto.add_opset_import()->set_version(kOpset);
  for (const auto& [key, text] : model.metadata) {
    auto* property = proto.add_metadata_props();
    property->set_key(key);
    property->set_value(text);
  }
  set_graph(*proto.mutable_graph(), model);
  if (proto.ByteSizeLong() > static_cast<size_t>(std::numeric_limits<int32_t>::max()))
    throw core::UserError(
        fmt::format("{} needs {} bytes, and an ONNX file holds at most 2 GB", model.name, proto.ByteSizeLong()),
        "export", "use format=torchscript");
  return proto.SerializeAsString();
}

OnnxSummary summarize_onnx(const std::string& bytes, const std::string& where) {
  onnx::ModelProto proto;
  if (!proto.ParseFromString(bytes) || !proto.has_graph() || proto.opset_import_size() == 0)
    throw core::UserError("is no ONNX file, or a damaged one", where, "export it again");
  OnnxSummary summary;
  summary.producer = proto.producer_name() + (proto.producer_version().empty() ? "" : " " + proto.producer_version());
  for (const auto& import : proto.opset_import())
    if (import.domain().empty()) summary.opset = import.version();
  summary.nodes = proto.graph().node_size();
  for (const auto& tensor : proto.graph().initializer()) {
    int64_t count = 1;
    for (const int64_t dim : tensor.dims()) count *= dim;
    summary.parameters += count;
  }
  for (const auto& port : proto.graph().input()) summary.inputs.push_back(read_port(port));
  for (const auto& port : proto.graph().output()) summary.outputs.push_back(read_port(port));
  for (const auto& property : proto.metadata_props()) summary.metadata[property.key()] = property.value();
  return summary;
}

}  // namespace medvol::networks
