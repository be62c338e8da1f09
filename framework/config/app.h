#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "framework/config/bind.h"
#include "framework/config/command_line.h"
#include "framework/config/compose.h"
#include "framework/config/help.h"
#include "framework/config/print.h"
#include "framework/config/sweep.h"

/// What every command does with its configuration: compose → interpolate → bind, and answer --help, --cfg and --info.
///
///   const config::CommandLine line = config::parse_command_line(arguments);
///   const config::ConfigSource source{"experiments/conf", "config"};
///   if (auto text = config::answer(line, source, page, defaults)) return print(*text);
///   for (const config::Job& job : config::jobs_of(line)) run(config::resolve(config::for_job(line, job), source,
///   defaults));
namespace medvol::config {

/// Where a command's files are.
struct ConfigSource {
  std::filesystem::path folder;  ///< the program's own; empty: none
  std::string primary;           ///< the file at the top, without .yaml; empty: the command has only overrides
};

template <class Options>
struct ResolvedConfig {
  Options options;
  Node tree;  ///< every option with its value and, where it is no default, its origin: what config.yaml keeps
  std::vector<std::string> overrides;
};

/// The command line's jobs: with --multirun one for each combination of swept values, else one (resolve() refuses a
/// sweep).
std::vector<Job> jobs_of(const CommandLine& line);
/// The same command line with the overrides of one job.
CommandLine for_job(const CommandLine& line, const Job& job);

namespace detail {

/// Collects the members below which a registry's choice decides what keys there are.
class OpenPaths {
 public:
  explicit OpenPaths(std::string prefix = "") : prefix_(std::move(prefix)) {}

  template <class T>
  void operator()(const char* name, T& member, std::string_view, const Constraint& = {}) {
    const std::string path = join_path(prefix_, name);
    if constexpr (Bindable<T>) {
      paths.push_back(path);
    } else if constexpr (HasFields<T>) {
      OpenPaths inner(path);
      member.fields(inner);
      paths.insert(paths.end(), inner.paths.begin(), inner.paths.end());
    }
  }
  std::vector<std::string> paths;

 private:
  std::string prefix_;
};

template <class Options>
std::vector<std::string> open_paths(const Options& defaults) {
  Options copy = defaults;
  OpenPaths visitor;
  copy.fields(visitor);
  return visitor.paths;
}

/// Composed and interpolated, not yet bound.
struct PreparedConfig {
  SearchPath search_path;
  std::vector<Override> overrides;
  Composition composition;
  Node tree;
  Diagnostics found;
};

PreparedConfig prepare(const CommandLine& line, const ConfigSource& source, const Node& schema,
                       const std::vector<std::string>& open_paths);
SearchPath search_path_of(const CommandLine& line, const ConfigSource& source);
/// Adds the defects of binding, but for values that could not be interpolated: those are told already.
void add_defects_of_binding(Diagnostics& found, const Diagnostics& of_binding);
/// Gives each field that is in the tree the value it has there.
void take_values(std::vector<FieldDoc>& fields, const Node& tree);
/// The tree as written laid over the defaults, for printing what cannot be bound; the defects as comments.
std::string defective_text(const PreparedConfig& prepared, const Node& schema,
                           const std::vector<std::string>& open_paths, bool with_origins);
}  // namespace detail

/// The options of one run. Throws ConfigError with every defect of overrides, interpolations and values together
/// (faults of groups and files come first, alone, for all else depends on them).
template <class Options>
ResolvedConfig<Options> resolve(const CommandLine& line, const ConfigSource& source, const Options& defaults) {
  detail::PreparedConfig prepared = detail::prepare(line, source, to_node(defaults), detail::open_paths(defaults));
  ResolvedConfig<Options> result{defaults, {}, line.overrides};
  Diagnostics of_binding;
  config::bind(prepared.tree, "", result.options, of_binding);
  detail::add_defects_of_binding(prepared.found, of_binding);
  prepared.found.throw_if_any();
  result.tree = to_node(result.options);
  adopt_origins(result.tree, prepared.tree);
  return result;
}

/// The text of --cfg job: complete where the configuration is sound, else what was written, and the defects as
/// comments.
template <class Options>
std::string cfg_text(const CommandLine& line, const ConfigSource& source, const Options& defaults) {
  const Node schema = to_node(defaults);
  const std::vector<std::string> open = detail::open_paths(defaults);
  detail::PreparedConfig prepared = detail::prepare(line, source, schema, open);
  Options options = defaults;
  Diagnostics of_binding;
  config::bind(prepared.tree, "", options, of_binding);
  detail::add_defects_of_binding(prepared.found, of_binding);
  if (!prepared.found.empty()) return detail::defective_text(prepared, schema, open, line.origin);
  Node tree = to_node(options);
  adopt_origins(tree, prepared.tree);
  return line.origin ? to_yaml_with_origins(tree) : to_yaml(tree);
}

/// The text of --help, with the values and the choices that files and overrides give, where they are sound.
template <class Options>
std::string help_text(const CommandLine& line, const ConfigSource& source, const HelpPage& page,
                      const Options& defaults) {
  Options options = defaults;
  try {
    const detail::PreparedConfig prepared =
        detail::prepare(line, source, to_node(defaults), detail::open_paths(defaults));
    Diagnostics ignored;  // help is given to those who are not there yet
    config::bind(prepared.tree, "", options, ignored);
  } catch (const core::UserError&) {
    options = defaults;
  }
  std::vector<FieldDoc> fields = describe(options);
  detail::take_values(fields, to_node(options));  // a registry describes an entry with the entry's own defaults
  return help_text(page, fields, detail::search_path_of(line, source));
}

/// What --help, --cfg or --info print instead of running; nothing without these flags.
template <class Options>
std::optional<std::string> answer(const CommandLine& line, const ConfigSource& source, const HelpPage& page,
                                  const Options& defaults) {
  if (line.help) return help_text(line, source, page, defaults);
  if (line.cfg) return cfg_text(line, source, defaults);
  if (!line.info) return std::nullopt;
  const detail::PreparedConfig prepared =
      detail::prepare(line, source, to_node(defaults), detail::open_paths(defaults));
  return info_text(prepared.search_path, prepared.composition, prepared.overrides);
}

}  // namespace medvol::config
