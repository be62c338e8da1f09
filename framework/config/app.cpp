#include "framework/config/app.h"

#include <algorithm>

#include "framework/config/interpolate.h"

namespace medvol::config {

std::vector<Job> jobs_of(const CommandLine& line) {
  const std::vector<Override> overrides = parse_overrides(line.overrides);
  if (!line.multirun) return {{0, "run", line.overrides}};  // a sweep is refused when it is composed
  return expand_sweeps(overrides);
}

CommandLine for_job(const CommandLine& line, const Job& job) {
  CommandLine result = line;
  result.overrides = job.overrides;
  result.multirun = false;
  return result;
}

namespace detail {
namespace {

/// The defaults among which an interpolation may look: not those of a choice that the configuration makes anew.
Node fallback_of(Node schema, const Node& tree, const std::vector<std::string>& open_paths) {
  for (const std::string& path : open_paths) {
    if (!tree.find_path(path)) continue;
    Node* parent = &schema;
    std::vector<std::string> keys = split_path(path);
    for (size_t i = 0; parent && i + 1 < keys.size(); ++i) parent = parent->find(keys[i]);
    if (parent) parent->erase(keys.back());
  }
  return schema;
}

}  // namespace

SearchPath search_path_of(const CommandLine& line, const ConfigSource& source) {
  std::vector<std::filesystem::path> folders;
  if (!source.folder.empty()) folders.push_back(source.folder);
  if (!line.config_dir.empty()) folders.push_back(line.config_dir);
  return SearchPath(std::move(folders));
}

PreparedConfig prepare(const CommandLine& line, const ConfigSource& source, const Node& schema,
                       const std::vector<std::string>& open_paths) {
  PreparedConfig result;
  result.search_path = search_path_of(line, source);
  result.overrides = parse_overrides(line.overrides);
  result.composition =
      compose({result.search_path, source.primary, result.overrides, schema, open_paths}, result.found);
  result.tree = result.composition.tree;
  interpolate(result.tree, fallback_of(schema, result.tree, open_paths), result.found);
  return result;
}

void add_defects_of_binding(Diagnostics& found, const Diagnostics& of_binding) {
  const std::vector<Defect> told = found.defects();
  for (const Defect& defect : of_binding.defects()) {
    const bool known = std::any_of(told.begin(), told.end(), [&](const Defect& other) {
      const bool same_place = other.place.text() == defect.place.text();
      return same_place && (other.path == defect.path || defect.place.line > 0);
    });
    if (!known) found.add(defect.place, defect.path, defect.what, defect.hint);
  }
}

void take_values(std::vector<FieldDoc>& fields, const Node& tree) {
  for (FieldDoc& field : fields) {
    const Node* value = tree.find_path(field.path);
    if (value && field.type != "section") field.value = inline_text(*value);
  }
}

std::string defective_text(const PreparedConfig& prepared, const Node& schema,
                           const std::vector<std::string>& open_paths, bool with_origins) {
  Node tree = fallback_of(schema, prepared.tree, open_paths);
  merge(tree, prepared.tree);
  std::string text = with_origins ? to_yaml_with_origins(tree) : to_yaml(tree);
  const std::string defects = ConfigError(prepared.found.defects()).what();
  text += "# ";
  for (const char c : defects) {
    text += c;
    if (c == '\n') text += "# ";
  }
  return text + "\n";
}

}  // namespace detail
}  // namespace medvol::config
