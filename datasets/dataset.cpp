#include "datasets/dataset.h"

#include <algorithm>

#include "framework/core/error.h"
#include "framework/core/nearest.h"

namespace medvol::datasets {

const Case& DatasetDescription::find(const std::string& id) const {
  for (const auto* list : {&cases, &test_cases}) {
    const auto found = std::find_if(list->begin(), list->end(), [&](const Case& one) { return one.id == id; });
    if (found != list->end()) return *found;
  }
  std::vector<std::string> known;
  for (const auto* list : {&cases, &test_cases})
    for (const Case& one : *list) known.push_back(one.id);
  throw core::UserError("there is no case '" + id + "'", root.string(), core::did_you_mean(id, known));
}

}  // namespace medvol::datasets
