#pragma once
#include <algorithm>
#include <string>
#include <unordered_map>

#include "networks/export/onnx_graph.h"

namespace medvol::networks {

/// Writes one recorded operation and returns the names of its output: one of a tensor, several of a list of tensors.
using OnnxOperator = OnnxNames (*)(OnnxGraph& graph, const OnnxCall& call);
/// By LibTorch's name of the operation, without "aten::".
using OnnxOperators = std::unordered_map<std::string, OnnxOperator>;

/// An operator's type as a template argument: `unary<"Sqrt">`.
template <size_t length>
struct OnnxWord {
  // NOLINTNEXTLINE(google-explicit-constructor): a literal becomes one without a word
  consteval OnnxWord(const char (&literal)[length]) { std::copy_n(literal, length, text); }
  char text[length];
};

const OnnxOperators& onnx_layers();       ///< convolution, normalisation, pooling, resizing, matrix products
const OnnxOperators& onnx_elementwise();  ///< arithmetic, activations, comparisons
const OnnxOperators& onnx_reductions();   ///< means, sums, norms, softmax
const OnnxOperators& onnx_shapes();       ///< reshaping, joining, cutting, gathering, padding

}  // namespace medvol::networks
