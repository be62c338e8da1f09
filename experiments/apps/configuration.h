#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "experiments/apps/commands.h"
#include "experiments/apps/experiment_options.h"
#include "framework/config/app.h"
#include "framework/run/run_directory.h"

namespace medvol::apps {

/// experiments/conf: beside an installed program (share/medvol/conf), else in the source tree it was built from.
std::filesystem::path conf_folder();

/// What a run was configured with: its config.yaml bound again. `overrides` are laid over it.
config::ResolvedConfig<ExperimentOptions> read_run_configuration(const run::RunPaths& run,
                                                                 const std::vector<std::string>& overrides = {});

std::string precision_text(runtime::Precision precision);
runtime::Precision parse_precision(const std::string& text, const std::string& where);

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
