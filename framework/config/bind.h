#pragma once
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "framework/config/diagnostics.h"
#include "framework/config/field_types.h"
#include "framework/config/fields.h"
#include "framework/config/node.h"
#include "framework/config/values.h"

/// From a configuration tree to Options structs and back, by the struct's own field list (see fields.h).
namespace medvol::config {

/// Binds `node` onto `into`: keys that are absent keep the value `into` has. Every defect (unknown key, wrong type, out
/// of range, missing) goes into `found`; `path` is where `node` hangs in the whole tree, for messages.
template <class Options>
void bind(const Node& node, const std::string& path, Options& into, Diagnostics& found);

/// Binds onto the defaults; throws ConfigError with every defect.
template <class Options>
Options bind(const Node& node, Options defaults = {}) {
  Diagnostics found;
  config::bind(node, "", defaults, found);  // unqualified, std::bind might be meant
  found.throw_if_any();
  return defaults;
}

/// Every field with its value, in field order; `bind(to_node(x))` gives x again. An unset required field is `???`.
template <class Options>
Node to_node(const Options& options);

/// What --help says: one entry a field and one a group, in field order.
template <class Options>
std::vector<FieldDoc> describe(const Options& defaults = {});

namespace detail {

template <class T>
void read(const Node& node, const std::string& path, const Constraint& constraint, T& into, Diagnostics& found);

template <class T>
void read_list(const Node& node, const std::string& path, const Constraint& constraint, std::vector<T>& into,
               Diagnostics& found) {
  if (!expect_list(node, path, found)) return;
  into.clear();
  for (size_t i = 0; i < node.items().size(); ++i) {
    T element{};  // a proxy of vector<bool> could not be bound
    read(node.items()[i], path + "[" + std::to_string(i) + "]", constraint, element, found);
    into.push_back(std::move(element));
  }
}

template <class T>
void read_map(const Node& node, const std::string& path, const Constraint& constraint, std::map<std::string, T>& into,
              Diagnostics& found) {
  if (!expect_map(node, path, found)) return;
  into.clear();
  for (const auto& [key, value] : node.entries()) {
    T element{};
    read(value, join_path(path, key), constraint, element, found);
    into.insert_or_assign(key, std::move(element));
  }
}

template <class T>
void read_optional(const Node& node, const std::string& path, const Constraint& constraint, std::optional<T>& into,
                   Diagnostics& found) {
  if (node.is_null()) {
    into.reset();
    if (constraint.required) report_missing(node, path, found);
    return;
  }
  T value{};
  read(node, path, constraint, value, found);
  into = std::move(value);
}

template <class T>
void read_integer(const Node& node, const std::string& path, const Constraint& constraint, T& into,
                  Diagnostics& found) {
  using Limits = std::numeric_limits<T>;
  const int64_t low = std::is_signed_v<T> ? static_cast<int64_t>(Limits::min()) : 0;
  const int64_t high = sizeof(T) < 8 ? static_cast<int64_t>(Limits::max()) : std::numeric_limits<int64_t>::max();
  if (const auto value = read_integer(node, path, constraint, low, high, found)) into = static_cast<T>(*value);
}

template <NamedEnum T>
void read_enum(const Node& node, const std::string& path, T& into, Diagnostics& found) {
  const EnumNames<T> names = enum_names(T{});
  std::vector<std::string> choices;
  for (const auto& [name, value] : names) choices.emplace_back(name);
  if (const auto index = read_choice(node, path, choices, found)) into = names[*index].second;
}

/// One value of any type a field may have.
template <class T>
void read(const Node& node, const std::string& path, const Constraint& constraint, T& into, Diagnostics& found) {
  if (node.is_missing()) return report_missing(node, path, found);
  if constexpr (Bindable<T>)
    into.bind(node, path, found);
  else if constexpr (HasFields<T>)
    config::bind(node, path, into, found);
  else if constexpr (is_optional<T>)
    read_optional(node, path, constraint, into, found);
  else if constexpr (is_vector<T>)
    read_list(node, path, constraint, into, found);
  else if constexpr (is_string_map<T>)
    read_map(node, path, constraint, into, found);
  else if constexpr (NamedEnum<T>)
    read_enum(node, path, into, found);
  else if constexpr (std::is_same_v<T, bool>)
    read_truth(node, path, into, found);
  else if constexpr (std::is_integral_v<T>)
    read_integer(node, path, constraint, into, found);
  else if constexpr (std::is_same_v<T, double>)
    read_number(node, path, constraint, into, found);
  else if constexpr (std::is_same_v<T, std::string>)
    read_text(node, path, constraint, into, found);
  else if constexpr (std::is_same_v<T, std::filesystem::path>)
    read_path(node, path, into, found);
  else if constexpr (std::is_same_v<T, core::Length>)
    read_length(node, path, constraint, into, found);
  else
    refuse_type<T>();
}

template <class T>
Node write(const T& value) {
  if constexpr (Bindable<T>) {
    return value.to_node();
  } else if constexpr (HasFields<T>) {
    return to_node(value);
  } else if constexpr (is_optional<T>) {
    return value ? write(*value) : Node{};
  } else if constexpr (is_vector<T>) {
    Node list = Node::list();
    for (const typename T::value_type& element : value) list.append(write<typename T::value_type>(element));
    return list;
  } else if constexpr (is_string_map<T>) {
    Node map = Node::map();
    for (const auto& [key, element] : value) map.set(key, write(element));
    return map;
  } else if constexpr (NamedEnum<T>) {
    for (const auto& [name, member] : enum_names(value))
      if (member == value) return text_node(std::string(name));
    MEDVOL_CHECK(false, "an enum value has no name");
  } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    return integer_node(static_cast<int64_t>(value));
  } else {
    return value_node(value);
  }
}

class Binder {
 public:
  Binder(const Node& node, const std::string& path, Diagnostics& found) : node_(node), path_(path), found_(found) {}

