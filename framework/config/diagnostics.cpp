#include "framework/config/diagnostics.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

namespace medvol::config {
namespace {

std::vector<Defect> sorted(std::vector<Defect> defects) {
  std::stable_sort(defects.begin(), defects.end(), [](const Defect& a, const Defect& b) {
    return std::tie(a.place.file, a.place.line, a.place.column, a.path) <
           std::tie(b.place.file, b.place.line, b.place.column, b.path);
  });
  return defects;
}

/// "network.features: unknown key"
std::string subject(const Defect& defect) {
  return defect.path.empty() ? defect.what : defect.path + ": " + defect.what;
}

std::string line_of(const Defect& defect) {
  const std::string place = defect.place.text();
  std::string line = place.empty() ? subject(defect) : place + ": " + subject(defect);
  return defect.hint.empty() ? line : line + " (" + defect.hint + ")";
}

core::UserError summary(const std::vector<Defect>& defects) {
  MEDVOL_CHECK(!defects.empty(), "a ConfigError without a defect");
  if (defects.size() == 1) {
    const Defect& only = defects.front();
    return core::UserError(subject(only), only.place.text(), only.hint);
  }
  std::string text = fmt::format("{} defects in the configuration:", defects.size());
  for (const Defect& defect : defects) text += "\n" + line_of(defect);
  return core::UserError(text);
}

}  // namespace

ConfigError::ConfigError(std::vector<Defect> defects)
    : core::UserError(summary(sorted(defects))), defects_(sorted(std::move(defects))) {}

void Diagnostics::add(const core::Place& place, std::string path, std::string what, std::string hint) {
  defects_.push_back({place, std::move(path), std::move(what), std::move(hint)});
}

void Diagnostics::add(const ConfigError& error) {
  defects_.insert(defects_.end(), error.defects().begin(), error.defects().end());
}

void Diagnostics::throw_if_any() const {
  if (!defects_.empty()) throw ConfigError(defects_);
}

}  // namespace medvol::config
