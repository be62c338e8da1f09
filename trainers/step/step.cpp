#include "trainers/step/step.h"

namespace medvol::trainers {

NamedTensors with_prefix(const NamedTensors& named, const std::string& prefix) {
  NamedTensors result;
  for (auto it = named.lower_bound(prefix); it != named.end() && it->first.rfind(prefix, 0) == 0; ++it)
    result.emplace(it->first.substr(prefix.size()), it->second);
  return result;
}

void add_prefixed(NamedTensors& all, const std::string& prefix, const NamedTensors& named) {
  for (const auto& [name, tensor] : named) all.emplace(prefix + name, tensor);
}

}  // namespace medvol::trainers
