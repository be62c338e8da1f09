#include "framework/registry/registry.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "framework/config/source.h"

namespace medvol::registry {
namespace {

struct Shape {
  virtual ~Shape() = default;
  virtual double area() const = 0;
};
struct Square : Shape {
  explicit Square(double side) : side_(side) {}
  double area() const override { return side_ * side_; }
  double side_;
};

struct SquareOptions {
  double side = 2;
  template <class Visitor>
  void fields(Visitor& visit) {
    visit("side", side, "length of a side", config::positive());
  }
};
struct OblongOptions {
  double width = 1;
  std::optional<double> height;
  template <class Visitor>
  void fields(Visitor& visit) {
    visit("width", width, "width", config::positive());
    visit("height", height, "height", config::required());
  }
};

using Shapes = Registry<std::unique_ptr<Shape>, double>;
using ShapeChoice = Choice<std::unique_ptr<Shape>, double>;

/// Each built with a factor that only the builder's caller knows.
Shapes shapes() {
  Shapes result("shape");
  result.add<SquareOptions>("square", "four equal sides", [](const SquareOptions& options, double factor) {
    return std::make_unique<Square>(options.side * factor);
  });
  result.add<OblongOptions>("oblong", "two by two equal", [](const OblongOptions& options, double factor) {
    return std::make_unique<Square>(std::sqrt(options.width * *options.height) * factor);
  });
  return result;
}

struct DrawingOptions {
  ShapeChoice shape;
  explicit DrawingOptions(ShapeChoice choice) : shape(std::move(choice)) {}
  template <class Visitor>
  void fields(Visitor& visit) {
    visit("shape", shape, "what is drawn", config::required());
  }
};

std::string fault_of(DrawingOptions options, const std::string& yaml) {
  try {
    config::bind(config::parse_yaml(yaml, "f.yaml"), std::move(options));
  } catch (const config::ConfigError& error) {
    return error.what();
  }
  return "(no error)";
}

TEST(Registry, ASecondEntryOfOneNameIsOurBug) {
  Shapes registry = shapes();
  EXPECT_THROW(registry.add<SquareOptions>("square", "again", [](const SquareOptions&, double) { return nullptr; }),
               core::InternalError);
  EXPECT_EQ(registry.names(), (std::vector<std::string>{"square", "oblong"}));
  EXPECT_EQ(registry.find("circle"), nullptr);
  EXPECT_EQ(registry.find("oblong")->doc, "two by two equal");
  EXPECT_EQ(registry.find("oblong")->describe()[1].value,
            "??"
            "?");
}

TEST(Choice, IsBoundFirstAndBuiltLater) {
  const Shapes registry = shapes();
  const DrawingOptions options = config::bind(config::parse_yaml("shape: {name: oblong, width: 3, height: 12}\n", "f"),
                                              DrawingOptions(ShapeChoice(registry)));
  EXPECT_EQ(options.shape.name(), "oblong");
  EXPECT_DOUBLE_EQ(options.shape.build(0.5)->area(), 9);
  EXPECT_DOUBLE_EQ(options.shape.build(1)->area(), 36);
}

TEST(Choice, ADefaultNameHasItsOptionsDefaults) {
  const Shapes registry = shapes();
  const DrawingOptions options{ShapeChoice(registry, "square")};
  EXPECT_DOUBLE_EQ(options.shape.build(1)->area(), 4);
  EXPECT_EQ(config::inline_text(config::to_node(options)), "{shape: {name: square, side: 2}}");
  const DrawingOptions wider = config::bind(config::parse_yaml("shape: {side: 5}\n", "f"), options);
  EXPECT_DOUBLE_EQ(wider.shape.build(1)->area(), 25);
}

TEST(Choice, WhatIsWrittenBindsAgain) {
  const Shapes registry = shapes();
  const DrawingOptions options = config::bind(config::parse_yaml("shape: {name: oblong, height: 0.1}\n", "f"),
                                              DrawingOptions(ShapeChoice(registry)));
  const config::Node written = config::to_node(options);
  EXPECT_EQ(config::inline_text(written), "{shape: {name: oblong, width: 1, height: 0.1}}");
  EXPECT_EQ(config::to_node(config::bind(written, DrawingOptions(ShapeChoice(registry)))), written);
}

TEST(Choice, FaultsHaveTheirPathAndPlace) {
  const Shapes registry = shapes();
  const DrawingOptions none{ShapeChoice(registry)};
  EXPECT_EQ(fault_of(none, "shape:\n  name: sqaure\n"),
            "f.yaml:2:9: shape.name: unknown shape 'sqaure' (did you mean 'square'?)");
  EXPECT_EQ(fault_of(none, "shape: {side: 3}\n"), "f.yaml:1:8: shape.name: no shape is named (one of: square, oblong)");
  EXPECT_EQ(fault_of(none, "{}\n"), "f.yaml:1:1: shape.name: no shape is named (one of: square, oblong)");
  EXPECT_EQ(fault_of(none, "shape: {name: square, sid: 3}\n"),
            "f.yaml:1:23: shape.sid: unknown key (did you mean 'side'?)");
  EXPECT_EQ(fault_of(none, "shape: {name: square, side: -1}\n"),
            "f.yaml:1:29: shape.side: -1 is out of range (expected above 0)");
  EXPECT_EQ(fault_of(none, "shape: {name: oblong}\n"),
            "f.yaml:1:8: shape.height: a value is required (give it: shape.height=…)");
}

TEST(Choice, DescribesTheNamesAndTheOptionsOfTheChosenOne) {
  const Shapes registry = shapes();
  const auto fields = config::describe(DrawingOptions{ShapeChoice(registry, "square")});
  ASSERT_EQ(fields.size(), 3u);
  EXPECT_EQ(fields[1].path, "shape.name");
  EXPECT_EQ(fields[1].value, "square");
  EXPECT_EQ(fields[1].constraint.choices, (std::vector<std::string>{"square", "oblong"}));
  EXPECT_EQ(fields[2].path, "shape.side");
}

TEST(Choice, BuildingWhatWasNeverChosenIsOurBug) {
  const Shapes registry = shapes();
  EXPECT_THROW(ShapeChoice(registry).build(1), core::InternalError);
}

}  // namespace
}  // namespace medvol::registry
