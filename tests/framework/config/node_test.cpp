#include "framework/config/node.h"

#include <gtest/gtest.h>

#include "framework/config/print.h"
#include "framework/config/scalar.h"
#include "framework/config/source.h"

namespace medvol::config {
namespace {

TEST(Scalar, TruthValuesNumbersAndText) {
  for (const char* text : {"true", "True", "yes", "on", "ON"}) EXPECT_EQ(parse_bool(text), true) << text;
  for (const char* text : {"false", "no", "off", "FALSE"}) EXPECT_EQ(parse_bool(text), false) << text;
  EXPECT_EQ(parse_bool("1"), std::nullopt);
  EXPECT_EQ(parse_integer("-12"), -12);
  EXPECT_EQ(parse_integer("+7"), 7);
  EXPECT_EQ(parse_integer("9223372036854775807"), 9223372036854775807);
  for (const char* text : {"", "1.5", "1e3", "9223372036854775808", "0x10", "1 ", "+-1"})
    EXPECT_EQ(parse_integer(text), std::nullopt) << text;
  EXPECT_EQ(parse_number("1e-3"), 1e-3);
  EXPECT_EQ(parse_number(".5"), 0.5);
  EXPECT_EQ(parse_number("+2."), 2.0);
  for (const char* text : {"nan", ".nan", "inf", "-inf", ".inf", "1e999", "1.0x", "e5", ""})
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
}

TEST(Scalar, NumbersPrintShortAndComeBackExactly) {
  for (const double value : {0.1, 1.0 / 3, 1e-5, 3e-5, 1e300, -0.0, 5e-324, 123456789.0, 0.99, 1.7976931348623157e308})
    EXPECT_EQ(parse_number(number_text(value)), value) << number_text(value);
  EXPECT_EQ(number_text(0.1), "0.1");
  EXPECT_EQ(number_text(2), "2");
  EXPECT_EQ(number_text(1e-5), "1.0e-05");  // with its point PyYAML reads a number too
}

TEST(Node, PathsAreFollowedAndMade) {
  Node tree;
  tree.set_path("a.b.c", Node::scalar("1"));
  tree.set_path("a.d", Node::scalar("2"));
  ASSERT_NE(tree.find_path("a.b.c"), nullptr);
  EXPECT_EQ(tree.find_path("a.b.c")->text(), "1");
  EXPECT_EQ(tree.find_path("a.d")->text(), "2");
  EXPECT_EQ(tree.find_path("a.b.c.d"), nullptr);
  EXPECT_EQ(tree.find_path("a.x"), nullptr);
  EXPECT_EQ(tree.find_path(""), &tree);
  EXPECT_TRUE(tree.find("a")->erase("b"));
  EXPECT_FALSE(tree.find("a")->erase("b"));
  EXPECT_EQ(split_path("a.b"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(join_path("", "b"), "b");
}

TEST(Node, SettingReplacesInPlaceAndRefusesScalars) {
  Node map = Node::map();
  map.set("a", Node::scalar("1"));
  map.set("b", Node::scalar("2"));
  map.set("a", Node::scalar("3"));
  EXPECT_EQ(inline_text(map), "{a: 3, b: 2}");
  Node scalar = Node::scalar("1");
  EXPECT_THROW(scalar.set("a", Node{}), core::InternalError);
}

TEST(Node, EqualityLooksAtMeaning) {
  EXPECT_EQ(Node::scalar("unet", {"a", 1, 1}), Node::scalar("unet", {}, true));
  EXPECT_FALSE(Node::scalar("3") == Node::scalar("3", {}, true));
  EXPECT_FALSE(Node::scalar("null", {}, true) == Node{});
  EXPECT_TRUE(Node::scalar("???").is_missing());
  EXPECT_FALSE(Node::scalar("???", {}, true).is_missing());
}

/// What is printed must be read again as the same tree, in a block and within brackets.
TEST(Print, EveryTextComesBack) {
  const std::vector<std::string> texts{"plain",
                                       "",
                                       " blank ",
                                       "a: b",
                                       "a #b",
                                       "#c",
                                       "-",
                                       "- a",
                                       "-abc",
                                       "-1.5",
                                       "null",
                                       "~",
                                       "true",
                                       "no",
                                       "3",
                                       "1e5",
                                       "???",
                                       "[a]",
                                       "{b}",
                                       "a,b",
                                       "it's",
                                       "say \"x\"",
                                       "back\\slash",
                                       "two\nlines",
                                       "tab\t",
                                       "\r",
                                       "\x01",
                                       "ümläut °",
                                       "*star",
                                       "&and",
                                       "!bang",
                                       "%p",
                                       "@a",
                                       "`b",
                                       "|",
                                       ">",
                                       "key:",
                                       "a:b",
                                       "http://x/y?z=1",
                                       "=",
                                       "<<",
                                       "---",
                                       "...",
                                       "${a.b}",
                                       "x${env:Y,z}",
                                       "2026-11-21",
                                       "0x1F",
                                       ".5",
                                       "/abs/path",
                                       "C:\\new"};
  for (const std::string& text : texts) {
    for (const bool quoted : {false, true}) {
      if (!quoted && is_null_text(text)) continue;  // a plain one is no scalar
      Node tree = Node::map();
      tree.set("value", Node::scalar(text, {}, quoted));
      Node list = Node::list();
      list.append(Node::scalar(text, {}, quoted));
      Node inner = Node::map();
      if (text != "<<") inner.set(text, Node::scalar(text, {}, quoted));  // as a key it merges
      list.append(inner);
      tree.set("list", list);
      const std::string yaml = to_yaml(tree);
      EXPECT_EQ(parse_yaml(yaml, "printed"), tree) << yaml;
      if (text == "???") continue;  // yaml-cpp reads none within brackets; to_yaml puts them on lines of their own
      EXPECT_EQ(parse_yaml(inline_text(tree), "printed"), tree) << inline_text(tree);
    }
  }
}

TEST(Print, NestedListsAndEmptyThings) {
  const std::string yaml =
      "name: unet\n"
      "kernels: [[3, 3], [1, 3]]\n"
      "stages:\n"
      "  -\n"
      "    features: 32\n"
      "    deep:\n"
      "      x: null\n"
      "  - {}\n"
      "empty: []\n"
      "none: {}\n";
  EXPECT_EQ(to_yaml(parse_yaml(yaml, "y")), yaml);
  EXPECT_EQ(to_yaml(Node::map()), "{}\n");
  EXPECT_EQ(to_yaml(Node{}), "null\n");
}

TEST(Print, OriginsStandBehindTheirValues) {
  Node tree = parse_yaml("a: 1\nlong_name:\n  b: [1, 2]\n", "conf/x.yaml");
  tree.find("long_name")->set("c", Node::scalar("5", {"override 'long_name.c=5'"}));
  tree.set("d", Node::scalar("6"));
  EXPECT_EQ(to_yaml_with_origins(tree),
            "a: 1         # conf/x.yaml:1\n"
            "long_name:\n"
            "  b: [1, 2]  # conf/x.yaml:3\n"
            "  c: 5       # override 'long_name.c=5'\n"
            "d: 6         # default\n");
  EXPECT_EQ(parse_yaml(to_yaml_with_origins(tree), "again"), tree);
}

TEST(Print, OriginsAreAdoptedFromTheTreeThatWasWritten) {
  Node complete = parse_yaml("a: 1\nb: {c: 2, d: 3}\n", "");
  adopt_origins(complete, parse_yaml("\n\nb:\n  d: 3\n", "f.yaml"));
  EXPECT_EQ(complete.find_path("b.d")->origin().line, 4);
  EXPECT_EQ(complete.find_path("b.d")->key_origin().column, 3);
  EXPECT_EQ(complete.find_path("a")->origin().file, "");
}

}  // namespace
}  // namespace medvol::config
