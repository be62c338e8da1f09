#include "datasets/loading/evaluation_source.h"

#include <utility>

#include "framework/core/error.h"

namespace medvol::datasets {

EvaluationSource::EvaluationSource(std::vector<std::string> ids, Read read)
    : ids_(std::move(ids)), read_(std::move(read)) {}

EvaluationCase EvaluationSource::at(int64_t index) const {
  MEDVOL_CHECK(index >= 0 && index < count(), "case {} of {}", index, count());
  EvaluationCase result = read_(ids_[static_cast<size_t>(index)]);
  MEDVOL_CHECK(result.image.dim() == 4 && result.image.scalar_type() == at::kFloat,
               "case '{}' is no float32 [C, D, H, W]", result.id);
  return result;
}

}  // namespace medvol::datasets
