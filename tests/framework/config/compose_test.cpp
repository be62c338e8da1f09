#include "framework/config/compose.h"

#include <gtest/gtest.h>

#include "framework/config/source.h"
#include "tests/framework/config/messages.h"
#include "tests/support/support.h"

namespace medvol::config {
namespace {

/// A small configuration folder like the program's own.
class Compose : public testing::Test {
 protected:
  Compose() {
    write("config",
          "defaults:\n  - network: unet\n  - dataset: null\n  - optimizer: sgd\n  - experiment: null\n  - _self_\n"
          "fold: 0\ntrainer:\n  max_epochs: 100\n");
    write("network/unet", "name: unet\nfeatures: 32\nunet_only: 1\n");
    write("network/vnet", "name: vnet\ndepth: 4\n");
    write("dataset/phantom", "name: phantom\n");
    write("dataset/decathlon", "name: decathlon\nroot: ???\n");
    write("optimizer/sgd", "learning_rate: 0.01\n");
    write("optimizer/adamw", "learning_rate: 0.001\nbetas: [0.9, 0.999]\n");
    write("experiment/hippocampus",
          "# @package _global_\ndefaults:\n  - override /dataset: decathlon\n  - override /network: vnet\n"
          "trainer:\n  max_epochs: 7\n");
    schema_ = parse_yaml(
        "network: {name: unet, features: 32}\ndataset: {name: phantom}\noptimizer: {learning_rate: 0.1, betas: [0.9, "
        "0.999]}\n"
        "fold: 0\ntrainer: {max_epochs: 1, ema: false, every: null}\n",
        "");
  }

  void write(const std::string& config, const std::string& yaml) {
    tests::write_file(folder_ / (config + ".yaml"), yaml);
  }

  Composition composition(const std::vector<std::string>& overrides, const std::string& primary = "config") {
    Diagnostics found;
    Composition result =
        compose({SearchPath(folders()), primary, parse_overrides(overrides), schema_, {"network", "dataset"}}, found);
    found.throw_if_any();
    return result;
  }
  std::string composed(const std::vector<std::string>& overrides = {}) {
    return inline_text(composition(overrides).tree);
  }
  std::string value(const std::string& path, const std::vector<std::string>& overrides = {}) {
    const Node tree = composition(overrides).tree;
    const Node* node = tree.find_path(path);
    return node ? inline_text(*node) : "(absent)";
  }
  /// The message, with the temporary folder named CONF.
  std::string fault(const std::vector<std::string>& overrides = {}) {
    std::string text = tests::message_of([&] { composition(overrides); });
    const std::string folder = folder_.path().string();
    for (size_t at = text.find(folder); at != std::string::npos; at = text.find(folder))
      text.replace(at, folder.size(), "CONF");
    return text;
  }
  std::vector<std::filesystem::path> folders() const {
    std::vector<std::filesystem::path> result{folder_.path()};
    if (!extra_.empty()) result.push_back(extra_);
    return result;
  }

