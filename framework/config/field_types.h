#pragma once
#include <concepts>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "framework/config/diagnostics.h"
#include "framework/config/fields.h"
#include "framework/config/node.h"
#include "framework/config/values.h"

/// Which types a configuration field may have, and what they are called.
namespace medvol::config {

/// A member type that binds, prints and documents itself, such as registry::Choice. Paths of describe() are its own.
template <class T>
concept Bindable = requires(T& value, const T& constant, const Node& node, const std::string& path,
                            Diagnostics& found) {
  value.bind(node, path, found);
  { constant.to_node() } -> std::same_as<Node>;
  { constant.describe() } -> std::same_as<std::vector<FieldDoc>>;
};

namespace detail {

/// Stands for any visitor where the concept below asks for `fields`.
struct AnyVisitor {
  template <class T>
  void operator()(const char*, T&, std::string_view, const Constraint& = {}) {}
};

template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_string_map = false;
template <class T>
inline constexpr bool is_string_map<std::map<std::string, T>> = true;
template <class T>
inline constexpr bool is_supported_no_more = false;

}  // namespace detail

/// An Options struct: has `template <class Visitor> void fields(Visitor& visit)`.
template <class T>
concept HasFields = std::is_class_v<T> && requires(T& value, detail::AnyVisitor& visitor) {
  value.fields(visitor);
};

template <class T>
concept NamedEnum = std::is_enum_v<T> && requires(T value) {
  { enum_names(value) } -> std::convertible_to<EnumNames<T>>;
};

namespace detail {

template <class T>
constexpr void refuse_type() {
  static_assert(is_supported_no_more<T>,
                "not a type that a configuration field may have: see framework/config/fields.h");
}

/// The type in words, as --help prints it.
template <class T>
std::string type_name() {
  if constexpr (Bindable<T> || HasFields<T>)
    return "group";
  else if constexpr (is_optional<T>)
    return type_name<typename T::value_type>();
  else if constexpr (is_vector<T>)
    return "list of " + plural(type_name<typename T::value_type>());
  else if constexpr (is_string_map<T>)
    return "map of names to " + plural(type_name<typename T::mapped_type>());
  else if constexpr (NamedEnum<T>)
    return "name";
  else if constexpr (std::is_same_v<T, bool>)
    return "true or false";
  else if constexpr (std::is_integral_v<T>)
    return "whole number";
  else if constexpr (std::is_same_v<T, double>)
    return "number";
  else if constexpr (std::is_same_v<T, std::string>)
    return "text";
  else if constexpr (std::is_same_v<T, std::filesystem::path>)
    return "path";
  else if constexpr (std::is_same_v<T, core::Length>)
    return "length";
  else
    refuse_type<T>();
}

/// What stands after a field's name in the path of what its elements hold: stages[].features, sites.NAME.weight.
template <class T>
inline constexpr std::string_view below = is_vector<T>       ? "[]"
                                          : is_string_map<T> ? ".NAME"
                                                             : "";

/// The innermost type of optionals, lists and maps.
template <class T>
struct Element {
  using type = T;
};
template <class T>
struct Element<std::optional<T>> : Element<T> {};
template <class T>
struct Element<std::vector<T>> : Element<T> {};
template <class T>
struct Element<std::map<std::string, T>> : Element<T> {};

}  // namespace detail
}  // namespace medvol::config
