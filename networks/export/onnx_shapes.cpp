#include <limits>
#include <numeric>

#include "networks/export/onnx_operators.h"

namespace medvol::networks {
namespace {

using Sizes = std::vector<int64_t>;
constexpr int64_t to_the_end = std::numeric_limits<int64_t>::max();

std::string cut(OnnxGraph& graph, const std::string& x, int64_t axis, int64_t begin, int64_t end, int64_t step = 1) {
  return graph.add("Slice",
                   {x, graph.integers({begin}), graph.integers({end}), graph.integers({axis}), graph.integers({step})});
}

/// The axes from `first` to `last` become `sizes`; those before and after stay, whatever their size is.
std::string reshape_axes(OnnxGraph& graph, const OnnxCall& call, int64_t first, int64_t last, const Sizes& sizes) {
  Sizes front(static_cast<size_t>(first), 0);  // 0: the size that this axis has
  front.insert(front.end(), sizes.begin(), sizes.end());
  const std::string x = call.self();
  if (last + 1 == call.rank()) return graph.add("Reshape", {x, graph.integers(front)});
  const std::string behind = cut(graph, graph.add("Shape", {x}), 0, last + 1, to_the_end);
  const std::string shape = graph.add("Concat", {graph.integers(front), behind}, {{"axis", int64_t{0}}});
  return graph.add("Reshape", {x, shape});
}

OnnxNames reshape(OnnxGraph& graph, const OnnxCall& call) {
  const char* argument = call.operation() == "reshape" ? "shape" : "size";
  return {graph.add("Reshape", {call.self(), graph.integers(call.integers(argument))})};
}

OnnxNames reshape_like(OnnxGraph& graph, const OnnxCall& call) {
  return {graph.add("Reshape", {call.self(), graph.add("Shape", {call.name("other")})})};
}

OnnxNames flatten(OnnxGraph& graph, const OnnxCall& call) {
  return {reshape_axes(graph, call, call.axis("start_dim"), call.axis("end_dim"), {-1})};
}

OnnxNames unflatten(OnnxGraph& graph, const OnnxCall& call) {
  return {reshape_axes(graph, call, call.axis("dim"), call.axis("dim"), call.integers("sizes"))};
}

OnnxNames unsqueeze(OnnxGraph& graph, const OnnxCall& call) {
  const int64_t axis = call.integer("dim");
  return {graph.add("Unsqueeze", {call.self(), graph.integers({axis < 0 ? axis + call.rank() + 1 : axis})})};
}

/// Axes that are longer than 1 stay, as in LibTorch.
OnnxNames squeeze(OnnxGraph& graph, const OnnxCall& call) {
  const Sizes sizes = graph.sizes(call.value(0));
  Sizes axes;
  for (const int64_t axis : call.axes("dim"))
    if (sizes.at(static_cast<size_t>(axis)) == 1) axes.push_back(axis);
  if (call.overload().empty()) graph.refuse("squeezes without naming an axis");
  return {axes.empty() ? call.self() : graph.add("Squeeze", {call.self(), graph.integers(axes)})};
}

OnnxNames permute(OnnxGraph& graph, const OnnxCall& call) {
  return {graph.add("Transpose", {call.self()}, {{"perm", call.axes("dims")}})};
}

OnnxNames transpose(OnnxGraph& graph, const OnnxCall& call) {
  Sizes order(static_cast<size_t>(call.rank()));
  std::iota(order.begin(), order.end(), 0);
  if (call.operation() == "t")
    std::reverse(order.begin(), order.end());
  else
    std::swap(order[static_cast<size_t>(call.axis("dim0"))], order[static_cast<size_t>(call.axis("dim1"))]);
  return {graph.add("Transpose", {call.self()}, {{"perm", order}})};
}

/// A size of -1 keeps the axis, which 1 does in ONNX.
OnnxNames expand(OnnxGraph& graph, const OnnxCall& call) {
  Sizes sizes = call.integers("size");
  std::replace(sizes.begin(), sizes.end(), int64_t{-1}, int64_t{1});
  return {graph.add("Expand", {call.self(), graph.integers(sizes)})};
}

OnnxNames expand_like(OnnxGraph& graph, const OnnxCall& call) {
  return {graph.add("Expand", {call.self(), graph.add("Shape", {call.name("other")})})};
}

/// A tensor of one value and of the first argument's size. An empty one is only ever asked for its size: its content
/// was written by operations of the trace that come after it.
OnnxNames filled_like(OnnxGraph& graph, const OnnxCall& call) {
  const double value = call.operation() == "full_like" ? call.number("fill_value") : call.operation() == "ones_like";
  return {graph.add("Expand", {graph.scalar(value, call.type()), graph.add("Shape", {call.self()})})};
}

OnnxNames repeat(OnnxGraph& graph, const OnnxCall& call) {
  const Sizes repeats = call.integers("repeats");
  std::string x = call.self();
  Sizes added(repeats.size() - static_cast<size_t>(call.rank()));
  std::iota(added.begin(), added.end(), 0);
  if (!added.empty()) x = graph.add("Unsqueeze", {x, graph.integers(added)});
  return {graph.add("Tile", {x, graph.integers(repeats)})};
}

/// The axis of a list of tensors of the rank of `call`'s output, which is one more than theirs when they are stacked.
OnnxNames join(OnnxGraph& graph, const OnnxCall& call) {
  OnnxNames parts = graph.names(call.value(0));
  const int64_t rank = graph.rank(call.output()), given = call.integer("dim");
  const int64_t axis = given < 0 ? given + rank : given;
  if (call.operation() == "stack")
    for (std::string& part : parts) part = graph.add("Unsqueeze", {part, graph.integers({axis})});
  return {graph.add("Concat", parts, {{"axis", axis}})};
}

OnnxNames slice(OnnxGraph& graph, const OnnxCall& call) {
  const int64_t begin = call.has("start") ? call.integer("start") : 0;
  const int64_t end = call.has("end") ? call.integer("end") : to_the_end;
  return {cut(graph, call.self(), call.axis("dim"), begin, end, call.integer("step"))};
}

OnnxNames narrow(OnnxGraph& graph, const OnnxCall& call) {
  const int64_t begin = call.integer("start"), end = begin + call.integer("length");
  return {cut(graph, call.self(), call.axis("dim"), begin, begin < 0 && end == 0 ? to_the_end : end)};
}

OnnxNames select(OnnxGraph& graph, const OnnxCall& call) {
  const std::string index = graph.tensor(at::scalar_tensor(call.integer("index"), at::kLong));
  return {graph.add("Gather", {call.self(), index}, {{"axis", call.axis("dim")}})};
}

/// Equal parts stay equal parts of an axis of any size; unequal ones are fixed.
OnnxNames divide_axis(OnnxGraph& graph, const OnnxCall& call, int64_t axis, const Sizes& parts) {
  OnnxNames inputs{call.self()};
  if (std::adjacent_find(parts.begin(), parts.end(), std::not_equal_to<>()) != parts.end())
    inputs.push_back(graph.integers(parts));
  return graph.add_many("Split", inputs, {{"axis", axis}}, parts.size());
}

OnnxNames split(OnnxGraph& graph, const OnnxCall& call) {
  const int64_t axis = call.axis("dim"), size = graph.sizes(call.value(0)).at(static_cast<size_t>(axis));
  Sizes parts;
  if (call.operation() == "split_with_sizes" || call.overload() == "sizes") {
    parts = call.integers(call.operation() == "split_with_sizes" ? "split_sizes" : "split_size");
  } else {
    const bool counted = call.operation().ends_with("chunk");
    const int64_t chunks = counted ? call.integer("chunks") : 0;
    const int64_t step = counted ? (size + chunks - 1) / chunks : call.integer("split_size");
    for (int64_t begin = 0; begin < size; begin += step) parts.push_back(std::min(step, size - begin));
  }
  return divide_axis(graph, call, axis, parts);
}

OnnxNames unbind(OnnxGraph& graph, const OnnxCall& call) {
  const int64_t axis = call.axis("dim");
  const auto count = static_cast<size_t>(graph.sizes(call.value(0)).at(static_cast<size_t>(axis)));
  OnnxNames parts = divide_axis(graph, call, axis, Sizes(count, 1));
  for (std::string& part : parts) part = graph.add("Squeeze", {part, graph.integers({axis})});
  return parts;
}

/// The axis is turned: what leaves at its end comes back at its beginning.
OnnxNames roll(OnnxGraph& graph, const OnnxCall& call) {
  const Sizes shifts = call.integers("shifts"), axes = call.axes("dims"), sizes = graph.sizes(call.value(0));
  std::string x = call.self();
  for (size_t i = 0; i < shifts.size(); ++i) {
    // A shift of more than the whole axis wraps around, so the part that moves is counted from the nearer end.
    const int64_t at = -(shifts[i] % sizes.at(static_cast<size_t>(axes[i])));
    if (at == 0) continue;
    x = graph.add("Concat", {cut(graph, x, axes[i], at, to_the_end), cut(graph, x, axes[i], 0, at)},
                  {{"axis", axes[i]}});
  }
  return {x};
}

OnnxNames flip(OnnxGraph& graph, const OnnxCall& call) {
  std::string x = call.self();
  for (const int64_t axis : call.axes("dims")) x = cut(graph, x, axis, -1, -to_the_end, -1);
  return {x};
}

OnnxNames pad(OnnxGraph& graph, const OnnxCall& call) {
  const Sizes given = call.integers(call.operation().starts_with("re") ? "padding" : "pad");
  const auto rank = static_cast<size_t>(call.rank());
  Sizes pads(2 * rank, 0);  // LibTorch's are pairs from the last axis on
  for (size_t i = 0; i < given.size() / 2; ++i) {
    pads[rank - 1 - i] = given[2 * i];
    pads[2 * rank - 1 - i] = given[2 * i + 1];
  }
  std::string mode = call.operation() == "pad" ? call.text("mode") : "constant";
  if (call.operation().starts_with("reflection")) mode = "reflect";
  if (call.operation().starts_with("replication") || mode == "replicate") mode = "edge";
  if (mode == "circular") graph.refuse("pads circularly, which opset 17 cannot");
  OnnxNames inputs{call.self(), graph.integers(pads)};
  if (mode == "constant") inputs.push_back(graph.scalar(call.has("value") ? call.number("value") : 0, call.type()));
  return {graph.add("Pad", inputs, {{"mode", mode}})};
}

OnnxNames pixel_shuffle(OnnxGraph& graph, const OnnxCall& call) {
  return {graph.add("DepthToSpace", {call.self()},
                    {{"mode", std::string("CRD")}, {"blocksize", call.integer("upscale_factor")}})};
}

OnnxNames index_select(OnnxGraph& graph, const OnnxCall& call) {
  return {graph.add("Gather", {call.self(), call.name("index")}, {{"axis", call.axis("dim")}})};
}

/// x[:, …, indices]: one tensor of indices among the axes.
OnnxNames index(OnnxGraph& graph, const OnnxCall& call) {
  const auto entries = call.value("indices")->node()->inputs();
  int64_t axis = -1;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (graph.is_constant(entries[i]) && graph.constant(entries[i]).isNone()) continue;
    if (axis >= 0 || graph.type(entries[i]) == at::kBool) graph.refuse("indexes by more than one tensor, or by a mask");
    axis = static_cast<int64_t>(i);
  }
  if (axis < 0) graph.refuse("indexes by nothing");
  return {graph.add("Gather", {call.self(), graph.name(entries[static_cast<size_t>(axis)])}, {{"axis", axis}})};
}

OnnxNames gather(OnnxGraph& graph, const OnnxCall& call) {
  return {graph.add("GatherElements", {call.self(), call.name("index")}, {{"axis", call.axis("dim")}})};
}

OnnxNames scatter_add(OnnxGraph& graph, const OnnxCall& call) {
  return {graph.add("ScatterElements", {call.self(), call.name("index"), call.name("src")},
                    {{"axis", call.axis("dim")}, {"reduction", std::string("add")}})};
}

/// Rows of `source` are added at the places that a vector names: the vector is spread over the rows' elements.
OnnxNames index_add(OnnxGraph& graph, const OnnxCall& call) {
  if (call.number("alpha") != 1) graph.refuse("adds scaled rows at indices");
  const int64_t axis = call.axis("dim");
  Sizes along(static_cast<size_t>(call.rank()), 1);
  along[static_cast<size_t>(axis)] = -1;
  const std::string source = call.name("source");
  const std::string column = graph.add("Reshape", {call.name("index"), graph.integers(along)});
  const std::string index = graph.add("Expand", {column, graph.add("Shape", {source})});
  return {
      graph.add("ScatterElements", {call.self(), index, source}, {{"axis", axis}, {"reduction", std::string("add")}})};
}

}  // namespace

