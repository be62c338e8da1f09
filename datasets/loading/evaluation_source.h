#pragma once
#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <vector>

namespace medvol::datasets {

/// A whole case as the network sees it.
struct EvaluationCase {
  std::string id;
  at::Tensor image;   ///< float32 [C, D, H, W]
  at::Tensor labels;  ///< uint8 [D, H, W]
};

/// Whole cases, each once, in order, untouched. A type of its own: what is evaluated can never be augmented.
class EvaluationSource {
 public:
  using Read = std::function<EvaluationCase(const std::string& id)>;
  EvaluationSource(std::vector<std::string> ids, Read read);

  const std::vector<std::string>& ids() const { return ids_; }
  int64_t count() const { return static_cast<int64_t>(ids_.size()); }
  /// Throws what reading throws.
  EvaluationCase at(int64_t index) const;

 private:
  std::vector<std::string> ids_;
  Read read_;
};

}  // namespace medvol::datasets
