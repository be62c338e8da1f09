#include <algorithm>
#include <sstream>

#include "experiments/apps/commands.h"
#include "experiments/apps/configuration.h"
#include "experiments/apps/registries.h"
#include "framework/core/error.h"
#include "framework/core/nearest.h"
#include "framework/storage/file_error.h"

namespace medvol::apps {
namespace {

/// The comment that a data set's configuration file begins with: its page.
std::vector<std::string> page_of(const std::string& name) {
  std::istringstream file(storage::read_bytes(conf_folder() / "dataset" / (name + ".yaml")));
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line) && line.starts_with("#");)
    lines.push_back(line.size() > 2 ? line.substr(2) : "");
  return lines;
}

}  // namespace

int dataset_pages(const Arguments& arguments) {
  const std::vector<std::string> names = registries().datasets.names();
  if (arguments.empty()) {
    for (const std::string& name : names) fmt::print("{:<12} {}\n", name, page_of(name).front());
    fmt::print("\nthe page of one: medvol datasets describe NAME\n");
    return 0;
  }
  if (arguments.front() == "--help" || arguments.front() == "-h")
    return fmt::print(
               "usage: medvol datasets\n       medvol datasets describe NAME\n\nThe data set layouts that medvol "
               "reads, a line each; or the page of one: what it is, its licence, where to\nget it, what to cite, and "
               "the folder that dataset.root must name.\n"),
           0;
  if (arguments.front() != "describe" || arguments.size() != 2)
    throw core::UserError("expected nothing, or: describe NAME", "medvol datasets", "see medvol datasets --help");
  const std::string& name = arguments[1];
  if (std::find(names.begin(), names.end(), name) == names.end())
    throw core::UserError("'" + name + "' is no data set", "medvol datasets", core::did_you_mean(name, names));
  for (const std::string& line : page_of(name)) fmt::print("{}\n", line);
  return 0;
}

}  // namespace medvol::apps
