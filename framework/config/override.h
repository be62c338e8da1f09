#pragma once
#include <string>
#include <vector>

#include "framework/config/node.h"

namespace medvol::config {

/// One value of an override, and how it was written.
struct OverrideValue {
  Node node;
  std::string text;
};

/// One override of the command line, parsed. Grammar (Hydra's):
///
///   override = ["+" | "++"] key "=" [values]  |  "~" key ["=" value]
///   key      = name {("." | "/") name} ["@" package]
///   values   = value {"," value}              several are a sweep
///            | "choice(" value {"," value} ")"
///            | "range(" [start ","] stop ["," step] ")"   start=, stop=, step= may be named; stop is not reached
///   value    = "[" [value {"," value}] "]"  |  "{" [name ":" value {"," name ":" value}] "}"
///            | 'text' | "text"  |  plain text, with ${…} whole, and \ before a character that is meant literally
///
/// Plain text is null, true, a number or text as in YAML; blanks at its ends do not count.
struct Override {
  enum class Kind { change, add, force_add, remove };
  Kind kind = Kind::change;
  std::string key;                    ///< "a.b", or a group: "network", "dataset/planning"
  std::string package;                ///< what follows '@'; else empty
  std::vector<OverrideValue> values;  ///< one; several of a sweep; none of `~key`
  bool sweep = false;
  std::string text;  ///< as written

  /// Where messages say it stands: "override 'a.b=c'".
  core::Place place() const { return {"override '" + text + "'"}; }
  /// "+", "++", "~" or nothing.
  std::string prefix() const;
};

/// Throws ConfigError with the position of the fault and what to write instead.
Override parse_override(const std::string& text);

/// All of them; throws ConfigError with the faults of all.
std::vector<Override> parse_overrides(const std::vector<std::string>& texts);

}  // namespace medvol::config
