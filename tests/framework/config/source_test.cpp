#include "framework/config/source.h"

#include <gtest/gtest.h>

#include "framework/config/diagnostics.h"
#include "tests/framework/config/messages.h"
#include "tests/support/support.h"

namespace medvol::config {
namespace {

std::string fault_of(const std::string& yaml) {
  return tests::message_of([&] { parse_yaml(yaml, "f.yaml"); });
}

TEST(Source, EveryValueAndKeyKnowsItsPlace) {
  const Node tree = parse_yaml("a: 1\ngroup:\n  b:   text\n  list: [1, 'two']\n", "f.yaml");
  const Node& b = *tree.find_path("group.b");
  EXPECT_EQ(b.origin().text(), "f.yaml:3:8");
  EXPECT_EQ(b.key_origin().text(), "f.yaml:3:3");
  const Node& list = *tree.find_path("group.list");
  EXPECT_EQ(list.items()[1].origin().text(), "f.yaml:4:13");
  EXPECT_EQ(list.items()[1].key_origin().text(), "f.yaml:4:13");  // no key: its own place
  EXPECT_TRUE(list.items()[1].quoted());
  EXPECT_FALSE(list.items()[0].quoted());
}

TEST(Source, NullTextAndQuotes) {
  const Node tree =
      parse_yaml("a:\nb: ~\nc: null\nd: 'null'\ne: \"\"\nf: ???\ng: !!str 3\nh: |\n  two\n  lines\n", "f.yaml");
  for (const char* key : {"a", "b", "c"}) EXPECT_TRUE(tree.find(key)->is_null()) << key;
  EXPECT_TRUE(tree.find("d")->is_scalar());
  EXPECT_TRUE(tree.find("e")->quoted());
  EXPECT_TRUE(tree.find("f")->is_missing());
  EXPECT_TRUE(tree.find("g")->quoted());
  EXPECT_EQ(tree.find("h")->text(), "two\nlines\n");
}

TEST(Source, EmptyTextIsNull) {
  EXPECT_TRUE(parse_yaml("", "f").is_null());
  EXPECT_TRUE(parse_yaml("# only a comment\n", "f").is_null());
}

TEST(Source, AnchorsAliasesAndMergeKeys) {
  const Node tree = parse_yaml(
      "base: &base {x: 1, y: 2}\nother: &other {y: 5, z: 6}\n"
      "one:\n  <<: *base\n  y: 3\ntwo:\n  <<: [*base, *other]\nsame: *base\n",
      "f.yaml");
  EXPECT_EQ(tree.find_path("one.x")->text(), "1");
  EXPECT_EQ(tree.find_path("one.y")->text(), "3");  // what is written out wins
  EXPECT_EQ(tree.find_path("one.<<"), nullptr);
  EXPECT_EQ(tree.find_path("two.y")->text(), "2");  // the earlier map wins
  EXPECT_EQ(tree.find_path("two.z")->text(), "6");
  EXPECT_EQ(*tree.find("same"), *tree.find("base"));
  EXPECT_EQ(tree.find("same")->key_origin().line, 8);
}

TEST(Source, FaultsNameLineAndColumn) {
  EXPECT_EQ(fault_of("a: 1\nb: 2\na: 3\n"), "f.yaml:3:1: the key 'a' stands twice in one group (first in line 1)");
  EXPECT_EQ(fault_of("a: 1\n? [x]\n: 2\n"),
            "f.yaml:2:3: a key is a list or a group (a key is plain text: 'name: value')");
  EXPECT_EQ(fault_of("~: 1\n"), "f.yaml:1:1: a key is empty (a key is plain text: 'name: value')");
  EXPECT_EQ(fault_of("a: !thing 1\n"), "f.yaml:1:4: the tag '!thing' is not supported (write the value without a tag)");
  EXPECT_EQ(fault_of("a: &x\n  b: *x\n"), "f.yaml:2:6: an alias stands inside what it names");
  EXPECT_EQ(fault_of("a: {<<: 3}\n"), "f.yaml:1:9: '<<' takes a group or a list of groups (write '<<: *anchor')");
  EXPECT_EQ(fault_of("a: 1\n---\nb: 2\n"), "f.yaml:3:1: a second document begins (keep one document in a file)");
  EXPECT_TRUE(fault_of("a: *nobody\n").starts_with("f.yaml:1:4: YAML cannot be read: ")) << fault_of("a: *nobody\n");
  EXPECT_TRUE(fault_of("a: [1, 2\nb: 3\n").starts_with("f.yaml:")) << fault_of("a: [1, 2\nb: 3\n");
  EXPECT_TRUE(fault_of("a: 1\n\tb: 2\n").starts_with("f.yaml:2:")) << fault_of("a: 1\n\tb: 2\n");
}

TEST(Source, FilesAreReadWithTheirPackage) {
  tests::TemporaryFolder folder;
  tests::write_file(folder / "e.yaml", "\n# a manual\n#   @package _global_ \na: 1\n");
  const ConfigFile file = load_config_file(folder / "e.yaml", "conf/e.yaml");
  EXPECT_EQ(file.package, "_global_");
  EXPECT_EQ(file.tree.find("a")->origin().text(), "conf/e.yaml:4:4");
  tests::write_file(folder / "late.yaml", "a: 1\n# @package _global_\n");
  EXPECT_EQ(load_config_file(folder / "late.yaml", "l").package, std::nullopt);
  tests::write_file(folder / "crlf.yaml", "# @package a.b\r\nx: 1\r\n");
  EXPECT_EQ(load_config_file(folder / "crlf.yaml", "c").package, "a.b");
  EXPECT_EQ(load_config_file(folder / "crlf.yaml", "c").tree.find("x")->text(), "1");
  tests::write_file(folder / "empty.yaml", "");
  EXPECT_TRUE(load_yaml(folder / "empty.yaml").is_null());
}

TEST(Source, UnreadableFilesAreNamed) {
  tests::TemporaryFolder folder;
  EXPECT_EQ(tests::message_of([&] { load_yaml(folder / "none.yaml"); }),
            (folder / "none.yaml").string() +
                ": cannot be read: No such file or directory (check the path and its permissions)");
  EXPECT_NE(tests::message_of([&] { load_yaml(folder.path()); }).find("is a folder"), std::string::npos);
}

}  // namespace
}  // namespace medvol::config
