#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "experiments/apps/commands.h"
#include "experiments/apps/experiment_options.h"
#include "framework/config/app.h"
#include "framework/core/error.h"
#include "framework/run/run_directory.h"

namespace medvol::apps {

/// experiments/conf: beside an installed program (share/medvol/conf), else in the source tree it was built from.
std::filesystem::path conf_folder();

/// What a run was configured with: its config.yaml bound again. `overrides` are laid over it.
config::ResolvedConfig<ExperimentOptions> read_run_configuration(const run::RunPaths& run,
                                                                 const std::vector<std::string>& overrides = {});

/// The name of an enumeration's value in a configuration, and back.
template <class Choice>
std::string choice_name(Choice choice) {
  for (const auto& [name, value] : enum_names(choice))
    if (value == choice) return std::string(name);
  MEDVOL_CHECK(false, "a choice without a name");
}
template <class Choice>
Choice parse_choice(const std::string& name, const std::string& where) {
  for (const auto& [known, value] : enum_names(Choice{}))
    if (known == name) return value;
  throw core::UserError("unknown choice '" + name + "'", where, "it was written by another version of medvol");
}

/// `key=A,B` as `key=[A,B]` for these keys: outside a sweep a comma can only mean a list.
Arguments plain_lists(Arguments arguments, const std::vector<std::string>& keys);

/// The frame of a command without config files: answers --help, --cfg and --info, else binds and works.
template <class Options>
int run_command(const config::HelpPage& page, const Arguments& arguments, const Options& defaults,
                const std::function<void(const Options&)>& work, const std::string& primary = "") {
  const config::CommandLine line = config::parse_command_line(arguments);
  const config::ConfigSource source{primary.empty() ? std::filesystem::path() : conf_folder(), primary};
  if (const auto text = config::answer(line, source, page, defaults)) {
    fmt::print("{}", *text);
    return 0;
  }
  work(config::resolve(line, source, defaults).options);
  return 0;
}

}  // namespace medvol::apps
