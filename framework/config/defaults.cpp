#include "framework/config/defaults.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "framework/config/source.h"
#include "framework/core/nearest.h"

namespace medvol::config {
namespace {

/// Applies what the special names mean; see "packages" in Hydra's manual.
std::string final_package(const std::string& parent, const std::string& package, const std::string& group) {
  if (package == "_global_") return "";
  if (package.starts_with("_global_.")) return package.substr(9);
  if (package == "_here_") return parent;
  if (package != "_group_") return join_path(parent, package);
  std::string dotted = group;
  std::replace(dotted.begin(), dotted.end(), '/', '.');
  return join_path(parent, dotted);
}

/// "network", or "network@backup" for a choice that goes to a place of its own.
std::string choice_key(const std::string& group, const std::optional<std::string>& package) {
  return package && !package->empty() ? group + "@" + *package : group;
}

class DefaultsResolver {
 public:
  DefaultsResolver(const SearchPath& search_path, Diagnostics& found) : search_path_(search_path), found_(found) {}

  std::vector<DefaultsFile> resolve(const std::string& primary, const std::vector<Override>& overrides) {
    for (const Override& override : overrides) {
      if (override.kind != Override::Kind::add && override.kind != Override::Kind::force_add)
        register_override(override);
    }
    // The command line's additions come last, so that they win; hence they are walked first.
    std::vector<DefaultsFile> backwards;
    for (auto override = overrides.rbegin(); override != overrides.rend(); ++override) {
      if (override->kind == Override::Kind::add || override->kind == Override::Kind::force_add)
        walk_group(added_entry(*override), "", backwards);
    }
    if (!primary.empty()) walk_file({primary, "", "", std::nullopt, "", false, {}}, backwards);
    report_unused_overrides();
    std::reverse(backwards.begin(), backwards.end());
    return backwards;
  }

 private:
  struct Choice {
    DefaultsEntry entry;
    bool from_command_line = false;
    bool removed = false;
  };
  struct Request {
    std::string config, folder, choice_group;     // "network/unet", "network", "network"
    std::optional<std::string> explicit_package;  // given with '@'
    std::string parent_package;
    bool optional = false;
    core::Place place;
  };

  static std::vector<std::string> chosen_options(const Override& override) {
    std::vector<std::string> options;
    for (const OverrideValue& value : override.values)
      for (const std::string& option : option_names(value.node)) options.push_back(option);
    return options;
  }

  static DefaultsEntry added_entry(const Override& override) {
    DefaultsEntry entry;
    entry.kind = DefaultsEntry::Kind::group;
    entry.group = override.key;
    if (!override.package.empty()) entry.package = override.package;
    entry.options = chosen_options(override);
    entry.place = override.place();
    return entry;
  }

  void register_override(const Override& override) {
    Choice choice;
    choice.entry = added_entry(override);
    choice.from_command_line = true;
    choice.removed = override.kind == Override::Kind::remove;
    // The last one on the command line wins.
    choices_.insert_or_assign(choice_key(choice.entry.group, choice.entry.package), std::move(choice));
  }

  /// Walks backwards, so that an `override` of a later file is known before the entry that it overrides.
  void walk_file(const Request& request, std::vector<DefaultsFile>& backwards) {
    const auto path = search_path_.find(request.config);
    if (!path) {
      if (!request.optional) report_missing_file(request);
      return;
    }
    if (!active_.insert(request.config).second) {
      found_.add(request.place, "defaults", fmt::format("'{}' includes itself", request.config),
                 "remove one of the entries");
      return;
    }
    try {
      walk_entries(request, *path, backwards);
    } catch (const ConfigError& error) {
      found_.add(error);
    }
    active_.erase(request.config);
  }

  void walk_entries(const Request& request, const std::filesystem::path& path, std::vector<DefaultsFile>& backwards) {
    const std::string name = display_name(path);
    ConfigFile file = load_config_file(path, name);
    if (!file.tree.is_map() && !file.tree.is_null())
      throw ConfigError(
          {{file.tree.origin(), "", "a configuration file holds a group of options", "write 'name: value'"}});
    const std::string package = package_of(request, file);
    const std::vector<DefaultsEntry> entries = parse_defaults(file.tree, request.folder);
    for (const DefaultsEntry& entry : entries) {
      if (entry.override_choice) choices_.try_emplace(choice_key(entry.group, entry.package), Choice{entry});
    }
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
      if (entry->override_choice) continue;
      if (entry->kind == DefaultsEntry::Kind::self) {
        Node content = file.tree.is_map() ? file.tree : Node::map(file.tree.origin());
        content.erase("defaults");
        backwards.push_back({request.config, request.choice_group, package, name, std::move(content)});
      } else if (entry->kind == DefaultsEntry::Kind::config) {
        const std::string config = entry->group.empty() ? entry->options[0] : entry->group + "/" + entry->options[0];
        // A plain entry is a part of this file: it goes to the same package unless it says otherwise.
        walk_file({config, entry->group, "", entry->package.value_or("_here_"), package, entry->optional, entry->place},
                  backwards);
      } else {
        walk_group(*entry, package, backwards);
      }
    }
  }

