#include "experiments/apps/dataset_settings.h"

namespace medvol::apps {

void DatasetSettings::bind(const config::Node& node, const std::string& path, config::Diagnostics& found) {
  config::Node layout = node, mixing = config::Node::map(node.origin());
  const config::Node fields = config::to_node(synthetic_);
  for (const auto& [key, value] : fields.entries())
    if (const config::Node* given = node.find(key)) {
      mixing.set(key, *given);
      layout.erase(key);
    }
  choice_.bind(layout, path, found);
  config::bind(mixing, path, synthetic_, found);
  if (synthetic_.synthetic_fraction > 0 && synthetic_.synthetic_root.empty())
    found.add(node.origin(), path + ".synthetic_root", "is not given, though synthetic_fraction is above 0",
              "name the folder that `medvol synthesise` wrote");
}

config::Node DatasetSettings::to_node() const {
  config::Node node = choice_.to_node();
  const config::Node mixing = config::to_node(synthetic_);
  for (const auto& [key, value] : mixing.entries()) node.set(key, value);
  return node;
}

std::vector<config::FieldDoc> DatasetSettings::describe() const {
  std::vector<config::FieldDoc> fields = choice_.describe();
  for (config::FieldDoc& field : config::describe(synthetic_)) fields.push_back(std::move(field));
  return fields;
}

}  // namespace medvol::apps
