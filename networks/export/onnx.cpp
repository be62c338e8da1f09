#include "networks/export/onnx.h"

#include <algorithm>

#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/remove_mutation.h>

#include "framework/core/error.h"
#include "framework/storage/atomic_file.h"
#include "networks/export/onnx_file/onnx_bytes.h"
#include "networks/export/onnx_operators.h"

namespace medvol::networks {
namespace {

using torch::jit::Node;
using torch::jit::Value;

bool all_constant(const OnnxGraph& graph, at::ArrayRef<Value*> values) {
  return std::all_of(values.begin(), values.end(), [&](const Value* value) { return graph.is_constant(value); });
}

/// A list of constants of the type that the trace says.
c10::IValue constant_list(const OnnxGraph& graph, const Node& node) {
  c10::impl::GenericList list(node.output()->type()->expectRef<c10::ListType>().getElementType());
  for (const Value* input : node.inputs()) list.push_back(graph.constant(input));
  return list;
}

/// Computes a node that does not depend on the inputs.
void fold(OnnxGraph& graph, Node& node) {
  if (node.kind() == c10::prim::Constant) {
    graph.set_constant(node.output(), *torch::jit::toIValue(node.output()));
  } else if (node.kind() == c10::prim::GetAttr) {
    graph.set_constant(node.output(), graph.constant(node.input()).toObjectRef().getAttr(node.s(c10::attr::name)));
  } else if (node.kind() == c10::prim::ListConstruct) {
    graph.set_constant(node.output(), constant_list(graph, node));
  } else if (node.kind() == c10::prim::ListUnpack) {
    const auto list = graph.constant(node.input()).toListRef();
    for (size_t i = 0; i < node.outputs().size(); ++i) graph.set_constant(node.outputs()[i], list[i]);
  } else {
    torch::jit::Stack stack;
    for (const Value* input : node.inputs()) stack.push_back(graph.constant(input));
    node.getOperation()(stack);
    MEDVOL_CHECK(stack.size() == node.outputs().size(), "{} left {} values", node.kind().toQualString(), stack.size());
    for (size_t i = 0; i < stack.size(); ++i) graph.set_constant(node.outputs()[i], stack[i]);
  }
}

const OnnxOperator* find_operator(const std::string& operation) {
  for (const OnnxOperators* table : {&onnx_layers(), &onnx_elementwise(), &onnx_reductions(), &onnx_shapes()})
    if (const auto found = table->find(operation); found != table->end()) return &found->second;
  return nullptr;
}

void write_node(OnnxGraph& graph, Node& node) {
  if (all_constant(graph, node.inputs())) return fold(graph, node);
  if (node.kind() == c10::prim::ListConstruct) return;  // its elements have names
  if (node.kind() == c10::prim::ListUnpack) {
    const OnnxNames names = graph.names(node.input());
    for (size_t i = 0; i < node.outputs().size(); ++i) graph.bind(node.outputs()[i], {names.at(i)});
    return;
  }
  if (node.kind() == c10::prim::dtype)
    return graph.set_constant(node.output(), static_cast<int64_t>(graph.type(node.input())));
  if (node.kind() == c10::prim::layout || node.kind() == c10::prim::device)
    return graph.set_constant(node.output(), c10::IValue());
  const OnnxOperator* write = node.kind().is_aten() ? find_operator(node.kind().toUnqualString()) : nullptr;
  if (!write)
    graph.refuse(fmt::format("uses the operator {}, which has no ONNX form here", node.kind().toQualString()));
  graph.bind(node.outputs().at(0), (*write)(graph, OnnxCall(graph, node)));
}

/// `relu_` becomes `relu` where that is provably the same; what is not is refused later as an unknown operator.
void remove_mutation(const std::shared_ptr<torch::jit::Graph>& graph) {
  torch::jit::RemoveTensorMutation(graph);
  torch::jit::EliminateDeadCode(graph);
  for (Node* node : graph->nodes()) {
    if (node->inputs().empty() || node->outputs().size() != 1) continue;
    const auto type = node->output()->type()->cast<c10::TensorType>();
    // The pass writes `fill_` as an untyped `full_like`.
    if (type && !type->scalarType() && node->input(0)->type()->cast<c10::TensorType>())
      node->output()->setType(node->input(0)->type());
  }
}

}  // namespace

void write_onnx(const Traceable& subject, const std::filesystem::path& path, const OnnxOptions& options) {
  const torch::NoGradGuard no_grad;
  const Trace traced = trace(subject);
  remove_mutation(traced.graph);
  OnnxGraph graph(subject, traced);
  for (Node* node : traced.graph->nodes()) write_node(graph, *node);
  OnnxModel model = graph.finish(traced.graph->outputs().at(0), options.metadata);
  model.producer_version = options.version;
  storage::write_atomic(path, onnx_bytes(model));
}

void write_onnx(Network& network, const std::vector<int64_t>& input_shape, const std::filesystem::path& path,
                const OnnxOptions& options) {
  write_onnx(traceable(network, input_shape), path, options);
}

}  // namespace medvol::networks
