#include "framework/run/outcome.h"

#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/storage/atomic_file.h"
#include "framework/storage/file_error.h"

namespace medvol::run {
namespace {

template <class Self, class Visit>
void each_field(Self& outcome, Visit&& visit) {
  visit("variant", outcome.variant);
  visit("seed", outcome.seed);
  visit("network", outcome.network);
  visit("parameters", outcome.parameters);
  visit("steps", outcome.steps);
  visit("training_seconds", outcome.training_seconds);
  visit("milliseconds_per_case", outcome.milliseconds_per_case);
}

}  // namespace

nlohmann::json Outcome::to_json() const {
  nlohmann::json out = nlohmann::json::object();
  each_field(*this, [&](const char* name, const auto& value) { out[name] = value; });
  return out;
}

void Outcome::save(const std::filesystem::path& file) const { storage::write_atomic(file, to_json().dump(2) + "\n"); }

std::optional<Outcome> Outcome::load(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return std::nullopt;
  try {
    const auto in = nlohmann::json::parse(storage::read_bytes(file));
    Outcome outcome;
    each_field(outcome, [&](const char* name, auto& value) { in.at(name).get_to(value); });
    return outcome;
  } catch (const nlohmann::json::exception& error) {
    throw core::UserError(std::string("is damaged: ") + error.what(), file.string(),
                          "resume the run: it is written anew at the end");
  }
}

}  // namespace medvol::run
