#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "framework/config/bind.h"
#include "framework/core/error.h"
#include "framework/core/nearest.h"

namespace medvol::registry {

/// Name → builder. `Product` is what a builder returns (std::unique_ptr<Loss>, std::shared_ptr<Network>, …), `Args`
/// what it needs beside its own options. A configuration node `{name: unet, …options}` is bound first, with every
/// defect collected, and built later: code past binding sees no YAML.
template <class Product, class... Args>
class Registry {
 public:
  using Build = std::function<Product(Args...)>;
  struct Entry {
    std::string name, doc;
    std::function<std::vector<config::FieldDoc>()> describe;
    /// Binds `node` (without its `name`) and returns the builder and the complete options.
    std::function<std::pair<Build, config::Node>(const config::Node& node, const std::string& path,
                                                 config::Diagnostics&)>
        bind;
  };

  /// `kind` is the word for error messages: "network", "loss".
  explicit Registry(std::string kind) : kind_(std::move(kind)) {}

  /// A second entry of the same name is our bug and throws InternalError.
  template <class Options>
  void add(const std::string& name, const std::string& doc, std::function<Product(const Options&, Args...)> build) {
    for (const Entry& entry : entries_) MEDVOL_CHECK(entry.name != name, "{} '{}' is registered twice", kind_, name);
    entries_.push_back({name, doc, [] { return config::describe(Options{}); },
                        [build](const config::Node& node, const std::string& path, config::Diagnostics& found) {
                          Options options;
                          config::bind(node, path, options, found);
                          Build bound = [build, options](Args... args) { return build(options, args...); };
                          return std::pair<Build, config::Node>(std::move(bound), config::to_node(options));
                        }});
  }

  const std::vector<Entry>& entries() const { return entries_; }
  const std::string& kind() const { return kind_; }
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const Entry& entry : entries_) result.push_back(entry.name);
    return result;
  }
  const Entry* find(const std::string& name) const {
    for (const Entry& entry : entries_)
      if (entry.name == name) return &entry;
    return nullptr;
  }

 private:
  std::string kind_;
  std::vector<Entry> entries_;
};

/// An option that names an entry of a registry and carries that entry's own options: `network: {name: unet, features:
/// …}`. It is a Bindable field type; `build(args...)` makes the thing.
template <class Product, class... Args>
class Choice {
 public:
  using RegistryType = Registry<Product, Args...>;
  /// With a default name the choice starts with that entry's own defaults; what those lack (a required field) is found
  /// when a configuration is bound.
  explicit Choice(const RegistryType& registry, const std::string& default_name = "") : registry_(&registry) {
    if (default_name.empty()) return;
    MEDVOL_CHECK(registry.find(default_name), "no {} '{}'", registry.kind(), default_name);
    config::Node defaults = config::Node::map();
    defaults.set("name", config::Node::scalar(default_name));
    config::Diagnostics incomplete;
    bind(defaults, "", incomplete);
  }

  const std::string& name() const { return name_; }
  Product build(Args... args) const {
    MEDVOL_CHECK(build_, "a {} was never chosen", registry_->kind());
    return build_(args...);
  }

  void bind(const config::Node& node, const std::string& path, config::Diagnostics& found) {
    const config::Node* name = node.find("name");
    const std::string chosen = name && name->is_scalar() ? name->text() : name_;
    const auto* entry = registry_->find(chosen);
    if (!entry) {
      found.add(name ? name->origin() : node.origin(), path + ".name",
                chosen.empty() ? "no " + registry_->kind() + " is named"
                               : "unknown " + registry_->kind() + " '" + chosen + "'",
                core::did_you_mean(chosen, registry_->names()));
      return;
    }
    config::Node rest = node;
    rest.erase("name");
    auto [build, options] = entry->bind(rest, path, found);
    name_ = chosen;
    build_ = std::move(build);
    options_ = std::move(options);
  }

  config::Node to_node() const {
    config::Node node = config::Node::map();
    node.set("name", config::Node::scalar(name_));
    for (const auto& [key, value] : options_.entries()) node.set(key, value);
    return node;
  }

  std::vector<config::FieldDoc> describe() const {
    std::vector<config::FieldDoc> fields;
    if (const auto* entry = registry_->find(name_)) fields = entry->describe();
    config::FieldDoc name;
    name.path = "name";
    name.type = "name";
    name.value = name_;
    name.doc = "which " + registry_->kind();
    name.constraint.choices = registry_->names();
    fields.insert(fields.begin(), name);
    return fields;
  }

 private:
  const RegistryType* registry_;
  std::string name_;
  typename RegistryType::Build build_;
  config::Node options_ = config::Node::map();
};

}  // namespace medvol::registry
