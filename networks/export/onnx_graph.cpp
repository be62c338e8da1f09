#include "networks/export/onnx_graph.h"

#include <numeric>

#include "framework/core/error.h"

namespace medvol::networks {
namespace {

OnnxType onnx_type(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return OnnxType::float32;
    case at::kByte:
      return OnnxType::uint8;
    case at::kChar:
      return OnnxType::int8;
    case at::kShort:
      return OnnxType::int16;
    case at::kInt:
      return OnnxType::int32;
    case at::kLong:
      return OnnxType::int64;
    case at::kBool:
      return OnnxType::boolean;
    case at::kHalf:
      return OnnxType::float16;
    case at::kDouble:
      return OnnxType::float64;
    case at::kBFloat16:
      return OnnxType::bfloat16;
    default:
      MEDVOL_CHECK(false, "no ONNX type for {}", c10::toString(type));
      return OnnxType::float32;
  }
}

at::Tensor as_tensor(const c10::IValue& value, at::ScalarType type) {
  return value.isTensor() ? value.toTensor().to(type) : at::scalar_tensor(value.toScalar(), type);
}

}  // namespace

OnnxGraph::OnnxGraph(const Traceable& subject, const Trace& trace) : subject_(subject) {
  model_.name = subject.name;
  for (const auto& item : trace.module.named_parameters()) parameters_[item.value.unsafeGetTensorImpl()] = item.name;
  for (const auto& item : trace.module.named_buffers()) parameters_[item.value.unsafeGetTensorImpl()] = item.name;
  const auto inputs = trace.graph->inputs();
  MEDVOL_CHECK(inputs.size() == subject.inputs.size() + 1, "{} inputs were traced", inputs.size());
  constants_.emplace(inputs[0], trace.module._ivalue());
  for (size_t i = 0; i < subject.inputs.size(); ++i) {
    bind(inputs[i + 1], {subject.inputs[i].name});
    used_[subject.inputs[i].name] = 1;
    model_.inputs.push_back(
        port(subject.inputs[i], subject.examples[i].sizes().vec(), subject.examples[i].scalar_type()));
  }
}

void OnnxGraph::refuse(const std::string& what) const {
  throw core::UserError(fmt::format("{} {}", subject_.name, what), "format=onnx", "format=torchscript takes it");
}

const c10::IValue& OnnxGraph::constant(const torch::jit::Value* value) const {
  const auto found = constants_.find(value);
  if (found == constants_.end())
    refuse(fmt::format("computes an argument of {} from its input, which has no ONNX form here",
                       value->uses().empty() ? "an operator" : value->uses()[0].user->kind().toQualString()));
  return found->second;
}

at::ScalarType OnnxGraph::type(const torch::jit::Value* value) const {
  const auto found = constants_.find(value);
  if (found != constants_.end() && found->second.isTensor()) return found->second.toTensor().scalar_type();
  if (found != constants_.end() && found->second.isScalar()) return found->second.toScalar().type();
  const auto type = value->type()->cast<c10::TensorType>();
  MEDVOL_CHECK(type && type->scalarType(), "%{} was traced without a type", value->debugName());
  return *type->scalarType();
}

std::vector<int64_t> OnnxGraph::sizes(const torch::jit::Value* value) const {
  const auto found = constants_.find(value);
  if (found != constants_.end()) return found->second.toTensor().sizes().vec();
  const auto type = value->type()->cast<c10::TensorType>();
  MEDVOL_CHECK(type && type->sizes().concrete_sizes(), "%{} was traced without sizes", value->debugName());
  return *type->sizes().concrete_sizes();
}

std::string OnnxGraph::name(const torch::jit::Value* value) {
  const auto found = names_.find(value);
  if (found != names_.end()) return found->second.at(0);
  const c10::IValue& content = constant(value);
  return tensor(content.isTensor() ? content.toTensor() : as_tensor(content, content.toScalar().type()));
}

OnnxNames OnnxGraph::names(const torch::jit::Value* list) {
  const auto found = names_.find(list);
  if (found != names_.end()) return found->second;
  OnnxNames result;
  if (is_constant(list))
    for (const at::Tensor& element : constant(list).toTensorVector()) result.push_back(tensor(element));
  else
    for (const torch::jit::Value* element : list->node()->inputs()) result.push_back(name(element));
  return result;
}

std::string OnnxGraph::operand(const torch::jit::Value* value, at::ScalarType wanted) {
  if (is_constant(value)) return tensor(as_tensor(constant(value), wanted));
  if (type(value) == wanted) return name(value);
  return add("Cast", {name(value)}, {{"to", static_cast<int64_t>(onnx_type(wanted))}});
}

