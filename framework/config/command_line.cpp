#include "framework/config/command_line.h"

#include <fmt/format.h>

#include "framework/core/error.h"
#include "framework/core/nearest.h"

namespace medvol::config {
namespace {

const std::vector<std::string> flags{"--help", "--cfg", "--origin", "--info", "--multirun", "--config-dir", "--debug"};

[[noreturn]] void refuse_flag(const std::string& flag) {
  const std::string name = flag.substr(0, flag.find('='));
  const bool like_override = flag.find('=') != std::string::npos;
  const std::string bare =
      flag.substr(flag.find_first_not_of('-') == std::string::npos ? 0 : flag.find_first_not_of('-'));
  throw core::UserError(fmt::format("unknown flag '{}'", name), "command line",
                        like_override && !core::nearest_name(name, flags)
                            ? fmt::format("options are given without dashes: {}", bare)
                            : core::did_you_mean(name, flags));
}

class ArgumentReader {
 public:
  explicit ArgumentReader(const std::vector<std::string>& arguments) : arguments_(arguments) {}

  CommandLine read() {
    for (; index_ < arguments_.size(); ++index_) {
      const std::string& argument = arguments_[index_];
      if (argument.starts_with("-") && argument.size() > 1) {
        read_flag(argument);
      } else {
        read_override(argument);
      }
    }
    if (result_.origin && !result_.cfg)
      throw core::UserError("--origin stands alone", "command line", "write --cfg job --origin");
    return result_;
  }

 private:
  void read_flag(const std::string& flag) {
    const std::string name = flag.substr(0, flag.find('='));
    if (flag == "--help" || flag == "-h")
      result_.help = true;
    else if (flag == "--origin")
      result_.origin = true;
    else if (flag == "--info")
      result_.info = true;
    else if (flag == "--multirun" || flag == "-m")
      result_.multirun = true;
    else if (flag == "--debug")
      result_.debug = true;
    else if (name == "--config-dir")
      result_.config_dir = argument_of(flag, "--config-dir DIR");
    else if (name == "--cfg")
      read_cfg(argument_of(flag, "--cfg job"));
    else
      refuse_flag(flag);
  }

  void read_cfg(const std::string& what) {
    if (what != "job")
      throw core::UserError(fmt::format("--cfg cannot print '{}'", what), "command line", "write --cfg job");
    result_.cfg = true;
  }

  /// "--name=value", or the argument that follows.
  std::string argument_of(const std::string& flag, const std::string& usage) {
    std::string value;
    if (const size_t equals = flag.find('='); equals != std::string::npos) {
      value = flag.substr(equals + 1);
    } else if (index_ + 1 < arguments_.size()) {
      value = arguments_[++index_];
    }
    if (value.empty())
      throw core::UserError(fmt::format("'{}' lacks its argument", flag), "command line", "write " + usage);
    return value;
  }

  void read_override(const std::string& argument) {
    if (argument.find('=') == std::string::npos && !argument.starts_with("~")) {
      throw core::UserError(fmt::format("'{}' is neither a flag nor an override", argument), "command line",
                            "options are written name=value; --help lists them");
    }
    result_.overrides.push_back(argument);
  }

  const std::vector<std::string>& arguments_;
  size_t index_ = 0;
  CommandLine result_;
};

}  // namespace

CommandLine parse_command_line(const std::vector<std::string>& arguments) { return ArgumentReader(arguments).read(); }

}  // namespace medvol::config
