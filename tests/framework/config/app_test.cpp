#include "framework/config/app.h"

#include <gtest/gtest.h>

#include <memory>

#include "framework/config/source.h"
#include "framework/registry/registry.h"
#include "tests/framework/config/messages.h"
#include "tests/support/support.h"

namespace medvol::config {
namespace {

struct UnetOptions {
  int64_t features = 32;
  template <class Visitor>
  void fields(Visitor& visit) {
    visit("features", features, "channels of the first stage", at_least(1));
  }
};
struct VnetOptions {
  double width = 0.5;
  template <class Visitor>
  void fields(Visitor& visit) {
    visit("width", width, "how wide", positive());
  }
};
using ToyRegistry = registry::Registry<std::string>;
using ToyChoice = registry::Choice<std::string>;

ToyRegistry toy_registry() {
  ToyRegistry registry("network");
  registry.add<UnetOptions>("unet", "encoder and decoder",
                            [](const UnetOptions& o) { return fmt::format("unet {}", o.features); });
  registry.add<VnetOptions>("vnet", "residual", [](const VnetOptions& o) { return fmt::format("vnet {}", o.width); });
  return registry;
}

struct TrainerOptions {
  int64_t max_epochs = 100;
  core::Length checkpoint_every{1, core::Unit::epochs};
  template <class Visitor>
  void fields(Visitor& visit) {
    visit("max_epochs", max_epochs,
          "length of the training; the schedule of the learning rate is stretched over it, and the "
          "last checkpoint is written at its end",
          positive());
    visit("checkpoint_every", checkpoint_every, "how often");
  }
};

struct CommandOptions {
  ToyChoice network;
  TrainerOptions trainer;
  std::optional<std::string> root;
  int64_t fold = 0;
  explicit CommandOptions(const ToyRegistry& registry) : network(registry, "unet") {}
  template <class Visitor>
  void fields(Visitor& visit) {
    visit("network", network, "what is trained");
    visit("trainer", trainer, "the loop");
    visit("root", root, "folder of the data", required());
    visit("fold", fold, "which fold", between(0, 4));
  }
};

class App : public testing::Test {
 protected:
  App() : registry_(toy_registry()), defaults_(registry_) {
    write("config",
          "defaults:\n  - network: unet\n  - _self_\ntrainer:\n  max_epochs: 10\nfold: ${trainer.max_epochs}\n");
    write("network/unet", "name: unet\nfeatures: 16\n");
    write("network/vnet", "name: vnet\n");
  }
  void write(const std::string& config, const std::string& yaml) {
    tests::write_file(folder_ / (config + ".yaml"), yaml);
  }
  ResolvedConfig<CommandOptions> run(const std::vector<std::string>& arguments) {
    return resolve(parse_command_line(arguments), source(), defaults_);
  }
  ConfigSource source() const { return {folder_.path(), "config"}; }
  std::string answer_to(const std::vector<std::string>& arguments) {
    const HelpPage page{"train", "Trains a network.", {"medvol train fold=0 root=data"}};
    return without_folder(answer(parse_command_line(arguments), source(), page, defaults_).value_or("(none)"));
  }
  std::string fault(const std::vector<std::string>& arguments) {
    return without_folder(tests::message_of([&] { run(arguments); }));
  }
  std::string without_folder(std::string text) const {
    const std::string folder = folder_.path().string();
    for (size_t at = text.find(folder); at != std::string::npos; at = text.find(folder))
      text.replace(at, folder.size(), "CONF");
    return text;
  }

