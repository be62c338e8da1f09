#include <cmath>
#include <numeric>

#include "networks/export/onnx_operators.h"

namespace medvol::networks {
namespace {

using Sizes = std::vector<int64_t>;

/// Begins of all axes, then ends.
Sizes both_sides(const Sizes& padding) {
  Sizes result = padding;
  result.insert(result.end(), padding.begin(), padding.end());
  return result;
}

size_t spatial_axes(const OnnxCall& call) { return static_cast<size_t>(call.rank() - 2); }

OnnxNames convolution(OnnxGraph& graph, const OnnxCall& call) {
  const bool transposed =
      call.operation().starts_with("conv_transpose") || (call.has("transposed") && call.flag("transposed"));
  const size_t axes = spatial_axes(call);
  const bool named_padding =
      graph.is_constant(call.value("padding")) && graph.constant(call.value("padding")).isString();
  OnnxAttributes attributes{{"strides", call.integers("stride", axes)},
                            {"dilations", call.integers("dilation", axes)},
                            {"group", call.integer("groups")}};
  if (!named_padding)
    attributes["pads"] = both_sides(call.integers("padding", axes));
  else if (call.text("padding") == "same")
    attributes["auto_pad"] = std::string("SAME_UPPER");
  if (transposed) attributes["output_padding"] = call.integers("output_padding", axes);
  OnnxNames inputs{call.self(), call.name("weight")};
  if (call.has("bias")) inputs.push_back(call.name("bias"));
  return {graph.add(transposed ? "ConvTranspose" : "Conv", inputs, attributes)};
}

/// A scale or shift of each channel; `otherwise` where the layer has none.
std::string per_channel(OnnxGraph& graph, const OnnxCall& call, const char* argument, double otherwise) {
  if (call.has(argument)) return call.name(argument);
  return graph.tensor(at::full({graph.sizes(call.value(0)).at(1)}, otherwise));
}

OnnxAttributes epsilon(const OnnxCall& call) { return {{"epsilon", static_cast<float>(call.number("eps"))}}; }

OnnxNames batch_norm(OnnxGraph& graph, const OnnxCall& call) {
  if (call.operation() == "batch_norm" && call.flag("training"))
    graph.refuse("normalises by the batch in evaluation mode");
  return {graph.add("BatchNormalization",
                    {call.self(), per_channel(graph, call, "weight", 1), per_channel(graph, call, "bias", 0),
                     call.name("running_mean"), call.name("running_var")},
                    epsilon(call))};
}

OnnxNames instance_norm(OnnxGraph& graph, const OnnxCall& call) {
  if (!call.flag("use_input_stats")) return batch_norm(graph, call);
  return {graph.add("InstanceNormalization",
                    {call.self(), per_channel(graph, call, "weight", 1), per_channel(graph, call, "bias", 0)},
                    epsilon(call))};
}

/// Opset 17 has no group norm: [N, C, …] → [N, G, rest] is normalised as G instances and brought back.
OnnxNames group_norm(OnnxGraph& graph, const OnnxCall& call) {
  const int64_t groups = call.integer("num_groups");
  const std::string x = call.self();
  const std::string grouped = graph.add("Reshape", {x, graph.integers({0, groups, -1})});
  std::string y =
      graph.add("InstanceNormalization", {grouped, graph.tensor(at::ones({groups})), graph.tensor(at::zeros({groups}))},
                epsilon(call));
  y = graph.add("Reshape", {y, graph.add("Shape", {x})});
  Sizes along_channels(static_cast<size_t>(call.rank() - 1), 1);
  along_channels[0] = -1;
  for (const auto& [argument, op_type] : {std::pair{"weight", "Mul"}, std::pair{"bias", "Add"}})
    if (call.has(argument))
      y = graph.add(op_type, {y, graph.add("Reshape", {call.name(argument), graph.integers(along_channels)})});
  return {y};
}

OnnxNames layer_norm(OnnxGraph& graph, const OnnxCall& call) {
  const Sizes shape = call.integers("normalized_shape");
  OnnxAttributes attributes = epsilon(call);
  attributes["axis"] = -static_cast<int64_t>(shape.size());
  OnnxNames inputs{call.self(), call.has("weight") ? call.name("weight") : graph.tensor(at::ones(shape))};
  if (call.has("bias")) inputs.push_back(call.name("bias"));
  return {graph.add("LayerNormalization", inputs, attributes)};
}

OnnxAttributes window(const OnnxCall& call) {
  const size_t axes = spatial_axes(call);
  const Sizes kernel = call.integers("kernel_size", axes), stride = call.integers("stride", axes);
  return {{"kernel_shape", kernel},
          {"strides", stride.empty() ? kernel : stride},
          {"pads", both_sides(call.integers("padding", axes))},
          {"ceil_mode", static_cast<int64_t>(call.flag("ceil_mode"))}};
}

OnnxNames max_pool(OnnxGraph& graph, const OnnxCall& call) {
  OnnxAttributes attributes = window(call);
  attributes["dilations"] = call.integers("dilation", spatial_axes(call));
  return {graph.add("MaxPool", {call.self()}, attributes)};
}

OnnxNames average_pool(OnnxGraph& graph, const OnnxCall& call) {
  if (call.has("divisor_override")) graph.refuse("averages with a divisor of its own");
  OnnxAttributes attributes = window(call);
  attributes["count_include_pad"] = static_cast<int64_t>(call.flag("count_include_pad"));
  return {graph.add("AveragePool", {call.self()}, attributes)};
}

OnnxNames adaptive_average_pool(OnnxGraph& graph, const OnnxCall& call) {
  for (const int64_t size : call.integers("output_size"))
    if (size != 1) graph.refuse("pools to a fixed size other than 1");
  return {graph.add("GlobalAveragePool", {call.self()})};
}

/// The factor of each spatial axis: as given, else as traced.
std::vector<float> resize_factors(OnnxGraph& graph, const OnnxCall& call) {
  const Sizes in = graph.sizes(call.value(0)), out = graph.sizes(call.output());
  std::vector<float> factors{1, 1};
  const char* const per_axis[] = {"scales_d", "scales_h", "scales_w"};
  for (size_t axis = 2; axis < in.size(); ++axis) {
    const char* argument = per_axis[axis + 3 - in.size()];
    if (call.has("scale_factors"))
      factors.push_back(static_cast<float>(graph.constant(call.value("scale_factors")).toDoubleVector().at(axis - 2)));
    else if (call.has(argument))
      factors.push_back(static_cast<float>(call.number(argument)));
    else
      factors.push_back(static_cast<float>(out[axis]) / static_cast<float>(in[axis]));
  }
  return factors;
}

OnnxNames resize(OnnxGraph& graph, const OnnxCall& call) {
  OnnxAttributes attributes;
  if (call.operation().starts_with("upsample_nearest")) {
    attributes = {{"mode", std::string("nearest")},
                  {"coordinate_transformation_mode", std::string("asymmetric")},
                  {"nearest_mode", std::string("floor")}};
  } else {
    attributes = {
        {"mode", std::string(call.operation().starts_with("upsample_bicubic") ? "cubic" : "linear")},
        {"coordinate_transformation_mode", std::string(call.flag("align_corners") ? "align_corners" : "half_pixel")},
        {"cubic_coeff_a", -0.75f}};
  }
  const std::vector<float> factors = resize_factors(graph, call);
  return {graph.add("Resize", {call.self(), "", graph.tensor(at::tensor(factors))}, attributes)};
}

OnnxNames matrix_product(OnnxGraph& graph, const OnnxCall& call) {
  return {graph.add("MatMul", {call.self(), graph.name(call.value(1))})};
}

OnnxNames linear(OnnxGraph& graph, const OnnxCall& call) {
  const std::string weight = graph.add("Transpose", {call.name("weight")}, {{"perm", Sizes{1, 0}}});
  const std::string product = graph.add("MatMul", {call.self(), weight});
  return {call.has("bias") ? graph.add("Add", {product, call.name("bias")}) : product};
}

/// β · self + α · (first × second)
OnnxNames add_matrix_product(OnnxGraph& graph, const OnnxCall& call) {
  std::string product = graph.add("MatMul", {graph.name(call.value(1)), graph.name(call.value(2))});
  std::string shift = call.self();
  if (call.number("alpha") != 1) product = graph.add("Mul", {product, graph.scalar(call.number("alpha"), call.type())});
  if (call.number("beta") != 1) shift = graph.add("Mul", {shift, graph.scalar(call.number("beta"), call.type())});
  return {graph.add("Add", {product, shift})};
}

OnnxNames einsum(OnnxGraph& graph, const OnnxCall& call) {
  return {graph.add("Einsum", graph.names(call.value("tensors")), {{"equation", call.text("equation")}})};
}

/// softmax(q kᵀ · scale + mask) v
OnnxNames attention(OnnxGraph& graph, const OnnxCall& call) {
  if (call.flag("is_causal")) graph.refuse("uses causal attention");
  const at::ScalarType type = call.type();
  const int64_t rank = call.rank();
  Sizes swapped(static_cast<size_t>(rank));
  std::iota(swapped.begin(), swapped.end(), 0);
  std::swap(swapped[swapped.size() - 1], swapped[swapped.size() - 2]);
  const double scale = call.has("scale") ? call.number("scale")
                                         : 1 / std::sqrt(static_cast<double>(graph.sizes(call.value("query")).back()));
  const std::string query = graph.add("Mul", {call.name("query"), graph.scalar(scale, type)});
  const std::string key = graph.add("Transpose", {call.name("key")}, {{"perm", swapped}});
  std::string scores = graph.add("MatMul", {query, key});
  if (call.has("attn_mask")) {
    if (graph.type(call.value("attn_mask")) == at::kBool) graph.refuse("masks attention with booleans");
    scores = graph.add("Add", {scores, call.name("attn_mask")});
  }
  const std::string weights = graph.add("Softmax", {scores}, {{"axis", int64_t{-1}}});
  return {graph.add("MatMul", {weights, call.name("value")})};
}

}  // namespace

const OnnxOperators& onnx_layers() {
  static const OnnxOperators table{{"_convolution", convolution},
                                   {"_convolution_mode", convolution},
                                   {"convolution", convolution},
                                   {"conv1d", convolution},
                                   {"conv2d", convolution},
                                   {"conv3d", convolution},
                                   {"conv_transpose2d", convolution},
                                   {"conv_transpose3d", convolution},
                                   {"batch_norm", batch_norm},
                                   {"instance_norm", instance_norm},
                                   {"group_norm", group_norm},
                                   {"layer_norm", layer_norm},
                                   {"max_pool2d", max_pool},
                                   {"max_pool3d", max_pool},
                                   {"avg_pool2d", average_pool},
                                   {"avg_pool3d", average_pool},
                                   {"adaptive_avg_pool2d", adaptive_average_pool},
                                   {"adaptive_avg_pool3d", adaptive_average_pool},
                                   {"upsample_nearest2d", resize},
                                   {"upsample_nearest3d", resize},
                                   {"upsample_bilinear2d", resize},
                                   {"upsample_trilinear3d", resize},
                                   {"upsample_bicubic2d", resize},
                                   {"matmul", matrix_product},
                                   {"mm", matrix_product},
                                   {"bmm", matrix_product},
                                   {"linear", linear},
                                   {"addmm", add_matrix_product},
                                   {"baddbmm", add_matrix_product},
                                   {"einsum", einsum},
                                   {"scaled_dot_product_attention", attention}};
  return table;
}

}  // namespace medvol::networks