  template <class T>
  void operator()(const char* name, T& member, std::string_view, const Constraint& constraint = {}) {
    known_.emplace_back(name);
    const std::string path = join_path(path_, name);
    if (const Node* value = node_.find(name)) return read(*value, path, constraint, member, found_);
    if constexpr (HasFields<T> && !Bindable<T>) {
      config::bind(Node::map(node_.origin()), path, member, found_);  // what is required inside is missing too
    } else if constexpr (Bindable<T>) {
      if (constraint.required) member.bind(Node::map(node_.origin()), path, found_);
    } else if constexpr (is_optional<T>) {
      if (constraint.required && !member) report_missing(Node::map(node_.origin()), path, found_);
    } else if (constraint.required) {
      report_missing(Node::map(node_.origin()), path, found_);
    }
  }
  void report_unknown_keys() const { detail::report_unknown_keys(node_, path_, known_, found_); }

 private:
  const Node& node_;
  const std::string& path_;
  Diagnostics& found_;
  std::vector<std::string> known_;
};

class Writer {
 public:
  template <class T>
  void operator()(const char* name, T& member, std::string_view, const Constraint& constraint = {}) {
    Node value = write<T>(member);
    if (constraint.required && value.is_null()) value = Node::scalar("???");
    node.set(name, std::move(value));
  }
  Node node = Node::map();
};

class Describer {
 public:
  template <class T>
  void operator()(const char* name, T& member, std::string_view doc, const Constraint& constraint = {}) {
    using Inner = typename Element<T>::type;
    if constexpr (Bindable<T>) {
      add_group(name, doc, member.describe());
    } else if constexpr (HasFields<T>) {
      add_group(name, doc, describe(member));
    } else {
      FieldDoc field{name, type_name<T>(), "", std::string(doc), constraint};
      if constexpr (NamedEnum<Inner>) {
        for (const auto& [choice, value] : enum_names(Inner{})) field.constraint.choices.emplace_back(choice);
      }
      const Node value = write<T>(member);
      field.value = constraint.required && value.is_null() ? "???" : inline_text(value);
      fields.push_back(std::move(field));
      if constexpr (HasFields<Inner> && !Bindable<Inner>) add_below(name + std::string(below<T>), describe(Inner{}));
    }
  }
  std::vector<FieldDoc> fields;

 private:
  void add_group(const char* name, std::string_view doc, const std::vector<FieldDoc>& inner) {
    fields.push_back({name, "section", "", std::string(doc), {}});
    add_below(name, inner);
  }
  void add_below(const std::string& name, const std::vector<FieldDoc>& inner) {
    for (FieldDoc field : inner) {
      field.path = join_path(name, field.path);
      fields.push_back(std::move(field));
    }
  }
};

}  // namespace detail

template <class Options>
void bind(const Node& node, const std::string& path, Options& into, Diagnostics& found) {
  static_assert(HasFields<Options>,
                "an Options struct lists its members in fields(visit): see framework/config/fields.h");
  const Node none = Node::map(node.origin());
  const Node& map = node.is_null() ? none : node;  // `trainer:` with nothing below it
  if (!map.is_map()) return detail::report_wrong_type(node, path, "a group of options", found);
  detail::Binder binder(map, path, found);
  into.fields(binder);
  binder.report_unknown_keys();
}

template <class Options>
Node to_node(const Options& options) {
  static_assert(HasFields<Options>,
                "an Options struct lists its members in fields(visit): see framework/config/fields.h");
  Options copy = options;  // the one field list is written for changing members
  detail::Writer writer;
  copy.fields(writer);
  return std::move(writer.node);
}

template <class Options>
std::vector<FieldDoc> describe(const Options& defaults) {
  static_assert(HasFields<Options>,
                "an Options struct lists its members in fields(visit): see framework/config/fields.h");
  Options copy = defaults;
  detail::Describer describer;
  copy.fields(describer);
  return std::move(describer.fields);
}

}  // namespace medvol::config
