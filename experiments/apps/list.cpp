#include <fmt/format.h>
#include <fmt/ranges.h>

#include "experiments/apps/commands.h"
#include "experiments/apps/registries.h"
#include "framework/core/nearest.h"

namespace medvol::apps {

int list(const Arguments& arguments) {
  const std::vector<RegistryListing> all = list_registries();
  std::vector<std::string> kinds;
  for (const RegistryListing& one : all) kinds.push_back(one.kind);
  const std::string kind = arguments.empty() ? "" : arguments[0];
  if (kind == "--help" || kind == "-h")
    return fmt::print(
               "usage: medvol list {}\n\nOne name a line, as configurations use it (network=unet), and what it is.\n",
               fmt::join(kinds, "|")),
           0;
  for (const RegistryListing& one : all) {
    if (one.kind != kind) continue;
    for (const auto& [name, doc] : one.entries) fmt::print("{:<24} {}\n", name, doc);
    return 0;
  }
  throw core::UserError(kind.empty() ? "list what?" : "'" + kind + "' is no kind of thing", "medvol list",
                        core::did_you_mean(kind, kinds));
}

}  // namespace medvol::apps
