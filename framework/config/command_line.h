#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace medvol::config {

/// What follows the command's name: overrides, and the few flags that every command has.
struct CommandLine {
  std::vector<std::string> overrides;
  bool help = false;                 ///< --help, -h
  bool cfg = false;                  ///< --cfg job: print the configuration instead of running
  bool origin = false;               ///< --origin: … with the place that each value comes from
  bool info = false;                 ///< --info: print search path, groups and what was chosen
  bool multirun = false;             ///< --multirun, -m: one run for each combination of swept values
  bool debug = false;                ///< --debug: a backtrace with an error
  std::filesystem::path config_dir;  ///< --config-dir DIR: a second folder of configuration files
};

/// Throws UserError on an unknown flag, a flag without its argument and on what is neither flag nor override.
CommandLine parse_command_line(const std::vector<std::string>& arguments);

}  // namespace medvol::config