const OnnxOperators& onnx_shapes() {
  static const OnnxOperators table{{"view", reshape},
                                   {"reshape", reshape},
                                   {"view_as", reshape_like},
                                   {"reshape_as", reshape_like},
                                   {"flatten", flatten},
                                   {"unflatten", unflatten},
                                   {"unsqueeze", unsqueeze},
                                   {"squeeze", squeeze},
                                   {"permute", permute},
                                   {"transpose", transpose},
                                   {"t", transpose},
                                   {"expand", expand},
                                   {"expand_as", expand_like},
                                   {"zeros_like", filled_like},
                                   {"empty_like", filled_like},
                                   {"ones_like", filled_like},
                                   {"full_like", filled_like},
                                   {"repeat", repeat},
                                   {"cat", join},
                                   {"stack", join},
                                   {"slice", slice},
                                   {"narrow", narrow},
                                   {"select", select},
                                   {"split", split},
                                   {"split_with_sizes", split},
                                   {"chunk", split},
                                   {"unsafe_chunk", split},
                                   {"unbind", unbind},
                                   {"roll", roll},
                                   {"flip", flip},
                                   {"pad", pad},
                                   {"constant_pad_nd", pad},
                                   {"reflection_pad2d", pad},
                                   {"reflection_pad3d", pad},
                                   {"replication_pad2d", pad},
                                   {"replication_pad3d", pad},
                                   {"pixel_shuffle", pixel_shuffle},
                                   {"index_select", index_select},
                                   {"index", index},
                                   {"gather", gather},
                                   {"scatter_add", scatter_add},
                                   {"index_add", index_add}};
  return table;
}

}  // namespace medvol::networks
