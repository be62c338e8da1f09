#pragma once
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "framework/storage/tensor_archive.h"
#include "tests/support/support.h"

namespace medvol::tests {

/// The Python that `./medvol setup` put onnxruntime into.
inline std::filesystem::path python_of_setup() { return source_root() / ".deps" / "venv" / "bin" / "python"; }

inline bool has_onnxruntime() {
  static const bool found =
      std::filesystem::exists(python_of_setup()) &&
      std::system(("'" + python_of_setup().string() + "' -c 'import onnxruntime' >/dev/null 2>&1").c_str()) == 0;
  return found;
}

/// An ONNX file and what to feed it: inputs by their names in the file.
struct OnnxJob {
  std::filesystem::path model;
  std::map<std::string, torch::Tensor> inputs;
};

/// Runs them in onnxruntime, all in one Python; the outputs of each by their names in the file.
inline std::vector<std::map<std::string, torch::Tensor>> run_onnx(const std::vector<OnnxJob>& jobs) {
  const TemporaryFolder folder;
  std::string command = "'" + python_of_setup().string() + "' '" +
                        (source_root() / "tests" / "networks" / "export" / "run_onnx.py").string() + "'";
  for (size_t i = 0; i < jobs.size(); ++i) {
    const auto in = folder / fmt::format("in{}.safetensors", i), out = folder / fmt::format("out{}.safetensors", i);
    storage::write_tensor_archive(in, {.tensors = jobs[i].inputs});
    command += fmt::format(" '{}' '{}' '{}'", jobs[i].model.string(), in.string(), out.string());
  }
  if (std::system(command.c_str()) != 0) throw std::runtime_error("onnxruntime failed; its message stands above");
  std::vector<std::map<std::string, torch::Tensor>> results;
  for (size_t i = 0; i < jobs.size(); ++i)
    results.push_back(storage::read_safetensors(folder / fmt::format("out{}.safetensors", i)).tensors);
  return results;
}

/// The largest difference over the largest magnitude.
inline double relative_difference(const torch::Tensor& a, const torch::Tensor& b) {
  if (a.sizes() != b.sizes())
    throw std::runtime_error(fmt::format("sizes {} and {}", fmt::join(a.sizes(), "×"), fmt::join(b.sizes(), "×")));
  const torch::Tensor x = a.to(torch::kDouble), y = b.to(torch::kDouble);
  return ((x - y).abs().max() / y.abs().max().clamp_min(1e-12)).item<double>();
}

}  // namespace medvol::tests

/// First line of a test that runs ONNX files. An absent onnxruntime is a visible skip, and a failure where
/// MEDVOL_REQUIRE_DATA=1 (.ci/run).
#define MEDVOL_NEEDS_ONNXRUNTIME()                                                                           \
  if (!::medvol::tests::has_onnxruntime()) {                                                                 \
    if (const char* required = std::getenv("MEDVOL_REQUIRE_DATA"); required && std::string(required) == "1") \
      FAIL() << "onnxruntime is required here; ./medvol setup installs it";                                  \
    GTEST_SKIP() << "onnxruntime is absent; ./medvol setup installs it";                                     \
  }                                                                                                          \
  static_assert(true)
