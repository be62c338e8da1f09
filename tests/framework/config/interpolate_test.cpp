#include "framework/config/interpolate.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "framework/config/source.h"

namespace medvol::config {
namespace {

class Interpolate : public testing::Test {
 protected:
  Interpolate() {
    setenv("MEDVOL_TEST_VALUE", "12", 1);
    unsetenv("MEDVOL_TEST_ABSENT");
  }
  ~Interpolate() override { unsetenv("MEDVOL_TEST_VALUE"); }

  /// All of the tree, or the first fault.
  static std::string result(const std::string& yaml, const std::string& fallback = "") {
    Node tree = parse_yaml(yaml, "f.yaml");
    Diagnostics found;
    interpolate(tree, parse_yaml(fallback, "d"), found);
    if (found.empty()) return inline_text(tree);
    const Defect& first = found.defects().front();
    return first.place.text() + ": " + first.path + ": " + first.what + " (" + first.hint + ")";
  }
};

TEST_F(Interpolate, AWholeValueKeepsItsType) {
  EXPECT_EQ(result("a: {b: 3}\nc: ${a.b}\n"), "{a: {b: 3}, c: 3}");
  EXPECT_EQ(result("a: [1, 2]\nb: \"${a}\"\nc: ${a.1}\nd: '${a[0]}'\n"), "{a: [1, 2], b: [1, 2], c: 2, d: 1}");
  EXPECT_EQ(result("a: {x: 1}\nb: ${a}\nc: ${b.x}\n"), "{a: {x: 1}, b: {x: 1}, c: 1}");
  EXPECT_EQ(result("a: null\nb: ${a}\n"), "{a: null, b: null}");
  EXPECT_EQ(result("a: '3'\nb: ${a}\n"), "{a: \"3\", b: \"3\"}");
  EXPECT_EQ(result("a: ??"
                   "?\nb: ${a}\n"),
            "{a: ??"
            "?, b: ??"
            "?}");
}

TEST_F(Interpolate, PartsAreJoinedToText) {
  EXPECT_EQ(result("root: /data\nname: hippo\npath: ${root}/${name}.nii\n"),
            "{root: /data, name: hippo, path: /data/hippo.nii}");
  EXPECT_EQ(result("n: 3\nevery: ${n}e\nnumber: ${n}0\ntext: '${n}0'\n"),
            "{n: 3, every: 3e, number: 30, text: \"30\"}");
  EXPECT_EQ(result("a: [1]\nb: x${a}\n"),
            "f.yaml:2:4: b: a list or a group within the text 'x${a}' (only plain values may be joined to text)");
}

TEST_F(Interpolate, RelativeNamesStartBesideTheValue) {
  EXPECT_EQ(result("x: 0\na:\n  x: 1\n  y: ${.x}\n  z: {w: '${..x}', top: '${...x}'}\n"),
            "{x: 0, a: {x: 1, y: 1, z: {w: 1, top: 0}}}");
  EXPECT_EQ(result("a: ${..x}\n"), "f.yaml:1:4: a: '${..x}' leads out of the configuration (use fewer dots)");
}

TEST_F(Interpolate, NestedNames) {
  EXPECT_EQ(result("which: b\na: {b: 1, c: 2}\nx: ${a.${which}}\n"), "{which: b, a: {b: 1, c: 2}, x: 1}");
  EXPECT_EQ(result("a: ${b}\nb: ${c}\nc: 3\n"), "{a: 3, b: 3, c: 3}");
  EXPECT_EQ(result("a: {x: '${c}'}\nb: ${a}\nc: 3\n"), "{a: {x: 3}, b: {x: 3}, c: 3}");
}

TEST_F(Interpolate, VariablesOfTheEnvironment) {
  EXPECT_EQ(result("a: ${env:MEDVOL_TEST_VALUE}\n"), "{a: 12}");
  EXPECT_EQ(result("a: ${oc.env:MEDVOL_TEST_VALUE}\n"), "{a: 12}");
  EXPECT_EQ(result("a: ${env:MEDVOL_TEST_ABSENT,5}\n"), "{a: 5}");
  EXPECT_EQ(result("a: ${env:MEDVOL_TEST_ABSENT, null}\n"), "{a: null}");
  EXPECT_EQ(result("a: ${env:MEDVOL_TEST_ABSENT,'5'}\n"), "{a: \"5\"}");
  EXPECT_EQ(result("a: ${env:MEDVOL_TEST_ABSENT,}\n"), "{a: \"\"}");
  EXPECT_EQ(result("a: ${env:MEDVOL_TEST_ABSENT,${b}/x}\nb: /d\n"), "{a: /d/x, b: /d}");
  EXPECT_EQ(result("a: ${env:MEDVOL_TEST_ABSENT}\n"),
            "f.yaml:1:4: a: the environment has no variable MEDVOL_TEST_ABSENT (set it, or write "
            "${env:MEDVOL_TEST_ABSENT,default})");
}

TEST_F(Interpolate, ABackslashKeepsItPlain) {
  EXPECT_EQ(result("a: \\${x}\n"), "{a: \"${x}\"}");
  EXPECT_EQ(result("b: 1\na: \\${x}${b}\n"), "{b: 1, a: \"${x}1\"}");
}

TEST_F(Interpolate, DefaultsAreLookedUpWhereNothingIsWritten) {
  EXPECT_EQ(result("a: ${trainer.epochs}\ntrainer: {x: 1}\n", "trainer: {epochs: 100}\n"), "{a: 100, trainer: {x: 1}}");
}

TEST_F(Interpolate, FaultsHaveTheirPlace) {
  EXPECT_EQ(result("trainer: {epochs: 1}\na:\n  b: ${trainer.epoch}\n"),
            "f.yaml:3:6: a.b: '${trainer.epoch}' names nothing (did you mean 'epochs'?)");
  EXPECT_EQ(result("trainer: {epochs: 1}\na: ${trianer.epochs}\n"),
            "f.yaml:2:4: a: '${trianer.epochs}' names nothing (did you mean 'trainer'?)");
  EXPECT_EQ(result("a: ${b}\nb: ${c}\nc: ${a}\n"),
            "f.yaml:1:4: a: '${b}' refers to itself: b → c → a → b (give one of them a value)");
  EXPECT_NE(result("a: ${a}\n").find("refers to itself"), std::string::npos) << result("a: ${a}\n");
  EXPECT_NE(result("a: {b: '${a}'}\n").find("refers to itself"), std::string::npos) << result("a: {b: '${a}'}\n");
  EXPECT_NE(result("a: {b: '${a.c.d}', c: '${a.b}'}\n").find("refers to itself"), std::string::npos);
  EXPECT_EQ(result("a: x${b\n"), "f.yaml:1:4: a: '${' is not closed in 'x${b' (write ${a.b}; a plain ${ is \\${)");
  EXPECT_EQ(result("a: ${now:%Y}\n"),
            "f.yaml:1:4: a: unknown resolver 'now' in '${now:%Y}' (known is ${env:NAME,default})");
  EXPECT_EQ(result("a: ${}\n"), "f.yaml:1:4: a: '${}' names no value (write ${a.b} or ${.b})");
  EXPECT_EQ(result("a: ${env:}\n"), "f.yaml:1:4: a: '${env:}' names no variable (write ${env:NAME,default})");
}

TEST_F(Interpolate, EveryFaultIsFoundAndTheOriginIsThatOfTheText) {
  Node tree = parse_yaml("a: ${x}\nb: ${y}\nc: ${d}\nd: 1\n", "f.yaml");
  Diagnostics found;
  interpolate(tree, Node{}, found);
  EXPECT_EQ(found.defects().size(), 2u);
  EXPECT_EQ(tree.find("c")->origin().text(), "f.yaml:3:4");
  EXPECT_EQ(tree.find("c")->key_origin().text(), "f.yaml:3:1");
}

}  // namespace
}  // namespace medvol::config
