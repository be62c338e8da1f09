#pragma once
#include "reports/figures/canvas.h"

namespace medvol::reports {

/// `text` with &, <, > and quotes escaped for XML and HTML; control characters that XML forbids are left out.
std::string escape_xml(const std::string& text);

/// Writes plain SVG 1.1. Role colours are CSS variables (--ink, --quiet, --grid, --paper) with light values to fall
/// back on, so that a chart inside a page follows its theme and a file of its own is a light one.
class SvgCanvas : public Canvas {
 public:
  /// `title` is what a screen reader says of the picture.
  SvgCanvas(double width, double height, std::string title);

  void rectangle(const Rectangle& area, const Paint& fill) override;
  void polygon(const std::vector<Point>& corners, const Paint& fill) override;
  void polyline(const std::vector<Point>& points, const Stroke& stroke) override;
  void disc(Point centre, double radius, const Paint& fill) override;
  void text(Point at, const std::string& text, const TextStyle& style) override;
  double text_width(const std::string& text, const TextStyle& style) const override;

  /// The whole <svg> element, without an XML declaration: a file of its own and a part of an HTML page alike.
  std::string document() const;

 private:
  double width_, height_;
  std::string title_, body_;
};

}  // namespace medvol::reports