std::string OnnxGraph::tensor(const at::Tensor& content) {
  const auto known = initializers_.find(content.unsafeGetTensorImpl());
  if (known != initializers_.end()) return known->second;
  const auto parameter = parameters_.find(content.unsafeGetTensorImpl());
  const std::string name =
      parameter != parameters_.end() ? parameter->second : fmt::format("constant_{}", used_["constant"]++);
  const at::Tensor plain = content.detach().cpu().contiguous();
  model_.initializers.push_back({name,
                                 onnx_type(plain.scalar_type()),
                                 plain.sizes().vec(),
                                 {static_cast<const char*>(plain.const_data_ptr()), plain.nbytes()}});
  initializers_.emplace(content.unsafeGetTensorImpl(), name);
  alive_.push_back(content);
  return name;
}

std::string OnnxGraph::integers(const std::vector<int64_t>& numbers) { return tensor(at::tensor(numbers, at::kLong)); }

std::string OnnxGraph::scalar(double number, at::ScalarType type) { return tensor(at::scalar_tensor(number, type)); }

std::string OnnxGraph::add(const std::string& op_type, const OnnxNames& inputs, const OnnxAttributes& attributes) {
  return add_many(op_type, inputs, attributes, 1).front();
}

OnnxNames OnnxGraph::add_many(const std::string& op_type, const OnnxNames& inputs, const OnnxAttributes& attributes,
                              size_t outputs) {
  OnnxNames made;
  for (size_t i = 0; i < outputs; ++i) made.push_back(fmt::format("{}_{}", op_type, used_[op_type]++));
  model_.nodes.push_back({op_type, inputs, made, attributes});
  return made;
}

void OnnxGraph::set_constant(const torch::jit::Value* value, c10::IValue content) {
  constants_[value] = std::move(content);
}

OnnxPort OnnxGraph::port(const Port& port, const std::vector<int64_t>& sizes, at::ScalarType type) const {
  MEDVOL_CHECK(port.axes.size() == sizes.size(), "{}: {} axes for {} sizes", port.name, port.axes.size(), sizes.size());
  OnnxPort result{port.name, onnx_type(type), {}};
  for (size_t axis = 0; axis < sizes.size(); ++axis) {
    if (port.axes[axis].empty())
      result.dims.emplace_back(sizes[axis]);
    else
      result.dims.emplace_back(port.axes[axis]);
  }
  return result;
}

OnnxModel OnnxGraph::finish(const torch::jit::Value* output, std::map<std::string, std::string> metadata) {
  model_.nodes.push_back({"Identity", {name(output)}, {subject_.output.name}, {}});
  model_.outputs.push_back(port(subject_.output, sizes(output), type(output)));
  model_.metadata = std::move(metadata);
  return std::move(model_);
}

bool OnnxCall::has(const std::string& argument) const {
  const auto index = node_.schema().argumentIndexWithName(argument);
  if (!index) return false;
  const torch::jit::Value* value = node_.inputs().at(static_cast<size_t>(*index));
  return !graph_.is_constant(value) || !graph_.constant(value).isNone();
}

const torch::jit::Value* OnnxCall::value(const std::string& argument) const {
  const auto index = node_.schema().argumentIndexWithName(argument);
  MEDVOL_CHECK(index.has_value(), "{} has no argument {}", node_.kind().toQualString(), argument);
  return node_.inputs().at(static_cast<size_t>(*index));
}

int64_t OnnxCall::integer(const std::string& argument) const { return graph_.constant(value(argument)).toInt(); }

double OnnxCall::number(const std::string& argument) const {
  const c10::IValue& content = graph_.constant(value(argument));
  return content.isTensor() ? content.toTensor().item<double>() : content.toScalar().toDouble();
}

bool OnnxCall::flag(const std::string& argument) const { return graph_.constant(value(argument)).toBool(); }

std::string OnnxCall::text(const std::string& argument) const { return graph_.constant(value(argument)).toStringRef(); }

std::vector<int64_t> OnnxCall::integers(const std::string& argument) const {
  const c10::IValue& content = graph_.constant(value(argument));
  return content.isInt() ? std::vector<int64_t>{content.toInt()} : content.toIntVector();
}

std::vector<int64_t> OnnxCall::integers(const std::string& argument, size_t count) const {
  std::vector<int64_t> result = integers(argument);
  if (result.size() == 1) result.assign(count, result[0]);
  return result;
}

int64_t OnnxCall::axis(const std::string& argument) const {
  const int64_t axis = integer(argument);
  return axis < 0 ? axis + rank() : axis;
}

std::vector<int64_t> OnnxCall::axes(const std::string& argument) const {
  std::vector<int64_t> result = has(argument) ? integers(argument) : std::vector<int64_t>{};
  if (result.empty()) {
    result.resize(static_cast<size_t>(rank()));
    std::iota(result.begin(), result.end(), 0);
  }
  for (int64_t& axis : result)
    if (axis < 0) axis += rank();
  return result;
}

}  // namespace medvol::networks
