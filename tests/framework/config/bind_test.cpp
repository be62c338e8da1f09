#include "framework/config/bind.h"

#include <gtest/gtest.h>

#include "framework/config/source.h"
#include "tests/framework/config/messages.h"

namespace medvol::config {
namespace {

enum class Precision { automatic, float32, bf16 };
EnumNames<Precision> enum_names(Precision) {
  return {{"auto", Precision::automatic}, {"float32", Precision::float32}, {"bf16", Precision::bf16}};
}

struct StageOptions {
  int64_t features = 32;
  std::optional<double> dropout;
  template <class Visitor>
  void fields(Visitor& visit) {
    visit("features", features, "channels", at_least(1));
    visit("dropout", dropout, "rate", below(0, 1));
  }
};

/// One member of every type that a field may have.
struct AllOptions {
  bool nesterov = true;
  int64_t count = 3;
  int small = -2;
  uint64_t seed = 7;
  double rate = 0.01;
  std::string name = "sgd";
  std::string free_text = "no";
  std::filesystem::path folder = "out puts/x";
  core::Length every{300, core::Unit::seconds};
  Precision precision = Precision::bf16;
  std::vector<int64_t> sizes{1, 2};
  std::vector<std::vector<int64_t>> kernels{{3, 3}, {1, 3}};
  std::vector<bool> flags{true, false};
  std::vector<Precision> precisions{Precision::float32};
  std::optional<std::string> note;
  std::optional<std::vector<double>> spacing = std::vector<double>{1, 0.5};
  std::map<std::string, double> weights{{"dice", 1}, {"ce", 0.5}};
  std::map<std::string, std::vector<int64_t>> regions{{"whole tumor", {1, 2}}};
  StageOptions stage;
  std::vector<StageOptions> stages{{64, 0.5}};
  template <class Visitor>
  void fields(Visitor& visit) {
    visit("nesterov", nesterov, "look ahead");
    visit("count", count, "how many", between(1, 10));
    visit("small", small, "a smaller type");
    visit("seed", seed, "seed");
    visit("rate", rate, "step size", positive());
    visit("name", name, "which", one_of({"sgd", "adamw"}));
    visit("free_text", free_text, "anything");
    visit("folder", folder, "where");
    visit("every", every, "how often", positive());
    visit("precision", precision, "numbers");
    visit("sizes", sizes, "sizes", positive());
    visit("kernels", kernels, "kernel sizes");
    visit("flags", flags, "flags");
    visit("precisions", precisions, "several");
    visit("note", note, "a note");
    visit("spacing", spacing, "millimetres", positive());
    visit("weights", weights, "of each loss", at_least(0));
    visit("regions", regions, "labels of each");
    visit("stage", stage, "one stage");
    visit("stages", stages, "more stages");
  }
};

struct RequiredOptions {
  std::optional<std::string> root;
  int64_t fold = 0;
  template <class Visitor>
  void fields(Visitor& visit) {
    visit("root", root, "folder of the data", required());
    visit("fold", fold, "which fold", required());
  }
};

struct OuterOptions {
  RequiredOptions dataset;
  std::optional<StageOptions> extra;
  template <class Visitor>
  void fields(Visitor& visit) {
    visit("dataset", dataset, "the data");
    visit("extra", extra, "one more stage");
  }
};

template <class Options = AllOptions>
std::string fault_of(const std::string& yaml) {
  return tests::message_of([&] { bind<Options>(parse_yaml(yaml, "f.yaml")); });
}

TEST(Bind, EveryTypeIsRead) {
  const AllOptions options = bind<AllOptions>(parse_yaml(
      "nesterov: off\ncount: 10\nsmall: -7\nseed: 123\nrate: 1e-3\nname: adamw\nfree_text: 5\nfolder: /a/b\nevery: 2e\n"
      "precision: auto\nsizes: [4]\nkernels: [[1], []]\nflags: [no, yes, true]\nprecisions: [auto, bf16]\nnote: "
      "'null'\n"
      "spacing: null\nweights: {x: .5}\nregions: {a: [1]}\nstage: {features: 8, dropout: 0}\nstages: [{features: 1}, "
      "{}]\n",
      "f.yaml"));
  EXPECT_FALSE(options.nesterov);
  EXPECT_EQ(options.count, 10);
  EXPECT_EQ(options.small, -7);
  EXPECT_EQ(options.seed, 123u);
  EXPECT_EQ(options.rate, 1e-3);
  EXPECT_EQ(options.name, "adamw");
  EXPECT_EQ(options.free_text, "5");
  EXPECT_EQ(options.folder, "/a/b");
  EXPECT_EQ(options.every, (core::Length{2, core::Unit::epochs}));
  EXPECT_EQ(options.precision, Precision::automatic);
  EXPECT_EQ(options.sizes, (std::vector<int64_t>{4}));
  EXPECT_EQ(options.kernels, (std::vector<std::vector<int64_t>>{{1}, {}}));
  EXPECT_EQ(options.flags, (std::vector<bool>{false, true, true}));
  EXPECT_EQ(options.precisions, (std::vector<Precision>{Precision::automatic, Precision::bf16}));
  EXPECT_EQ(options.note, "null");
  EXPECT_EQ(options.spacing, std::nullopt);
  EXPECT_EQ(options.weights, (std::map<std::string, double>{{"x", 0.5}}));
  EXPECT_EQ(options.regions.at("a"), (std::vector<int64_t>{1}));
  EXPECT_EQ(options.stage.features, 8);
  EXPECT_EQ(options.stage.dropout, 0.0);
  ASSERT_EQ(options.stages.size(), 2u);
  EXPECT_EQ(options.stages[1].features, 32);
}

TEST(Bind, AbsentKeysKeepTheirDefaults) {
  const AllOptions options = bind<AllOptions>(parse_yaml("stage:\ncount: 4\n", "f.yaml"));
  EXPECT_EQ(options.count, 4);
  EXPECT_EQ(options.rate, 0.01);
  EXPECT_EQ(options.stage.features, 32);
  AllOptions other;
  other.rate = 0.5;
  EXPECT_EQ(bind(parse_yaml("count: 4\n", "f"), other).rate, 0.5);
}

TEST(Bind, WhatIsWrittenBindsAgain) {
  AllOptions odd;
  odd.rate = 1.0 / 3;
  odd.free_text = "";
  odd.note = "~";
  odd.every = {0.25, core::Unit::epochs};
  odd.weights = {{"a.b", 5e-324}, {"", 1e22}};
  odd.stages.clear();
  odd.spacing.reset();
  odd.folder = "ümläut: #1";
  for (const AllOptions& options : {AllOptions{}, odd}) {
    const Node written = to_node(options);
    const AllOptions again = bind<AllOptions>(written);
    EXPECT_EQ(to_node(again), written) << inline_text(written);
    EXPECT_EQ(again.rate, options.rate);
    EXPECT_EQ(again.free_text, options.free_text);
    EXPECT_EQ(again.note, options.note);
    EXPECT_EQ(again.weights, options.weights);
    EXPECT_EQ(again.folder, options.folder);
  }
}

TEST(Bind, WritesEveryFieldInOrder) {
  EXPECT_EQ(
      inline_text(to_node(AllOptions{})),
      "{nesterov: true, count: 3, small: -2, seed: 7, rate: 0.01, name: sgd, free_text: \"no\", folder: out puts/x, "
      "every: 5m, precision: bf16, sizes: [1, 2], kernels: [[3, 3], [1, 3]], flags: [true, false], precisions: "
      "[float32], "
      "note: null, spacing: [1, 0.5], weights: {ce: 0.5, dice: 1}, regions: {whole tumor: [1, 2]}, "
      "stage: {features: 32, dropout: null}, stages: [{features: 64, dropout: 0.5}]}");
}

TEST(Bind, UnknownKeysNameTheNearest) {
  EXPECT_EQ(fault_of("count: 3\nstage:\n  featuers: 8\n"),
            "f.yaml:3:3: stage.featuers: unknown key (did you mean 'features'?)");
  EXPECT_EQ(fault_of("stages: [{x: 1}]\n"), "f.yaml:1:11: stages[0].x: unknown key (one of: features, dropout)");
}

TEST(Bind, WrongTypesSayWhatWasExpected) {
  EXPECT_EQ(fault_of("nesterov: 1\n"), "f.yaml:1:11: nesterov: expected true or false, got '1'");
  EXPECT_EQ(fault_of("count: 1.5\n"), "f.yaml:1:8: count: expected a whole number, got '1.5'");
  EXPECT_EQ(fault_of("count: '3'\n"), "f.yaml:1:8: count: expected a whole number, got '3' in quotes, which is text");
  EXPECT_EQ(fault_of("count: [3]\n"), "f.yaml:1:8: count: expected a whole number, got the list [3]");
  EXPECT_EQ(fault_of("count:\n"), "f.yaml:1:1: count: expected a whole number, got nothing");
  EXPECT_EQ(fault_of("rate: .nan\n"), "f.yaml:1:7: rate: expected a finite number, got '.nan'");
  EXPECT_EQ(fault_of("rate: inf\n"), "f.yaml:1:7: rate: expected a finite number, got 'inf'");
  EXPECT_EQ(fault_of("free_text: {a: 1}\n"), "f.yaml:1:12: free_text: expected text, got a group of options");
  EXPECT_EQ(fault_of("folder: []\n"), "f.yaml:1:9: folder: expected a path, got the list []");
  EXPECT_EQ(fault_of("sizes: 3\n"), "f.yaml:1:8: sizes: expected a list, got '3'");
  EXPECT_EQ(fault_of("sizes: [1, x]\n"), "f.yaml:1:12: sizes[1]: expected a whole number, got 'x'");
  EXPECT_EQ(fault_of("weights: 3\n"), "f.yaml:1:10: weights: expected a map of names to values, got '3'");
  EXPECT_EQ(fault_of("stage: 3\n"), "f.yaml:1:8: stage: expected a group of options, got '3'");
  EXPECT_EQ(fault_of("precision: [x]\n"),
            "f.yaml:1:12: precision: expected one of auto, float32, bf16, got the list [x]");
  EXPECT_EQ(fault_of("- 1\n"), "f.yaml:1:1: expected a group of options, got the list [1]");
}

TEST(Bind, RangesAndChoicesAreSaid) {
  EXPECT_EQ(fault_of("count: 11\n"), "f.yaml:1:8: count: 11 is out of range (expected between 1 and 10)");
  EXPECT_EQ(fault_of("rate: 0\n"), "f.yaml:1:7: rate: 0 is out of range (expected above 0)");
  EXPECT_EQ(fault_of("stage: {dropout: 1}\n"),
            "f.yaml:1:18: stage.dropout: 1 is out of range (expected at least 0 and below 1)");
  EXPECT_EQ(fault_of("sizes: [2, 0]\n"), "f.yaml:1:12: sizes[1]: 0 is out of range (expected above 0)");
  EXPECT_EQ(fault_of("weights: {a: -1}\n"), "f.yaml:1:14: weights.a: -1 is out of range (expected at least 0)");
  EXPECT_EQ(fault_of("small: 3000000000\n"),
            "f.yaml:1:8: small: 3000000000 is out of range (expected between -2147483648 and 2147483647)");
  EXPECT_EQ(fault_of("seed: -1\n"),
            "f.yaml:1:7: seed: -1 is out of range (expected between 0 and 9223372036854775807)");
  EXPECT_EQ(fault_of("name: adam\n"),
            "f.yaml:1:7: name: 'adam' is not allowed (did you mean 'adamw'? one of: sgd, adamw)");
  EXPECT_EQ(fault_of("name: x\n"), "f.yaml:1:7: name: 'x' is not allowed (one of: sgd, adamw)");
  EXPECT_EQ(fault_of("precision: bf17\n"),
            "f.yaml:1:12: precision: 'bf17' is not allowed (did you mean 'bf16'? one of: auto, float32, bf16)");
  EXPECT_EQ(fault_of("every: 0s\n"), "f.yaml:1:8: every: 0s is out of range (expected above 0)");
  EXPECT_EQ(fault_of("every: 5 years\n"),
            "f.yaml:1:8: every: '5 years' has the unknown unit 'years' (expected a number with "
            "a unit: 200 (steps), 1e (epochs), 90s, 5m or 1.5h)");
}

TEST(Bind, ConstraintsInWords) {
  EXPECT_EQ(range_text({}), "");
  EXPECT_EQ(range_text(positive()), "above 0");
  EXPECT_EQ(range_text(at_least(2)), "at least 2");
  EXPECT_EQ(range_text({.maximum = 3.5}), "at most 3.5");
  EXPECT_EQ(range_text({.minimum = 0.0, .maximum = 1.0, .above_minimum = true}), "above 0 and at most 1");
}

TEST(Bind, WhatIsRequiredMustBeGiven) {
  const std::string missing = "a value is required";
  EXPECT_EQ(fault_of<RequiredOptions>("fold: 1\n"), "f.yaml:1:1: root: a value is required (give it: root=…)");
  EXPECT_EQ(fault_of<RequiredOptions>("fold: 1\nroot: ???\n"),
            "f.yaml:2:7: root: a value is required (give it: root=…)");
  EXPECT_EQ(fault_of<RequiredOptions>("fold: 1\nroot: null\n"),
            "f.yaml:2:7: root: a value is required (give it: root=…)");
  EXPECT_EQ(fault_of<RequiredOptions>("root: x\n"), "f.yaml:1:1: fold: a value is required (give it: fold=…)");
  EXPECT_EQ(bind<RequiredOptions>(parse_yaml("root: '??"
                                             "?'\nfold: 1\n",
                                             "f"))
                .root,
            "???");
  EXPECT_NE(fault_of("count: ???\n").find(missing), std::string::npos);       // whatever is `???` is missing
  const std::string both = fault_of<OuterOptions>("extra: {features: 1}\n");  // nothing of `dataset` is written at all
  EXPECT_NE(both.find("dataset.root: a value is required"), std::string::npos) << both;
  EXPECT_NE(both.find("dataset.fold: a value is required"), std::string::npos) << both;
  EXPECT_EQ(inline_text(to_node(RequiredOptions{})), "{root: ???, fold: 0}");
  RequiredOptions given;
  given.root = "x";
  EXPECT_EQ(bind(parse_yaml("fold: 2\n", "f"), given).root, "x");  // a default that was set counts
}

TEST(Bind, AllDefectsAreReportedTogether) {
  const std::string text = fault_of("rate: -1\nnam: sgd\nstage: {features: 0}\ncount: x\n");
  EXPECT_EQ(text,
            "4 defects in the configuration:\n"
            "f.yaml:1:7: rate: -1 is out of range (expected above 0)\n"
            "f.yaml:2:1: nam: unknown key (did you mean 'name'?)\n"
            "f.yaml:3:19: stage.features: 0 is out of range (expected at least 1)\n"
            "f.yaml:4:8: count: expected a whole number, got 'x'");
}

TEST(Bind, DescribesEveryField) {
  const std::vector<FieldDoc> fields = describe<AllOptions>();
  const auto field = [&](const std::string& path) {
    for (const FieldDoc& doc : fields)
      if (doc.path == path) return doc;
    ADD_FAILURE() << "no field " << path;
    return FieldDoc{};
  };
  EXPECT_EQ(fields.front().path, "nesterov");
  EXPECT_EQ(field("rate").type, "number");
  EXPECT_EQ(field("rate").value, "0.01");
  EXPECT_EQ(field("rate").doc, "step size");
  EXPECT_TRUE(field("rate").constraint.above_minimum);
  EXPECT_EQ(field("precision").constraint.choices, (std::vector<std::string>{"auto", "float32", "bf16"}));
  EXPECT_EQ(field("kernels").type, "list of lists of whole numbers");
  EXPECT_EQ(field("weights").type, "map of names to numbers");
  EXPECT_EQ(field("flags").type, "list of true or false");
  EXPECT_EQ(field("note").value, "null");
  EXPECT_EQ(field("stage").type, "section");
  EXPECT_EQ(field("stage.features").value, "32");
  EXPECT_EQ(field("stages[].features").doc, "channels");
  const std::vector<FieldDoc> outer = describe<OuterOptions>();
  ASSERT_EQ(outer.size(), 6u);
  EXPECT_EQ(outer[1].path, "dataset.root");
  EXPECT_EQ(outer[1].value, "???");
  EXPECT_EQ(outer[4].path, "extra.features");
}

}  // namespace
}  // namespace medvol::config
