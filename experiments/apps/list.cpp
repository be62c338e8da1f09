#include <fmt/format.h>

#include "experiments/apps/commands.h"
#include "framework/core/nearest.h"

namespace medvol::apps {
namespace {

template <class Registry>
void print_entries(const Registry& registry) {
  for (const auto& entry : registry.entries()) fmt::print("{:<16} {}\n", entry.name, entry.doc);
}

}  // namespace

int list(const Arguments& arguments) {
  const std::vector<std::string> kinds{"networks", "losses", "datasets", "optimizers", "schedules"};
  const std::string kind = arguments.empty() ? "" : arguments[0];
  if (kind == "networks")
    print_entries(registries().networks);
  else if (kind == "losses")
    print_entries(registries().losses);
  else if (kind == "datasets")
    print_entries(registries().datasets);
  else if (kind == "optimizers")
    print_entries(registries().optimizers);
  else if (kind == "schedules")
    print_entries(registries().schedules);
  else if (kind == "--help" || kind == "-h")
    fmt::print(
        "usage: medvol list networks|losses|datasets|optimizers|schedules\n\nOne name a line, as configurations use it "
        "(network=unet), and what it is.\n");
  else
    throw core::UserError(kind.empty() ? "list what?" : "'" + kind + "' is no kind of thing", "medvol list",
                          core::did_you_mean(kind, kinds));
  return 0;
}

}  // namespace medvol::apps
