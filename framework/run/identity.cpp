#include "framework/run/identity.h"

#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/storage/atomic_file.h"

namespace medvol::run {
namespace {

using nlohmann::json;

/// The one list of fields: `visit(name, member)` for each. `Self` is Identity or const Identity.
template <class Self, class Visit>
void each_field(Self& identity, Visit&& visit) {
  visit("program_version", identity.program_version);
  visit("git_commit", identity.git_commit);
  visit("torch_version", identity.torch_version);
  visit("device", identity.device);
  visit("device_name", identity.device_name);
  visit("cpu", identity.cpu);
  visit("compute_threads", identity.compute_threads);
  visit("precision", identity.precision);
  visit("memory_format", identity.memory_format);
  visit("data_hash", identity.data_hash);
  visit("seed", identity.seed);
}

}  // namespace

json Identity::to_json() const {
  json out = json::object();
  each_field(*this, [&](const char* name, const auto& value) { out[name] = value; });
  return out;
}

Identity Identity::from_json(const json& in, const std::string& where) {
  Identity identity;
  each_field(identity, [&](const char* name, auto& value) {
    if (!in.is_object() || !in.contains(name))
      throw core::UserError(fmt::format("'{}' is missing", name), where, "the file is damaged or of another program");
    bool number = !std::is_same_v<std::decay_t<decltype(value)>, std::string>;
    if (number ? !in[name].is_number_integer() : !in[name].is_string())
      throw core::UserError(fmt::format("'{}' should be {}", name, number ? "a whole number" : "text"), where,
                            "the file is damaged");
    in[name].get_to(value);
  });
  return identity;
}

void Identity::save(const std::filesystem::path& file) const {
  storage::write_atomic(file, to_json().dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

Identity Identity::load(const std::filesystem::path& file) {
  return from_json(json::parse(storage::read_bytes(file), nullptr, /*allow_exceptions=*/false), file.string());
}

std::vector<std::string> Identity::differences(const Identity& here) const {
  json before = to_json(), now = here.to_json();
  std::vector<std::string> lines;
  each_field(*this, [&](const char* name, const auto&) {
    if (before[name] != now[name])
      lines.push_back(fmt::format("{}: {} there, {} here", name, before[name].dump(), now[name].dump()));
  });
  return lines;
}

}  // namespace medvol::run
