#include "reports/figures/svg_canvas.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

namespace medvol::reports {
namespace {

/// Two decimals are a fiftieth of a pixel; shorter where they are zeros.
std::string number(double value) {
  std::string text = fmt::format("{:.2f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string color_text(const Paint& paint) {
  switch (paint.role) {
    case Paint::Role::ink:
      return "var(--ink,#1c2430)";
    case Paint::Role::quiet:
      return "var(--quiet,#5b6675)";
    case Paint::Role::grid:
      return "var(--grid,#e1e5ea)";
    case Paint::Role::paper:
      return "var(--paper,#ffffff)";
    case Paint::Role::own:
      break;
  }
  return fmt::format("#{:02x}{:02x}{:02x}", paint.color.red, paint.color.green, paint.color.blue);
}

std::string fill_text(const Paint& paint) {
  // A variable is allowed in a style, not in a presentation attribute.
  std::string style = "fill:" + color_text(paint);
  if (paint.opacity < 1) style += ";fill-opacity:" + number(paint.opacity);
  return fmt::format("style=\"{}\"", style);
}

std::string points_text(const std::vector<Point>& points) {
  std::string text;
  for (const Point& point : points) {
    if (!text.empty()) text += ' ';
    text += number(point.x) + ',' + number(point.y);
  }
  return text;
}

}  // namespace

std::string escape_xml(const std::string& text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char letter : text) {
    switch (letter) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        if (static_cast<unsigned char>(letter) >= 0x20 || letter == '\n' || letter == '\t') escaped += letter;
    }
  }
  return escaped;
}

SvgCanvas::SvgCanvas(double width, double height, std::string title)
    : width_(width), height_(height), title_(std::move(title)) {}

void SvgCanvas::rectangle(const Rectangle& area, const Paint& fill) {
  fmt::format_to(std::back_inserter(body_), "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" {}/>\n", number(area.x),
                 number(area.y), number(area.width), number(area.height), fill_text(fill));
}

void SvgCanvas::polygon(const std::vector<Point>& corners, const Paint& fill) {
  if (corners.size() < 3) return;
  fmt::format_to(std::back_inserter(body_), "<polygon points=\"{}\" {}/>\n", points_text(corners), fill_text(fill));
}

void SvgCanvas::polyline(const std::vector<Point>& points, const Stroke& stroke) {
  if (points.size() < 2) return;
  std::string style = fmt::format("fill:none;stroke:{};stroke-width:{};stroke-linejoin:round;stroke-linecap:round",
                                  color_text(stroke.paint), number(stroke.width));
  if (stroke.paint.opacity < 1) style += ";stroke-opacity:" + number(stroke.paint.opacity);
  if (stroke.dashed) style += ";stroke-dasharray:5 4";
  fmt::format_to(std::back_inserter(body_), "<polyline points=\"{}\" style=\"{}\"/>\n", points_text(points), style);
}

void SvgCanvas::disc(Point centre, double radius, const Paint& fill) {
  fmt::format_to(std::back_inserter(body_), "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" {}/>\n", number(centre.x),
                 number(centre.y), number(radius), fill_text(fill));
}

void SvgCanvas::text(Point at, const std::string& text, const TextStyle& style) {
  static constexpr const char* anchors[] = {"start", "middle", "end"};
  const std::string turn =
      style.upwards ? fmt::format(" transform=\"rotate(-90 {} {})\"", number(at.x), number(at.y)) : "";
  fmt::format_to(std::back_inserter(body_),
                 "<text x=\"{}\" y=\"{}\" font-size=\"{}\" text-anchor=\"{}\"{}{} {}>{}</text>\n", number(at.x),
                 number(at.y), number(style.size), anchors[static_cast<int>(style.anchor)],
                 style.bold ? " font-weight=\"600\"" : "", turn, fill_text(style.paint), escape_xml(text));
}

double SvgCanvas::text_width(const std::string& text, const TextStyle& style) const {
  // Mean advance of common sans-serif faces; continuation bytes of UTF-8 have no width of their own.
  double letters = 0;
  for (const char letter : text) letters += (static_cast<unsigned char>(letter) & 0xC0) != 0x80;
  return letters * style.size * (style.bold ? 0.58 : 0.54);
}

std::string SvgCanvas::document() const {
  const std::string title = escape_xml(title_);
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" role=\"img\" "
      "aria-label=\"{2}\" font-family=\"system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif\">\n"
      "<title>{2}</title>\n{3}</svg>\n",
      number(width_), number(height_), title, body_);
}

}  // namespace medvol::reports
