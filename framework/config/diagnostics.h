#pragma once
#include <string>
#include <vector>

#include "framework/core/error.h"

namespace medvol::config {

struct Defect {
  core::Place place;
  std::string path;  ///< "network.features"
  std::string what;
  std::string hint;
};

/// Everything that is wrong with a configuration, found before any work starts and reported together.
class ConfigError : public core::UserError {
 public:
  explicit ConfigError(std::vector<Defect> defects);
  const std::vector<Defect>& defects() const { return defects_; }

 private:
  std::vector<Defect> defects_;
};

/// Collects defects instead of stopping at the first.
class Diagnostics {
 public:
  void add(const core::Place& place, std::string path, std::string what, std::string hint = "");
  /// Takes over the defects of an error that was caught.
  void add(const ConfigError& error);
  bool empty() const { return defects_.empty(); }
  const std::vector<Defect>& defects() const { return defects_; }
  void throw_if_any() const;

 private:
  std::vector<Defect> defects_;
};

}  // namespace medvol::config