  static std::string package_of(const Request& request, const ConfigFile& file) {
    const std::string by_group = request.choice_group.empty() ? "_here_" : "_group_";
    const std::string own = file.package.value_or(by_group);
    // A group beneath this file's own folder gives only its last part: `- engine: x` in db/mysql.yaml is db.engine.
    const std::string relative = relative_group(request);
    return final_package(request.parent_package, request.explicit_package.value_or(own), relative);
  }

  static std::string relative_group(const Request& request) {
    std::string parent = request.parent_package;
    std::replace(parent.begin(), parent.end(), '.', '/');
    const bool beneath = !parent.empty() && request.choice_group.starts_with(parent + "/");
    return beneath ? request.choice_group.substr(parent.size() + 1) : request.choice_group;
  }

  void walk_group(const DefaultsEntry& listed, const std::string& parent_package,
                  std::vector<DefaultsFile>& backwards) {
    const std::string key = choice_key(listed.group, listed.package);
    if (!seen_.insert(key).second) {
      found_.add(listed.place, "defaults", fmt::format("the group '{}' is chosen twice", key),
                 fmt::format("keep one entry, or write 'override /{}: option'", listed.group));
      return;
    }
    DefaultsEntry entry = listed;
    if (const auto choice = choices_.find(key); choice != choices_.end()) {
      if (choice->second.removed) return check_removal(choice->second.entry, listed);
      entry = choice->second.entry;
      entry.package = listed.package;
      entry.optional = entry.optional || (listed.optional && !choice->second.from_command_line);
    }
    if (entry.must_choose) return report_open_choice(entry);
    for (auto option = entry.options.rbegin(); option != entry.options.rend(); ++option) {
      walk_file({entry.group + "/" + *option, entry.group, entry.group, entry.package, parent_package, entry.optional,
                 entry.place},
                backwards);
    }
  }

  void check_removal(const DefaultsEntry& removal, const DefaultsEntry& listed) {
    if (removal.options.empty() || removal.options == listed.options) return;
    found_.add(removal.place, "",
               fmt::format("the group '{}' is '{}', not '{}'", listed.group, fmt::join(listed.options, ","),
                           fmt::join(removal.options, ",")),
               fmt::format("write ~{}", listed.group));
  }

  void report_open_choice(const DefaultsEntry& entry) {
    found_.add(entry.place, "defaults", fmt::format("a {} must be chosen", entry.group),
               fmt::format("give {}=…, one of: {}", entry.group, fmt::join(search_path_.options(entry.group), ", ")));
  }

  void report_missing_file(const Request& request) {
    const std::string option = request.config.substr(request.config.rfind('/') + 1);
    if (request.choice_group.empty()) {
      found_.add(request.place, request.place.file.empty() ? "" : "defaults",
                 fmt::format("no file '{}.yaml' in {}", request.config, folders_text()),
                 core::did_you_mean(option, search_path_.options(request.folder)));
      return;
    }
    const std::vector<std::string> options = search_path_.options(request.choice_group);
    if (options.empty()) {
      found_.add(request.place, "", fmt::format("no group '{}' in {}", request.choice_group, folders_text()),
                 core::did_you_mean(request.choice_group, search_path_.groups()));
      return;
    }
    const auto nearest = core::nearest_name(option, options);
    const std::string meant = nearest ? fmt::format("did you mean '{}'? ", *nearest) : "";
    found_.add(request.place, "", fmt::format("no {} '{}'", request.choice_group, option),
               fmt::format("{}one of: {}", meant, fmt::join(options, ", ")));
  }

  std::string folders_text() const {
    std::vector<std::string> names;
    for (const auto& folder : search_path_.folders()) names.push_back(display_name(folder));
    return names.empty() ? "no folder: none is searched" : fmt::format("{}", fmt::join(names, ", "));
  }

  void report_unused_overrides() {
    if (!found_.empty()) return;  // a file that could not be read may have listed the group
    for (const auto& [key, choice] : choices_) {
      if (seen_.contains(key)) continue;
      const std::string options = fmt::format("{}", fmt::join(choice.entry.options, ","));
      const std::string add =
          choice.from_command_line ? fmt::format("+{}={}", key, options) : fmt::format("'- /{}: {}'", key, options);
      if (choice.removed) {
        found_.add(choice.entry.place, "", fmt::format("no group '{}' is in the defaults list", key),
                   "nothing to delete");
      } else {
        found_.add(choice.entry.place, choice.from_command_line ? "" : "defaults",
                   fmt::format("no group '{}' is in the defaults list", key), fmt::format("to add it write {}", add));
      }
    }
  }

  const SearchPath& search_path_;
  Diagnostics& found_;
  std::map<std::string, Choice> choices_;
  std::set<std::string> seen_, active_;
};

}  // namespace

std::vector<DefaultsFile> resolve_defaults(const SearchPath& search_path, const std::string& primary,
                                           const std::vector<Override>& group_overrides, Diagnostics& found) {
  return DefaultsResolver(search_path, found).resolve(primary, group_overrides);
}

}  // namespace medvol::config