  tests::TemporaryFolder folder_;
  ToyRegistry registry_;
  CommandOptions defaults_;
};

TEST_F(App, FilesOverridesAndDefaultsBecomeOptions) {
  const auto resolved = run({"root=/data", "fold=2", "network.features=8"});
  EXPECT_EQ(resolved.options.network.build(), "unet 8");
  EXPECT_EQ(resolved.options.trainer.max_epochs, 10);
  EXPECT_EQ(resolved.options.root, "/data");
  EXPECT_EQ(resolved.overrides, (std::vector<std::string>{"root=/data", "fold=2", "network.features=8"}));
  EXPECT_EQ(
      inline_text(resolved.tree),
      "{network: {name: unet, features: 8}, trainer: {max_epochs: 10, checkpoint_every: 1e}, root: /data, fold: 2}");
  EXPECT_EQ(resolved.tree.find("root")->origin().text(), "override 'root=/data'");
}

TEST_F(App, TheResolvedTreeBindsToTheSameOptions) {
  const auto resolved = run({"root=/data", "fold=2", "network=vnet", "network.width=0.25"});
  EXPECT_EQ(resolved.options.network.build(), "vnet 0.25");
  const CommandOptions again = bind(parse_yaml(to_yaml(resolved.tree), "config.yaml"), defaults_);
  EXPECT_EQ(to_node(again), resolved.tree);
  EXPECT_EQ(again.network.build(), "vnet 0.25");
}

TEST_F(App, InterpolationSeesFilesOverridesAndDefaults) {
  EXPECT_EQ(run({"root=x", "trainer.max_epochs=3"}).options.fold, 3);
  EXPECT_EQ(run({"root=x", "fold=1", "trainer.checkpoint_every=${fold}e"}).options.trainer.checkpoint_every.value, 1);
  EXPECT_EQ(run({"root=${trainer.checkpoint_every}", "fold=1"}).options.root, "1e");
  // unet is the struct's default, but not what was chosen.
  EXPECT_NE(fault({"root=x", "network=vnet", "fold=${network.features}"}).find("names nothing"), std::string::npos);
}

TEST_F(App, AllDefectsComeTogether) {
  write("network/unet", "name: unet\nfeaturs: 16\n");
  EXPECT_EQ(fault({"trainer.max_epoch=3", "trainer.checkpoint_every=${nothing}"}),
            "5 defects in the configuration:\nroot: a value is required (give it: root=…)\n"
            "CONF/config.yaml:6:7: fold: 10 is out of range (expected between 0 and 4)\n"
            "CONF/network/unet.yaml:2:1: network.featurs: unknown key (did you mean 'features'?)\n"
            "override 'trainer.checkpoint_every=${nothing}': trainer.checkpoint_every: '${nothing}' names nothing (one "
            "of: fold, "
            "network, root, trainer)\n"
            "override 'trainer.max_epoch=3': trainer.max_epoch: no such key in the configuration (did you mean "
            "'trainer.max_epochs'? a new key is added with +trainer.max_epoch=3)");
}

TEST_F(App, CfgPrintsTheWholeConfiguration) {
  EXPECT_EQ(
      answer_to({"--cfg", "job", "root=x", "fold=1"}),
      "network:\n  name: unet\n  features: 16\ntrainer:\n  max_epochs: 10\n  checkpoint_every: 1e\nroot: x\nfold: 1\n");
  EXPECT_EQ(answer_to({"--cfg", "job", "--origin", "root=x", "fold=1"}),
            "network:\n"
            "  name: unet            # CONF/network/unet.yaml:1\n"
            "  features: 16          # CONF/network/unet.yaml:2\n"
            "trainer:\n"
            "  max_epochs: 10        # CONF/config.yaml:5\n"
            "  checkpoint_every: 1e  # default\n"
            "root: x                 # override 'root=x'\n"
            "fold: 1                 # override 'fold=1'\n");
}

TEST_F(App, CfgPrintsWhatWasWrittenWhereItIsUnsound) {
  const std::string text = answer_to({"--cfg=job", "fold=9", "network.x=1"});
  EXPECT_NE(text.find("fold: 9\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  x: 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("root: ??"
                      "?\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("# 3 defects in the configuration:\n# root: a value is required (give it: root=…)\n# override "
                      "'fold=9': fold: 9"),
            std::string::npos)
      << text;
  EXPECT_NO_THROW(parse_yaml(text, "printed"));
}

TEST_F(App, HelpReadsLikeAManual) {
  const std::string text = answer_to({"--help"});
  for (const char* part : {"medvol train: Trains a network.\n", "USAGE\n  medvol train [name=value …] [flags]\n",
                           "  medvol train fold=0 root=data\n",
                           "OPTIONS\n  root=??"
                           "?  (text, required)\n      folder of the data\n",
                           "OPTIONS of network: what is trained\n", "  network.name=unet  (one of: unet, vnet)\n",
                           "  network.features=16  (whole number, at least 1)\n", "OPTIONS of trainer: the loop\n",
                           "CONFIG GROUPS\n  network=unet | vnet\n", "--multirun, -m"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  EXPECT_EQ(text.find("network.width"), std::string::npos);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 102u) << line;  // bytes; '…' has three
}

TEST_F(App, HelpFollowsTheChoiceAndOutlivesAFault) {
  EXPECT_NE(answer_to({"network=vnet", "--help"}).find("  network.width=0.5  (number, above 0)\n"), std::string::npos);
  EXPECT_NE(answer_to({"network=none", "--help"}).find("  network.features=32"), std::string::npos);
}

TEST_F(App, InfoTellsGroupsFilesAndOverrides) {
  EXPECT_EQ(answer_to({"--info", "network=vnet", "fold=3"}),
            "SEARCH PATH\n  CONF\n\nCONFIG GROUPS (* chosen)\n  network\n      unet\n    * vnet\n\n"
            "DEFAULTS LIST (later files win)\n"
            "  network/vnet                     network              CONF/network/vnet.yaml\n"
            "  config                           _global_             CONF/config.yaml\n\n"
            "OVERRIDES\n  network=vnet\n  fold=3\n");
  EXPECT_EQ(answer_to({"fold=3"}), "(none)");
}

TEST_F(App, SweepsNeedMultirun) {
  const CommandLine line = parse_command_line({"root=x", "fold=0,1", "network=unet,vnet", "-m"});
  const std::vector<Job> jobs = jobs_of(line);
  ASSERT_EQ(jobs.size(), 4u);
  EXPECT_EQ(jobs[1].name, "fold=0,network=vnet");
  const auto resolved = resolve(for_job(line, jobs[3]), source(), defaults_);
  EXPECT_EQ(resolved.options.fold, 1);
  EXPECT_EQ(resolved.options.network.name(), "vnet");
  EXPECT_NE(fault({"root=x", "fold=0,1"}).find("add --multirun"), std::string::npos);
  EXPECT_EQ(jobs_of(parse_command_line({"fold=1"})).size(), 1u);
}

TEST_F(App, ASecondFolderAddsOptions) {
  tests::TemporaryFolder users;
  tests::write_file(users / "network/wide.yaml", "name: vnet\nwidth: 9\n");
  const auto resolved = run({"root=x", "fold=1", "network=wide", "--config-dir", users.path().string()});
  EXPECT_EQ(resolved.options.network.build(), "vnet 9");
}

TEST_F(App, ACommandMayHaveNoFiles) {
  const auto resolved = resolve(parse_command_line({"root=x", "network.name=vnet"}), ConfigSource{}, defaults_);
  EXPECT_EQ(resolved.options.network.build(), "vnet 0.5");
}

TEST(CommandLine, FlagsAndOverrides) {
  const CommandLine line = parse_command_line(
      {"a=1", "--debug", "--info", "-m", "~b", "--config-dir=conf dir", "--cfg", "job", "--origin", "-h", "x='-y'"});
  EXPECT_EQ(line.overrides, (std::vector<std::string>{"a=1", "~b", "x='-y'"}));
  EXPECT_TRUE(line.debug && line.info && line.multirun && line.cfg && line.origin && line.help);
  EXPECT_EQ(line.config_dir, "conf dir");
}

TEST(CommandLine, FaultsNameTheFix) {
  const auto fault = [](const std::vector<std::string>& arguments) {
    return tests::message_of([&] { parse_command_line(arguments); });
  };
  EXPECT_EQ(fault({"--multrun"}), "command line: unknown flag '--multrun' (did you mean '--multirun'?)");
  EXPECT_EQ(fault({"--fold=3"}), "command line: unknown flag '--fold' (options are given without dashes: fold=3)");
  EXPECT_TRUE(fault({"--wrong"}).starts_with("command line: unknown flag '--wrong' (one of: --help, "))
      << fault({"--wrong"});
  EXPECT_EQ(fault({"--cfg"}), "command line: '--cfg' lacks its argument (write --cfg job)");
  EXPECT_EQ(fault({"--cfg", "all"}), "command line: --cfg cannot print 'all' (write --cfg job)");
  EXPECT_EQ(fault({"--config-dir"}), "command line: '--config-dir' lacks its argument (write --config-dir DIR)");
  EXPECT_EQ(fault({"--origin"}), "command line: --origin stands alone (write --cfg job --origin)");
  EXPECT_EQ(
      fault({"train"}),
      "command line: 'train' is neither a flag nor an override (options are written name=value; --help lists them)");
}

TEST(Help, WrapsAtBlanks) {
  EXPECT_EQ(wrapped("one two three", 2, 9), "  one two\n  three\n");
  EXPECT_EQ(wrapped("incomprehensibilities x", 0, 5), "incomprehensibilities\nx\n");
  EXPECT_EQ(wrapped("ümläut ab", 0, 9), "ümläut ab\n");  // columns, not bytes
  EXPECT_EQ(wrapped("", 2, 9), "");
}

}  // namespace
}  // namespace medvol::config
