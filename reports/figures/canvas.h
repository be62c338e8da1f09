#pragma once
#include <string>
#include <vector>

#include "reports/figures/color.h"

namespace medvol::reports {

/// A place on a canvas in its units (CSS pixels): x to the right, y down.
struct Point {
  double x = 0, y = 0;
};

struct Rectangle {
  double x = 0, y = 0, width = 0, height = 0;
  double right() const { return x + width; }
  double bottom() const { return y + height; }
};

/// What a mark is coloured with. The named roles follow the page's light or dark theme in SVG; `own` is a fixed colour.
struct Paint {
  enum class Role { ink, quiet, grid, paper, own };
  Role role = Role::ink;
  Color color;         ///< when role is `own`
  double opacity = 1;  ///< 0..1

  static Paint own(Color color, double opacity = 1) { return {Role::own, color, opacity}; }
};

struct Stroke {
  Paint paint;
  double width = 1;
  bool dashed = false;
};

enum class Anchor { start, middle, end };

struct TextStyle {
  Paint paint;
  double size = 12;  ///< height of the type in canvas units
  Anchor anchor = Anchor::start;
  bool bold = false;
  bool upwards = false;  ///< turned by 90° against the clock, for the label of a y axis
};

/// What charts are drawn on: one layout serves SVG and pixels.
class Canvas {
 public:
  virtual ~Canvas() = default;
  virtual void rectangle(const Rectangle& area, const Paint& fill) = 0;
  virtual void polygon(const std::vector<Point>& corners, const Paint& fill) = 0;
  virtual void polyline(const std::vector<Point>& points, const Stroke& stroke) = 0;
  virtual void disc(Point centre, double radius, const Paint& fill) = 0;
  /// `at`: the baseline's start, middle or end. `text` is UTF-8.
  virtual void text(Point at, const std::string& text, const TextStyle& style) = 0;
  /// Width of a text as this canvas sets it (SVG: a good estimate).
  virtual double text_width(const std::string& text, const TextStyle& style) const = 0;
};

}  // namespace medvol::reports
