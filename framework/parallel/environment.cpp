#include "framework/parallel/environment.h"

#include <charconv>
#include <cstdlib>
#include <optional>

#include "framework/core/error.h"

namespace medvol::parallel {
namespace {

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value && *value ? std::optional<std::string>(value) : std::nullopt;
}

/// Of the first of the names that is set.
std::optional<int64_t> number(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto text = variable(name);
    if (!text) continue;
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc() || end != text->data() + text->size() || value < 0)
      throw core::UserError("'" + *text + "' is no number", name, "it is set by who starts several processes");
    return value;
  }
  return std::nullopt;
}

template <class T>
T required(const std::optional<T>& value, const char* name) {
  if (!value)
    throw core::UserError("is not set, but WORLD_SIZE says that there are several processes", name,
                          "set RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT, or use `medvol launch`");
  return *value;
}

}  // namespace

Environment Environment::read() {
  Environment found;
  found.size = number({"WORLD_SIZE", "OMPI_COMM_WORLD_SIZE"}).value_or(1);
  if (found.size <= 1) return {};
  found.rank = required(number({"RANK", "OMPI_COMM_WORLD_RANK"}), "RANK");
  if (found.rank >= found.size)
    throw core::UserError(fmt::format("rank {} of {} processes", found.rank, found.size), "RANK",
                          "ranks count from 0 to WORLD_SIZE - 1");
  found.local_rank = number({"LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_RANK"}).value_or(0);
  found.local_size = number({"LOCAL_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE"}).value_or(1);
  found.master_address = required(variable("MASTER_ADDR"), "MASTER_ADDR");
  const int64_t port = required(number({"MASTER_PORT"}), "MASTER_PORT");
  if (port < 1 || port > 65535) throw core::UserError(fmt::format("{} is no port", port), "MASTER_PORT");
  found.master_port = static_cast<uint16_t>(port);
  found.meeting_point_is_there = variable("TORCHELASTIC_USE_AGENT_STORE").value_or("") == "True";
  return found;
}

}  // namespace medvol::parallel
