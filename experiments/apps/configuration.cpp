#include "experiments/apps/configuration.h"

namespace medvol::apps {

std::filesystem::path conf_folder() {
  std::error_code failed;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failed);
  const std::filesystem::path installed = program.parent_path().parent_path() / "share" / "medvol" / "conf";
  return !failed && std::filesystem::exists(installed) ? installed : std::filesystem::path(MEDVOL_CONF_FOLDER);
}

config::ResolvedConfig<ExperimentOptions> read_run_configuration(const run::RunPaths& run,
                                                                 const std::vector<std::string>& overrides) {
  config::CommandLine line;
  line.overrides = overrides;
  return config::resolve(line, {run.root(), run.config().stem().string()}, ExperimentOptions{});
}

Arguments plain_lists(Arguments arguments, const std::vector<std::string>& keys) {
  for (std::string& word : arguments)
    for (const std::string& key : keys)
      if (word.rfind(key + "=", 0) == 0 && word.size() > key.size() + 1 && word[key.size() + 1] != '[')
        word = key + "=[" + word.substr(key.size() + 1) + "]";
  return arguments;
}

}  // namespace medvol::apps
