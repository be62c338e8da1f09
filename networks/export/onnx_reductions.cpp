#include "networks/export/onnx_operators.h"

namespace medvol::networks {
namespace {

OnnxAttributes reduction(const OnnxCall& call) {
  return {{"axes", call.axes("dim")}, {"keepdims", static_cast<int64_t>(call.has("keepdim") && call.flag("keepdim"))}};
}

/// Over `dim`, or over everything where the operation has none.
template <OnnxWord op_type>
OnnxNames reduce(OnnxGraph& graph, const OnnxCall& call) {
  const bool everything = call.overload().empty() && call.operation() != "amax" && call.operation() != "amin";
  const OnnxAttributes attributes = everything ? OnnxAttributes{{"keepdims", int64_t{0}}} : reduction(call);
  return {graph.add(op_type.text, {graph.operand(call.value(0), call.type())}, attributes)};
}

/// Since opset 13 the axes of a sum are an input.
OnnxNames sum(OnnxGraph& graph, const OnnxCall& call) {
  const std::string x = graph.operand(call.value(0), call.type());
  if (call.overload().empty()) return {graph.add("ReduceSum", {x}, {{"keepdims", int64_t{0}}})};
  return {graph.add("ReduceSum", {x, graph.integers(call.axes("dim"))},
                    {{"keepdims", static_cast<int64_t>(call.flag("keepdim"))}})};
}

/// Mean of squared differences from the mean, times n / (n - correction), where n must be known.
std::string variance_of(OnnxGraph& graph, const OnnxCall& call) {
  if (call.overload() != "correction" && call.overload() != "dim") graph.refuse("takes a variance of everything");
  const double correction = call.overload() == "dim" ? static_cast<double>(call.flag("unbiased"))
                            : call.has("correction") ? call.number("correction")
                                                     : 1;
  if (correction != 0) graph.refuse("takes an unbiased variance, whose count depends on the input's size");
  const std::string x = call.self();
  const std::string mean = graph.add("ReduceMean", {x}, {{"axes", call.axes("dim")}, {"keepdims", int64_t{1}}});
  const std::string difference = graph.add("Sub", {x, mean});
  return graph.add("ReduceMean", {graph.add("Mul", {difference, difference})}, reduction(call));
}

OnnxNames variance(OnnxGraph& graph, const OnnxCall& call) { return {variance_of(graph, call)}; }

OnnxNames deviation(OnnxGraph& graph, const OnnxCall& call) { return {graph.add("Sqrt", {variance_of(graph, call)})}; }

OnnxNames norm(OnnxGraph& graph, const OnnxCall& call) {
  const char* order = call.operation() == "linalg_vector_norm" ? "ord" : "p";
  const double p = call.has(order) ? call.number(order) : 2;
  if (p != 1 && p != 2) graph.refuse("uses a norm that is neither L1 nor L2");
  return {graph.add(p == 1 ? "ReduceL1" : "ReduceL2", {call.self()}, reduction(call))};
}

template <OnnxWord op_type>
OnnxNames softmax(OnnxGraph& graph, const OnnxCall& call) {
  return {graph.add(op_type.text, {graph.operand(call.value(0), call.type())}, {{"axis", call.axis("dim")}})};
}

}  // namespace

const OnnxOperators& onnx_reductions() {
  static const OnnxOperators table{{"mean", reduce<"ReduceMean">},
                                   {"amax", reduce<"ReduceMax">},
                                   {"amin", reduce<"ReduceMin">},
                                   {"sum", sum},
                                   {"var", variance},
                                   {"std", deviation},
                                   {"norm", norm},
                                   {"linalg_vector_norm", norm},
                                   {"softmax", softmax<"Softmax">},
                                   {"log_softmax", softmax<"LogSoftmax">}};
  return table;
}

}  // namespace medvol::networks
