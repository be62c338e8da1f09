#pragma once
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include <torch/script.h>

#include "networks/export/onnx_file/onnx_model.h"
#include "networks/export/trace.h"

namespace medvol::networks {

using OnnxNames = std::vector<std::string>;
using OnnxAttributes = std::map<std::string, OnnxAttribute>;

/// An ONNX model while it grows beside the trace that it is made from. Values of the trace that do not depend on the
/// inputs are computed here, by LibTorch itself; the others have a name in the ONNX graph.
class OnnxGraph {
 public:
  OnnxGraph(const Traceable& subject, const Trace& trace);

  // ---- Reading the trace
  bool is_constant(const torch::jit::Value* value) const { return constants_.count(value) != 0; }
  /// Throws core::UserError when the value depends on the inputs.
  const c10::IValue& constant(const torch::jit::Value* value) const;
  at::ScalarType type(const torch::jit::Value* value) const;
  /// The sizes that were traced.
  std::vector<int64_t> sizes(const torch::jit::Value* value) const;
  int64_t rank(const torch::jit::Value* value) const { return static_cast<int64_t>(sizes(value).size()); }

  // ---- Writing the graph
  /// The name of a tensor: an input, an output of a node, or an initialiser made from a constant.
  std::string name(const torch::jit::Value* value);
  /// The names of a list of tensors.
  OnnxNames names(const torch::jit::Value* list);
  /// As `name`, in this type: a constant is converted, another value gets a Cast.
  std::string operand(const torch::jit::Value* value, at::ScalarType type);
  /// An initialiser; a parameter keeps its name.
  std::string tensor(const at::Tensor& constant);
  std::string integers(const std::vector<int64_t>& numbers);  ///< a 1-D int64 initialiser
  std::string scalar(double number, at::ScalarType type);
  /// Adds a node and returns the name of its only output.
  std::string add(const std::string& op_type, const OnnxNames& inputs, const OnnxAttributes& attributes = {});
  OnnxNames add_many(const std::string& op_type, const OnnxNames& inputs, const OnnxAttributes& attributes,
                     size_t outputs);
  void bind(const torch::jit::Value* value, const OnnxNames& names) { names_[value] = names; }
  void set_constant(const torch::jit::Value* value, c10::IValue content);
  OnnxModel finish(const torch::jit::Value* output, std::map<std::string, std::string> metadata);

  /// Throws core::UserError: `what` of the network cannot be written as ONNX.
  [[noreturn]] void refuse(const std::string& what) const;

 private:
  OnnxPort port(const Port& port, const std::vector<int64_t>& sizes, at::ScalarType type) const;

  const Traceable& subject_;
  std::unordered_map<const torch::jit::Value*, c10::IValue> constants_;
  std::unordered_map<const torch::jit::Value*, OnnxNames> names_;
  std::unordered_map<const c10::TensorImpl*, std::string> parameters_, initializers_;
  std::vector<at::Tensor> alive_;  ///< keeps the keys of initializers_ unique
  std::map<std::string, int64_t> used_;
  OnnxModel model_;
};

/// One recorded operation, its arguments by the names of LibTorch's schema.
class OnnxCall {
 public:
  OnnxCall(OnnxGraph& graph, const torch::jit::Node& node) : graph_(graph), node_(node) {}
  bool has(const std::string& argument) const;  ///< the operation has the argument, and it is not None
  const torch::jit::Value* value(const std::string& argument) const;
  const torch::jit::Value* value(size_t index) const { return node_.inputs().at(index); }
  const torch::jit::Value* output() const { return node_.outputs().at(0); }
  std::string name(const std::string& argument) const { return graph_.name(value(argument)); }
  std::string self() const { return graph_.name(value(0)); }
  int64_t integer(const std::string& argument) const;
  double number(const std::string& argument) const;
  bool flag(const std::string& argument) const;
  std::string text(const std::string& argument) const;
  std::vector<int64_t> integers(const std::string& argument) const;
  /// `integers`, a single one repeated for `count` axes.
  std::vector<int64_t> integers(const std::string& argument, size_t count) const;
  /// The argument as an axis of the first input, counted from 0.
  int64_t axis(const std::string& argument) const;
  /// The argument's axes of the first input; all axes when it is None or empty.
  std::vector<int64_t> axes(const std::string& argument) const;
  int64_t rank() const { return graph_.rank(value(0)); }
  at::ScalarType type() const { return graph_.type(output()); }
  std::string operation() const { return node_.kind().toUnqualString(); }
  std::string overload() const { return node_.schema().overload_name(); }

 private:
  OnnxGraph& graph_;
  const torch::jit::Node& node_;
};

}  // namespace medvol::networks
