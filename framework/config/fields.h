#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The one field list of an Options struct. It binds, prints, documents, compares and checkpoints:
///
///   struct SgdOptions {
///     double learning_rate = 0.01;
///     bool nesterov = true;
///     template <class Visitor> void fields(Visitor& visit) {
///       visit("learning_rate", learning_rate, "initial step size (nnU-Net: 0.01)", config::positive());
///       visit("nesterov", nesterov, "look ahead before the step");
///     }
///   };
///
/// A member may be: bool, int64_t, double, std::string, std::filesystem::path, core::Length, an enum with
/// `enum_names(E)` found by argument-dependent lookup, std::vector<T>, std::optional<T>, std::map<std::string, T> of
/// those, another Options struct, or a type with the members of `Bindable` (see bind.h), such as registry::Choice.
/// A field without a sensible default is a std::optional<T> with `config::required()`: `???` until it is given.
/// A registry::Choice that has no default name is `config::required()` too.
namespace medvol::config {

/// What a value must satisfy beside its type. Checked on every element of a list.
struct Constraint {
  std::optional<double> minimum = {}, maximum = {};
  bool above_minimum = false;             ///< minimum itself is excluded
  bool below_maximum = false;             ///< maximum itself is excluded
  std::vector<std::string> choices = {};  ///< for strings
  bool required = false;
};

inline Constraint positive() { return {.minimum = 0.0, .above_minimum = true}; }
inline Constraint at_least(double low) { return {.minimum = low}; }
inline Constraint between(double low, double high) { return {.minimum = low, .maximum = high}; }
inline Constraint below(double low, double high) { return {.minimum = low, .maximum = high, .below_maximum = true}; }
inline Constraint one_of(std::vector<std::string> choices) { return {.choices = std::move(choices)}; }
inline Constraint required() { return {.required = true}; }

/// What --help says of one field, or of one group of fields (type "section", no value).
struct FieldDoc {
  std::string path;   ///< dotted: "optimizer.learning_rate"; elements of a list of groups: "stages[].features"
  std::string type;   ///< in words: "number", "list of whole numbers", "name"
  std::string value;  ///< the default, as it may be written in an override; `???` when it must be given
  std::string doc;
  Constraint constraint;
};

/// Names of an enum's values; specialise by overloading in the enum's own namespace.
template <class E>
using EnumNames = std::vector<std::pair<std::string_view, E>>;

}  // namespace medvol::config
