#include "framework/config/override.h"

#include <gtest/gtest.h>

#include "tests/framework/config/messages.h"

namespace medvol::config {
namespace {

using Kind = Override::Kind;

std::string value_of(const std::string& text) {
  const Override override = parse_override(text);
  return override.values.size() == 1 ? inline_text(override.values.front().node) : "(not one value)";
}

std::vector<std::string> texts_of(const std::string& text) {
  std::vector<std::string> result;
  for (const OverrideValue& value : parse_override(text).values) result.push_back(value.text);
  return result;
}

struct GrammarCase {
  const char* text;
  Kind kind;
  const char* key;
  const char* package;
  std::vector<std::string> values;  // in YAML
  bool sweep;
};

class Grammar : public testing::TestWithParam<GrammarCase> {};

TEST_P(Grammar, IsParsed) {
  const GrammarCase& expected = GetParam();
  const Override override = parse_override(expected.text);
  EXPECT_EQ(override.kind, expected.kind);
  EXPECT_EQ(override.key, expected.key);
  EXPECT_EQ(override.package, expected.package);
  EXPECT_EQ(override.sweep, expected.sweep);
  EXPECT_EQ(override.text, expected.text);
  std::vector<std::string> values;
  for (const OverrideValue& value : override.values) values.push_back(inline_text(value.node));
  EXPECT_EQ(values, expected.values);
}

INSTANTIATE_TEST_SUITE_P(
    Override, Grammar,
    testing::Values(GrammarCase{"a=1", Kind::change, "a", "", {"1"}, false},
                    GrammarCase{"a.b.c=x", Kind::change, "a.b.c", "", {"x"}, false},
                    GrammarCase{"+a.b=1", Kind::add, "a.b", "", {"1"}, false},
                    GrammarCase{"++a.b=1", Kind::force_add, "a.b", "", {"1"}, false},
                    GrammarCase{"~a.b", Kind::remove, "a.b", "", {}, false},
                    GrammarCase{"~a.b=1", Kind::remove, "a.b", "", {"1"}, false},
                    GrammarCase{"network=unet", Kind::change, "network", "", {"unet"}, false},
                    GrammarCase{"dataset/planning=nnunet", Kind::change, "dataset/planning", "", {"nnunet"}, false},
                    GrammarCase{"network@teacher=unet", Kind::change, "network", "teacher", {"unet"}, false},
                    GrammarCase{"a=", Kind::change, "a", "", {"\"\""}, false},
                    GrammarCase{"a=''", Kind::change, "a", "", {"\"\""}, false},
                    GrammarCase{"a=null", Kind::change, "a", "", {"null"}, false},
                    GrammarCase{"a='null'", Kind::change, "a", "", {"\"null\""}, false},
                    GrammarCase{"a=\"3\"", Kind::change, "a", "", {"\"3\""}, false},
                    GrammarCase{"a=[1,2]", Kind::change, "a", "", {"[1, 2]"}, false},
                    GrammarCase{"a=[]", Kind::change, "a", "", {"[]"}, false},
                    GrammarCase{"a=[[1, 2],[ 3 ]]", Kind::change, "a", "", {"[[1, 2], [3]]"}, false},
                    GrammarCase{"a={b:1, c: {d: [x]}}", Kind::change, "a", "", {"{b: 1, c: {d: [x]}}"}, false},
                    GrammarCase{"a={}", Kind::change, "a", "", {"{}"}, false},
                    GrammarCase{"a={'b c':1}", Kind::change, "a", "", {"{b c: 1}"}, false},
                    GrammarCase{"a=two words ", Kind::change, "a", "", {"two words"}, false},
                    GrammarCase{"a=it\\'s", Kind::change, "a", "", {"\"it's\""}, false},
                    GrammarCase{"a='it\\'s'", Kind::change, "a", "", {"\"it's\""}, false},
                    GrammarCase{"a=x\\,y", Kind::change, "a", "", {"\"x,y\""}, false},
                    GrammarCase{"a=/data/x-1.nii.gz", Kind::change, "a", "", {"/data/x-1.nii.gz"}, false},
                    GrammarCase{"a=b=c", Kind::change, "a", "", {"b=c"}, false},
                    GrammarCase{"a=${b.c}", Kind::change, "a", "", {"\"${b.c}\""}, false},
                    GrammarCase{"a=x/${env:N,y}/z", Kind::change, "a", "", {"\"x/${env:N,y}/z\""}, false},
                    GrammarCase{"a=${b.${c}}", Kind::change, "a", "", {"\"${b.${c}}\""}, false},
                    GrammarCase{"a=1,2,3", Kind::change, "a", "", {"1", "2", "3"}, true},
                    GrammarCase{"a= 1 , [2,3] ,'x,y'", Kind::change, "a", "", {"1", "[2, 3]", "\"x,y\""}, true},
                    GrammarCase{"+a=1,2", Kind::add, "a", "", {"1", "2"}, true},
                    GrammarCase{"a=choice(x, y)", Kind::change, "a", "", {"x", "y"}, true},
                    GrammarCase{"a=choice(x)", Kind::change, "a", "", {"x"}, true},
                    GrammarCase{"a=range(1,4)", Kind::change, "a", "", {"1", "2", "3"}, true},
                    GrammarCase{"a=range(3)", Kind::change, "a", "", {"0", "1", "2"}, true},
                    GrammarCase{"a=range(1,10,4)", Kind::change, "a", "", {"1", "5", "9"}, true},
                    GrammarCase{"a=range(3,0,-1)", Kind::change, "a", "", {"3", "2", "1"}, true},
                    GrammarCase{"a=range(0,0.4,0.1)", Kind::change, "a", "", {"0", "0.1", "0.2", "0.3"}, true},
                    GrammarCase{"a=range(0.5, 2)", Kind::change, "a", "", {"0.5", "1.5"}, true},
                    GrammarCase{"a=range(start=1,stop=3)", Kind::change, "a", "", {"1", "2"}, true},
                    GrammarCase{"a=range(1,stop=6,step=2)", Kind::change, "a", "", {"1", "3", "5"}, true}));

TEST(Override, ValuesKeepTheirTextAndPlace) {
  EXPECT_EQ(texts_of("a= 1 ,[2, 3], 'x' "), (std::vector<std::string>{"1", "[2, 3]", "'x'"}));
  EXPECT_EQ(texts_of("a=range(0,1,0.25)"), (std::vector<std::string>{"0", "0.25", "0.5", "0.75"}));
  EXPECT_EQ(parse_override("a.b=c").values.front().node.origin().text(), "override 'a.b=c'");
  EXPECT_EQ(value_of("a='C:\\new'"), "C:\\new");
}

TEST(Override, FaultsNameThePositionAndTheFix) {
  const auto fault = [](const std::string& text) { return tests::message_of([&] { parse_override(text); }); };
  EXPECT_EQ(fault("network"),
            "override 'network': '=' is missing at position 8 (write network=value; to delete a key write ~network)");
  EXPECT_EQ(fault("+network"),
            "override '+network': '=' is missing at position 9 (write +network=value; to delete a key write ~network)");
  EXPECT_EQ(fault("a..b=1"),
            "override 'a..b=1': expected a name, found '.' at position 3 (a key is written a.b, a group a/b)");
  EXPECT_EQ(fault(""), "override '': a key is expected at position 1 (write a.b=value)");
  EXPECT_EQ(fault("a b=1"), "override 'a b=1': expected '=', found ' ' at position 2 (write a=value)");
  EXPECT_EQ(fault("a=[1,,2]"),
            "override 'a=[1,,2]': expected a value, found ',' at position 6 (write null for nothing, '' "
            "for an empty text)");
  EXPECT_EQ(fault("a=[1,2"),
            "override 'a=[1,2': expected ',' or ']', found the end at position 7 (put quotes around text with "
            ", ( ) [ ] { } in it)");
  EXPECT_EQ(fault("a=1]"),
            "override 'a=1]': unexpected ']' at position 4 (put quotes around text with , ( ) [ ] { } in it)");
  EXPECT_EQ(fault("a={b}"), "override 'a={b}': expected ':', found '}' at position 5 (write {a: 1, b: 2})");
  EXPECT_EQ(fault("a={b:1,b:2}"), "override 'a={b:1,b:2}': the key 'b' stands twice at position 8 (keep one of them)");
  EXPECT_EQ(fault("a='x"),
            "override 'a='x': the quote ' is not closed at position 3 (end the text with the same quote)");
  EXPECT_EQ(fault("a=${b"),
            "override 'a=${b': '${' is not closed at position 3 (write ${a.b} or ${env:NAME,default}; mind the "
            "shell: put it in single quotes)");
  EXPECT_EQ(fault("a=glob(*)"),
            "override 'a=glob(*)': unknown function 'glob' at position 3 (known are choice(a,b) and "
            "range(start,stop,step); put quotes around text with parentheses)");
  EXPECT_EQ(fault("a=range(x)"),
            "override 'a=range(x)': 'x' is no number at position 9 (write range(start,stop,step))");
  EXPECT_EQ(fault("a=range(4,1)"),
            "override 'a=range(4,1)': range() is empty, ending at position 13 (write "
            "range(start,stop,step); stop itself is not reached)");
  EXPECT_NE(fault("a=range(1,2,0)").find("a step of 0"), std::string::npos);
  EXPECT_NE(fault("a=range(0,1e9)").find("use a larger step"), std::string::npos);
  EXPECT_NE(fault("a=range(1,2,3,4)").find("at most three"), std::string::npos);
  EXPECT_NE(fault("~a=1,2").find("a deletion cannot be swept"), std::string::npos);
}

TEST(Override, FaultsOfAllAreReportedTogether) {
  const std::string text = tests::message_of([] { parse_overrides({"a", "b=1", "c=[", "d"}); });
  EXPECT_TRUE(text.starts_with("3 defects")) << text;
}

}  // namespace
}  // namespace medvol::config