  tests::TemporaryFolder folder_;
  std::filesystem::path extra_;
  Node schema_;
};

TEST_F(Compose, DefaultsListPutsEachGroupAtItsPlace) {
  EXPECT_EQ(composed(),
            "{network: {name: unet, features: 32, unet_only: 1}, optimizer: {learning_rate: 0.01}, fold: 0, "
            "trainer: {max_epochs: 100}}");
}

TEST_F(Compose, ValuesRememberTheirFile) {
  const Node tree = composition({"network.features=64"}).tree;
  EXPECT_EQ(tree.find_path("optimizer.learning_rate")->origin().text(),
            (folder_ / "optimizer/sgd.yaml").string() + ":1:16");
  EXPECT_EQ(tree.find_path("trainer.max_epochs")->key_origin().text(), (folder_ / "config.yaml").string() + ":9:3");
  EXPECT_EQ(tree.find_path("network.features")->origin().text(), "override 'network.features=64'");
}

TEST_F(Compose, AnotherOptionReplacesTheGroupWhole) {
  EXPECT_EQ(value("network", {"network=vnet"}), "{name: vnet, depth: 4}");
  EXPECT_EQ(value("dataset", {"dataset=phantom"}), "{name: phantom}");
  EXPECT_EQ(value("network", {"network=null"}), "(absent)");
  EXPECT_EQ(value("network", {"network=vnet", "network=unet"}), "{name: unet, features: 32, unet_only: 1}");
}

TEST_F(Compose, ExperimentsOverrideGroupsAndValues) {
  const Node tree = composition({"experiment=hippocampus"}).tree;
  EXPECT_EQ(tree.find_path("network.name")->text(), "vnet");
  EXPECT_EQ(tree.find_path("network.unet_only"), nullptr);
  EXPECT_EQ(tree.find_path("dataset.name")->text(), "decathlon");
  EXPECT_EQ(tree.find("experiment"), nullptr);  // its package is the top
  // `experiment` stands before `_self_` in the list, so config.yaml's own value wins here.
  EXPECT_EQ(tree.find_path("trainer.max_epochs")->text(), "100");
  write(
      "config",
      "defaults:\n  - _self_\n  - network: unet\n  - dataset: null\n  - experiment: null\ntrainer: {max_epochs: 1}\n");
  EXPECT_EQ(value("trainer.max_epochs", {"experiment=hippocampus"}), "7");
  EXPECT_EQ(value("trainer.max_epochs", {"experiment=hippocampus", "trainer.max_epochs=9"}), "9");
}

TEST_F(Compose, TheCommandLineWinsOverAnExperiment) {
  EXPECT_EQ(value("network.name", {"experiment=hippocampus", "network=unet"}), "unet");
  EXPECT_EQ(value("network.name", {"network=unet", "experiment=hippocampus"}), "unet");
}

TEST_F(Compose, SelfIsLastUnlessItIsNamed) {
  write("config", "defaults:\n  - optimizer: sgd\noptimizer: {learning_rate: 5}\n");
  EXPECT_EQ(value("optimizer.learning_rate"), "5");
  write("config", "defaults:\n  - _self_\n  - optimizer: sgd\noptimizer: {learning_rate: 5}\n");
  EXPECT_EQ(value("optimizer.learning_rate"), "0.01");
}

TEST_F(Compose, PlainEntriesAndGroupsBeneathAGroup) {
  write("config", "defaults:\n  - base\n  - network: big\n");
  write("base", "fold: 3\n");
  write("network/big", "defaults:\n  - unet\n  - blocks: residual\nfeatures: 64\n");
  write("network/blocks/residual", "kind: residual\n");
  EXPECT_EQ(composed(), "{fold: 3, network: {name: unet, features: 64, unet_only: 1, blocks: {kind: residual}}}");
  EXPECT_EQ(value("network.blocks", {"network/blocks=null"}), "(absent)");
}

TEST_F(Compose, PackagesMoveContents) {
  write("optimizer/moved", "# @package trainer.optimizer\nlearning_rate: 3\n");
  EXPECT_EQ(value("trainer", {"optimizer=moved"}), "{optimizer: {learning_rate: 3}, max_epochs: 100}");
  write("config", "defaults:\n  - network@teacher: unet\n  - network@student: vnet\n  - optimizer@_global_: sgd\n");
  EXPECT_EQ(
      composed(),
      "{teacher: {name: unet, features: 32, unet_only: 1}, student: {name: vnet, depth: 4}, learning_rate: 0.01}");
  EXPECT_EQ(value("student.name", {"network@student=unet"}), "unet");
}

TEST_F(Compose, SeveralOptionsOptionalOnesAndAdditions) {
  write("config", "defaults:\n  - optimizer: [sgd, adamw]\n  - optional network: missing\n  - optional nowhere\n");
  EXPECT_EQ(composed(), "{optimizer: {learning_rate: 0.001, betas: [0.9, 0.999]}}");
  EXPECT_EQ(value("network.name", {"network=vnet"}), "vnet");
  write("config", "fold: 0\n");
  EXPECT_EQ(value("network.name", {"+network=vnet"}), "vnet");
  EXPECT_EQ(composed({"+experiment=hippocampus", "+network=unet", "+dataset=phantom"}),
            "{fold: 0, trainer: {max_epochs: 7}, network: {name: unet, features: 32, unet_only: 1}, dataset: {name: "
            "phantom}}");
}

TEST_F(Compose, AGroupIsDeletedFromTheList) {
  EXPECT_EQ(value("network", {"~network"}), "(absent)");
  EXPECT_EQ(value("network", {"~network=unet"}), "(absent)");
  EXPECT_EQ(fault({"~network=vnet"}),
            "override '~network=vnet': the group 'network' is 'unet', not 'vnet' (write ~network)");
}

TEST_F(Compose, AMissingOptionListsThoseThereAre) {
  EXPECT_EQ(fault({"network=unte"}),
            "override 'network=unte': no network 'unte' (did you mean 'unet'? one of: unet, vnet)");
  EXPECT_EQ(fault({"network=x"}), "override 'network=x': no network 'x' (one of: unet, vnet)");
  EXPECT_EQ(fault({"dataset=x", "network=y"}),
            "2 defects in the configuration:\noverride 'dataset=x': no dataset 'x' (one of: decathlon, phantom)\n"
            "override 'network=y': no network 'y' (one of: unet, vnet)");
  write("config", "defaults:\n  - network: unett\n");
  EXPECT_EQ(fault(), "CONF/config.yaml:2:5: no network 'unett' (did you mean 'unet'? one of: unet, vnet)");
}

TEST_F(Compose, FaultsOfDefaultsListsNameTheFix) {
  write("config", "defaults:\n  - network: ???\n");
  EXPECT_EQ(fault(), "CONF/config.yaml:2:5: defaults: a network must be chosen (give network=…, one of: unet, vnet)");
  EXPECT_EQ(value("network.name", {"network=vnet"}), "vnet");
  write("config", "defaults:\n  - bsae\n");
  write("base", "fold: 1\n");
  EXPECT_EQ(fault(), "CONF/config.yaml:2:5: defaults: no file 'bsae.yaml' in CONF (did you mean 'base'?)");
  write("config", "defaults:\n  - netwrok: unet\n");
  EXPECT_EQ(fault(), "CONF/config.yaml:2:5: no group 'netwrok' in CONF (did you mean 'network'?)");
  write("config", "defaults:\n  - network: unet\n  - network: vnet\n");
  EXPECT_EQ(fault(),
            "CONF/config.yaml:2:5: defaults: the group 'network' is chosen twice (keep one entry, or write 'override "
            "/network: option')");
  write("config", "defaults:\n  - _self_\n  - _self_\n");
  EXPECT_EQ(fault(), "CONF/config.yaml:3:5: defaults: '_self_' stands twice (keep one of them)");
  write("config", "defaults: network\n");
  EXPECT_TRUE(fault().starts_with("CONF/config.yaml:1:11: defaults: expected a list (write")) << fault();
  write("config", "defaults:\n  - {network: unet, dataset: x}\n");
  EXPECT_TRUE(fault().starts_with("CONF/config.yaml:2:5: defaults: an entry with several keys")) << fault();
  write("config", "defaults:\n  - override /network: unet\n");
  EXPECT_EQ(fault(),
            "CONF/config.yaml:2:5: defaults: no group 'network' is in the defaults list (to add it write '- /network: "
            "unet')");
  write("config", "defaults:\n  - base\n");
  write("base", "defaults:\n  - config\n");
  EXPECT_EQ(fault(), "CONF/base.yaml:2:5: defaults: 'config' includes itself (remove one of the entries)");
  write("config", "- 1\n");
  EXPECT_EQ(fault(), "CONF/config.yaml:1:1: a configuration file holds a group of options (write 'name: value')");
}

TEST_F(Compose, AGroupThatIsNotListedMustBeAdded) {
  write("config", "defaults:\n  - network: unet\n");
  EXPECT_EQ(fault({"optimizer=sgd"}),
            "override 'optimizer=sgd': no group 'optimizer' is in the defaults list (to add it write +optimizer=sgd)");
  EXPECT_EQ(fault({"~optimizer"}),
            "override '~optimizer': no group 'optimizer' is in the defaults list (nothing to delete)");
}

TEST_F(Compose, SyntaxErrorsInAnyFileAreReportedWithTheirPlace) {
  write("network/unet", "name: unet\nname: vnet\n");
  write("optimizer/sgd", "a: [1\n");
  const std::string text = fault();
  EXPECT_TRUE(
      text.starts_with("2 defects in the configuration:\nCONF/network/unet.yaml:2:1: the key 'name' stands twice"))
      << text;
  EXPECT_NE(text.find("CONF/optimizer/sgd.yaml:"), std::string::npos) << text;
}

TEST_F(Compose, ValuesAreChangedAddedAndDeleted) {
  EXPECT_EQ(value("fold", {"fold=3"}), "3");
  EXPECT_EQ(value("trainer.ema", {"trainer.ema=true"}), "true");              // known to the schema alone
  EXPECT_EQ(value("trainer.every.epochs", {"trainer.every.epochs=2"}), "2");  // beneath a group that is null by default
  EXPECT_EQ(value("network.anything", {"network.anything=1"}),
            "1");  // a choice's options are checked when they are bound
  EXPECT_EQ(value("trainer.note", {"+trainer.note=x"}), "x");
  EXPECT_EQ(value("new.key", {"++new.key=x"}), "x");
  EXPECT_EQ(value("fold", {"++fold=x"}), "x");
  EXPECT_EQ(value("trainer", {"trainer={ema: true}"}), "{max_epochs: 100, ema: true}");  // groups merge
  EXPECT_EQ(value("optimizer", {"optimizer={learning_rate: 1}"}), "{learning_rate: 1}");
  EXPECT_EQ(value("fold", {"~fold"}), "(absent)");
  EXPECT_EQ(value("fold", {"~fold=0"}), "(absent)");
  EXPECT_EQ(value("trainer", {"~trainer.max_epochs"}), "{}");
}

TEST_F(Compose, FaultsOfValueOverridesNameTheFix) {
  EXPECT_EQ(fault({"trainer.max_epoch=3"}),
            "override 'trainer.max_epoch=3': trainer.max_epoch: no such key in the configuration "
            "(did you mean 'trainer.max_epochs'? a new key is added with +trainer.max_epoch=3)");
  EXPECT_EQ(fault({"netwrok=vnet"}),
            "override 'netwrok=vnet': netwrok: no such key in the configuration (did you mean "
            "'network'? a new key is added with +netwrok=vnet)");
  EXPECT_EQ(fault({"trianer.ema=1"}),
            "override 'trianer.ema=1': trianer.ema: no such key in the configuration (did you mean "
            "'trainer.ema'? a new key is added with +trianer.ema=1)");
  EXPECT_EQ(fault({"zzz=1"}),
            "override 'zzz=1': zzz: no such key in the configuration (a new key is added with +zzz=1)");
  EXPECT_EQ(fault({"+fold=1"}),
            "override '+fold=1': fold: the key is there already (to change it write fold=1, without +)");
  EXPECT_EQ(fault({"~folds"}), "override '~folds': folds: nothing to delete (did you mean 'fold'?)");
  EXPECT_EQ(fault({"~trainer.ema"}),
            "override '~trainer.ema': trainer.ema: nothing to delete (it has its default already)");
  EXPECT_EQ(fault({"~fold=5"}), "override '~fold=5': fold: not deleted: the value is 0, not 5 (write ~fold)");
  EXPECT_EQ(fault({"++fold.x=5"}),
            "override '++fold.x=5': fold.x: 'fold' is 0, it has no keys (write ++fold={…} to replace it)");
  EXPECT_EQ(fault({"fold=0,1"}),
            "override 'fold=0,1': fold: several values, but one run (for a list write fold=[0,1], for one "
            "text put quotes around it, to run each add --multirun)");
}

TEST_F(Compose, TheUsersFolderAddsOptionsAndTheProgramsOwnComesFirst) {
  tests::TemporaryFolder users;
  tests::write_file(users / "network/mine.yaml", "name: mine\n");
  tests::write_file(users / "network/unet.yaml", "name: hidden\n");
  tests::write_file(users / "study/a.yaml", "x: 1\n");
  extra_ = users.path();
  EXPECT_EQ(value("network.name", {"network=mine"}), "mine");
  EXPECT_EQ(value("network.name", {"network=unet"}), "unet");
  const SearchPath path(folders());
  EXPECT_EQ(path.options("network"), (std::vector<std::string>{"mine", "unet", "vnet"}));
  EXPECT_EQ(path.groups(), (std::vector<std::string>{"dataset", "experiment", "network", "optimizer", "study"}));
  EXPECT_TRUE(path.options("none").empty());
  extra_ = users / "absent";
  EXPECT_NE(fault().find("no such configuration folder"), std::string::npos);
}

TEST_F(Compose, AFolderWithoutOptionsIsNoGroup) {
  tests::write_file(folder_ / "trainer/notes.txt", "");
  EXPECT_EQ(value("trainer", {"~trainer"}), "(absent)");
  EXPECT_EQ(value("fold", {"fold=1"}), "1");
  EXPECT_FALSE(SearchPath(folders()).has_group("trainer"));
  EXPECT_TRUE(SearchPath(folders()).has_group("network"));
}

TEST_F(Compose, WithoutAPrimaryFileThereAreOnlyOverrides) {
  EXPECT_EQ(inline_text(composition({"fold=2", "+network=vnet"}, "").tree),
            "{network: {name: vnet, depth: 4}, fold: 2}");
  Diagnostics found;
  const Composition bare = compose({SearchPath(), "", parse_overrides({"fold=2"}), schema_, {}}, found);
  EXPECT_EQ(inline_text(bare.tree), "{fold: 2}");
}

TEST_F(Compose, FilesAreToldInTheOrderOfMerging) {
  std::vector<std::string> files;
  for (const DefaultsFile& file : composition({"experiment=hippocampus"}).files)
    files.push_back(file.config + "@" + file.package);
  EXPECT_EQ(files, (std::vector<std::string>{"network/vnet@network", "dataset/decathlon@dataset",
                                             "optimizer/sgd@optimizer", "experiment/hippocampus@", "config@"}));
}

TEST(Merge, GroupsKeyByKeyAllElseReplaced) {
  Node into = parse_yaml("a: {x: 1, y: 2}\nb: [1, 2]\nc: 3\nd: {e: 1}\n", "");
  merge(into, parse_yaml("a: {y: 5, z: 6}\nb: [9]\nc: {n: 1}\nd: null\n", ""));
  EXPECT_EQ(inline_text(into), "{a: {x: 1, y: 5, z: 6}, b: [9], c: {n: 1}, d: null}");
}

}  // namespace
}  // namespace medvol::config
