#include <cmath>
#include <numbers>

#include "networks/export/onnx_operators.h"

namespace medvol::networks {
namespace {

/// The same operator, of one tensor.
template <OnnxWord op_type>
OnnxNames unary(OnnxGraph& graph, const OnnxCall& call) {
  return {graph.add(op_type.text, {graph.operand(call.value(0), call.type())})};
}

/// What both sides of a comparison are converted to: a number on one side takes the tensor's type.
at::ScalarType common_type(OnnxGraph& graph, const OnnxCall& call) {
  const auto is_number = [&](size_t i) {
    return graph.is_constant(call.value(i)) &&
           (!graph.constant(call.value(i)).isTensor() || graph.constant(call.value(i)).toTensor().dim() == 0);
  };
  if (is_number(1)) return graph.type(call.value(0));
  if (is_number(0)) return graph.type(call.value(1));
  return c10::promoteTypes(graph.type(call.value(0)), graph.type(call.value(1)));
}

template <OnnxWord op_type>
OnnxNames binary(OnnxGraph& graph, const OnnxCall& call) {
  const at::ScalarType type = call.type();
  return {graph.add(op_type.text, {graph.operand(call.value(0), type), graph.operand(call.value(1), type)})};
}

template <OnnxWord op_type>
OnnxNames compare(OnnxGraph& graph, const OnnxCall& call) {
  const at::ScalarType type = common_type(graph, call);
  return {graph.add(op_type.text, {graph.operand(call.value(0), type), graph.operand(call.value(1), type)})};
}

/// self ± alpha · other
template <OnnxWord op_type, bool reversed>
OnnxNames sum(OnnxGraph& graph, const OnnxCall& call) {
  const at::ScalarType type = call.type();
  std::string first = graph.operand(call.value(0), type), second = graph.operand(call.value(1), type);
  const double alpha = call.has("alpha") ? call.number("alpha") : 1;
  std::string& scaled = reversed ? first : second;
  if (alpha != 1) scaled = graph.add("Mul", {scaled, graph.scalar(alpha, type)});
  if (reversed) std::swap(first, second);
  return {graph.add(op_type.text, {first, second})};
}

OnnxNames divide(OnnxGraph& graph, const OnnxCall& call) {
  const at::ScalarType type = call.type();
  const std::string ratio = graph.add("Div", {graph.operand(call.value(0), type), graph.operand(call.value(1), type)});
  if (!call.has("rounding_mode")) return {ratio};
  if (call.text("rounding_mode") != "floor" || !c10::isFloatingType(type)) graph.refuse("divides with truncation");
  return {graph.add("Floor", {ratio})};
}

OnnxNames not_equal(OnnxGraph& graph, const OnnxCall& call) {
  const at::ScalarType type = common_type(graph, call);
  const std::string equal =
      graph.add("Equal", {graph.operand(call.value(0), type), graph.operand(call.value(1), type)});
  return {graph.add("Not", {equal})};
}

OnnxNames square(OnnxGraph& graph, const OnnxCall& call) { return {graph.add("Mul", {call.self(), call.self()})}; }

OnnxNames inverse_root(OnnxGraph& graph, const OnnxCall& call) {
  return {graph.add("Reciprocal", {graph.add("Sqrt", {call.self()})})};
}

OnnxNames clamp(OnnxGraph& graph, const OnnxCall& call) {
  const auto bound = [&](const char* name) {
    return call.has(name) ? graph.operand(call.value(name), call.type()) : std::string();
  };
  return {graph.add("Clip", {call.self(), bound("min"), bound("max")})};
}

OnnxNames clamp_min(OnnxGraph& graph, const OnnxCall& call) {
  return {graph.add("Clip", {call.self(), graph.operand(call.value("min"), call.type())})};
}

OnnxNames clamp_max(OnnxGraph& graph, const OnnxCall& call) {
  return {graph.add("Clip", {call.self(), "", graph.operand(call.value("max"), call.type())})};
}

OnnxNames hard_tanh(OnnxGraph& graph, const OnnxCall& call) {
  return {graph.add("Clip", {call.self(), graph.scalar(call.number("min_val"), call.type()),
                             graph.scalar(call.number("max_val"), call.type())})};
}

OnnxNames leaky_relu(OnnxGraph& graph, const OnnxCall& call) {
  return {graph.add("LeakyRelu", {call.self()}, {{"alpha", static_cast<float>(call.number("negative_slope"))}})};
}

OnnxNames elu(OnnxGraph& graph, const OnnxCall& call) {
  if (call.number("scale") != 1 || call.number("input_scale") != 1) graph.refuse("uses a scaled ELU");
  return {graph.add("Elu", {call.self()}, {{"alpha", static_cast<float>(call.number("alpha"))}})};
}

/// The slopes stand along the channels: [C] → [C, 1, …].
OnnxNames prelu(OnnxGraph& graph, const OnnxCall& call) {
  std::string slope = call.name("weight");
  if (graph.sizes(call.value("weight")).at(0) != 1) {
    std::vector<int64_t> shape(static_cast<size_t>(call.rank() - 1), 1);
    shape[0] = -1;
    slope = graph.add("Reshape", {slope, graph.integers(shape)});
  }
  return {graph.add("PRelu", {call.self(), slope})};
}

OnnxNames silu(OnnxGraph& graph, const OnnxCall& call) {
  return {graph.add("Mul", {call.self(), graph.add("Sigmoid", {call.self()})})};
}

OnnxNames softplus(OnnxGraph& graph, const OnnxCall& call) {
  if (call.number("beta") != 1) graph.refuse("uses softplus with a beta");
  return {graph.add("Softplus", {call.self()})};
}

/// x Φ(x), or its approximation √(2/π) (x + 0.044715 x³) within a tanh.
OnnxNames gelu(OnnxGraph& graph, const OnnxCall& call) {
  const std::string x = call.self();
  const auto number = [&](double value) { return graph.scalar(value, call.type()); };
  std::string bent;
  if (call.text("approximate") == "tanh") {
    const std::string cube = graph.add("Mul", {graph.add("Mul", {x, x}), x});
    const std::string inner = graph.add("Add", {x, graph.add("Mul", {cube, number(0.044715)})});
    bent = graph.add("Tanh", {graph.add("Mul", {inner, number(std::sqrt(2 / std::numbers::pi))})});
  } else {
    bent = graph.add("Erf", {graph.add("Mul", {x, number(1 / std::numbers::sqrt2)})});
  }
  return {graph.add("Mul", {graph.add("Mul", {x, number(0.5)}), graph.add("Add", {bent, number(1)})})};
}

OnnxNames identity(OnnxGraph& graph, const OnnxCall& call) { return {graph.operand(call.value(0), call.type())}; }

OnnxNames dropout(OnnxGraph& graph, const OnnxCall& call) {
  if (call.flag("train")) graph.refuse("uses dropout in evaluation mode");
  return {call.self()};
}

OnnxNames where(OnnxGraph& graph, const OnnxCall& call) {
  return {graph.add("Where", {call.name("condition"), graph.operand(call.value(1), call.type()),
                              graph.operand(call.value(2), call.type())})};
}

OnnxNames masked_fill(OnnxGraph& graph, const OnnxCall& call) {
  return {graph.add("Where", {call.name("mask"), graph.operand(call.value("value"), call.type()), call.self()})};
}

OnnxNames add_product(OnnxGraph& graph, const OnnxCall& call) {
  std::string product = graph.add("Mul", {call.name("tensor1"), call.name("tensor2")});
  if (call.number("value") != 1) product = graph.add("Mul", {product, graph.scalar(call.number("value"), call.type())});
  return {graph.add("Add", {call.self(), product})};
}

}  // namespace

const OnnxOperators& onnx_elementwise() {
  static const OnnxOperators table{{"add", sum<"Add", false>},
                                   {"sub", sum<"Sub", false>},
                                   {"rsub", sum<"Sub", true>},
                                   {"mul", binary<"Mul">},
                                   {"div", divide},
                                   {"pow", binary<"Pow">},
                                   {"maximum", binary<"Max">},
                                   {"minimum", binary<"Min">},
                                   {"gt", compare<"Greater">},
                                   {"ge", compare<"GreaterOrEqual">},
                                   {"lt", compare<"Less">},
                                   {"le", compare<"LessOrEqual">},
                                   {"eq", compare<"Equal">},
                                   {"ne", not_equal},
                                   {"logical_and", binary<"And">},
                                   {"logical_or", binary<"Or">},
                                   {"logical_not", unary<"Not">},
                                   {"neg", unary<"Neg">},
                                   {"abs", unary<"Abs">},
                                   {"exp", unary<"Exp">},
                                   {"log", unary<"Log">},
                                   {"sqrt", unary<"Sqrt">},
                                   {"rsqrt", inverse_root},
                                   {"reciprocal", unary<"Reciprocal">},
                                   {"square", square},
                                   {"erf", unary<"Erf">},
                                   {"sin", unary<"Sin">},
                                   {"cos", unary<"Cos">},
                                   {"floor", unary<"Floor">},
                                   {"ceil", unary<"Ceil">},
                                   {"round", unary<"Round">},
                                   {"sign", unary<"Sign">},
                                   {"relu", unary<"Relu">},
                                   {"sigmoid", unary<"Sigmoid">},
                                   {"tanh", unary<"Tanh">},
                                   {"leaky_relu", leaky_relu},
                                   {"elu", elu},
                                   {"prelu", prelu},
                                   {"silu", silu},
                                   {"gelu", gelu},
                                   {"softplus", softplus},
                                   {"hardtanh", hard_tanh},
                                   {"clamp", clamp},
                                   {"clamp_min", clamp_min},
                                   {"clamp_max", clamp_max},
                                   {"contiguous", identity},
                                   {"to", identity},
                                   {"detach", identity},
                                   {"clone", identity},
                                   {"alias", identity},
                                   {"type_as", identity},
                                   {"lift_fresh", identity},
                                   {"dropout", dropout},
                                   {"feature_dropout", dropout},
                                   {"alpha_dropout", dropout},
                                   {"where", where},
                                   {"masked_fill", masked_fill},
                                   {"addcmul", add_product}};
  return table;
}

}  // namespace medvol::networks
