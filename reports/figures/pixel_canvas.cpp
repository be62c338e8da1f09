#include "reports/figures/pixel_canvas.h"

#include <opencv2/imgproc.hpp>

#include <torch/types.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "framework/core/error.h"

namespace medvol::reports {
namespace {

constexpr int fraction_bits = 4;  // OpenCV takes coordinates in sixteenths of a pixel

Color fixed_color(const Paint& paint) {
  switch (paint.role) {
    case Paint::Role::ink:
      return {28, 36, 48};
    case Paint::Role::quiet:
      return {91, 102, 117};
    case Paint::Role::grid:
      return {225, 229, 234};
    case Paint::Role::paper:
      return {255, 255, 255};
    case Paint::Role::own:
      break;
  }
  return paint.color;
}

cv::Scalar scalar(const Paint& paint) {
  const Color color = fixed_color(paint);
  return cv::Scalar(color.red, color.green, color.blue);
}

/// Pixel i covers [i, i + 1) of the canvas, OpenCV's pixel centres are whole numbers.
cv::Point fixed_point(Point point, double scale) {
  const auto coordinate = [&](double value) {
    return static_cast<int>(std::lround((value * scale - 0.5) * (1 << fraction_bits)));
  };
  return {coordinate(point.x), coordinate(point.y)};
}

std::vector<cv::Point> fixed_points(const std::vector<Point>& points, double scale) {
  std::vector<cv::Point> fixed;
  fixed.reserve(points.size());
  for (const Point& point : points) fixed.push_back(fixed_point(point, scale));
  return fixed;
}

/// Draws with `paint_on(target)` and mixes by the opacity.
template <class PaintOn>
void with_opacity(cv::Mat& pixels, double opacity, PaintOn paint_on) {
  if (opacity >= 1) return paint_on(pixels);
  cv::Mat painted = pixels.clone();
  paint_on(painted);
  cv::addWeighted(painted, opacity, pixels, 1 - opacity, 0, pixels);
}

/// OpenCV's Hershey fonts hold ASCII only.
std::string ascii(const std::string& text) {
  static const std::array<std::pair<const char*, const char*>, 11> replacements{{{"±", "+/-"},
                                                                                 {"–", "-"},
                                                                                 {"—", "-"},
                                                                                 {"−", "-"},
                                                                                 {"·", "|"},
                                                                                 {"×", "x"},
                                                                                 {"…", "..."},
                                                                                 {"²", "2"},
                                                                                 {"³", "3"},
                                                                                 {"°", " deg"},
                                                                                 {"µ", "u"}}};
  std::string result = text;
  for (const auto& [from, to] : replacements) {
    const std::string pattern = from;
    for (size_t at = result.find(pattern); at != std::string::npos; at = result.find(pattern, at))
      result.replace(at, pattern.size(), to);
  }
  std::string plain;
  for (const char letter : result) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte < 0x80)
      plain += letter;
    else if ((byte & 0xC0) == 0xC0)
      plain += '?';  // one mark a character, not one a byte
  }
  return plain;
}

struct Type {
  double scale;
  int thickness;
};

/// Hershey Simplex at scale 1 has capitals of 21 pixels; a typeface's capitals are about 0.72 of its size.
Type type_of(const TextStyle& style, double scale) {
  const double size = style.size * scale;
  const int thickness = std::max(1, static_cast<int>(std::lround(size / (style.bold ? 12.0 : 18.0))));
  return {0.70 * size / 21.0, thickness};
}

constexpr int font = cv::FONT_HERSHEY_SIMPLEX;

}  // namespace

PixelCanvas::PixelCanvas(double width, double height, double scale)
    : pixels_(static_cast<int>(std::ceil(height * scale)), static_cast<int>(std::ceil(width * scale)), CV_8UC3,
              cv::Scalar(255, 255, 255)),
      scale_(scale) {}

PixelCanvas::PixelCanvas(const cv::Mat& rgb) : pixels_(rgb.clone()) {
  MEDVOL_CHECK(rgb.type() == CV_8UC3, "a canvas is drawn on 8-bit RGB");
}

void PixelCanvas::rectangle(const Rectangle& area, const Paint& fill) {
  const auto edge = [&](double value) { return static_cast<int>(std::lround(value * scale_)); };
  const cv::Rect whole(0, 0, pixels_.cols, pixels_.rows);
  const cv::Rect covered =
      cv::Rect(cv::Point(edge(area.x), edge(area.y)), cv::Point(edge(area.right()), edge(area.bottom()))) & whole;
  if (covered.empty()) return;
  cv::Mat part = pixels_(covered);
  with_opacity(part, fill.opacity, [&](cv::Mat& target) { target.setTo(scalar(fill)); });
}

void PixelCanvas::polygon(const std::vector<Point>& corners, const Paint& fill) {
  if (corners.size() < 3) return;
  const std::vector<std::vector<cv::Point>> outline{fixed_points(corners, scale_)};
  with_opacity(pixels_, fill.opacity,
               [&](cv::Mat& target) { cv::fillPoly(target, outline, scalar(fill), cv::LINE_AA, fraction_bits); });
}

void PixelCanvas::polyline(const std::vector<Point>& points, const Stroke& stroke) {
  if (points.size() < 2) return;
  const int thickness = std::max(1, static_cast<int>(std::lround(stroke.width * scale_)));
  const auto draw_piece = [&](cv::Mat& target, const std::vector<Point>& piece) {
    const std::vector<std::vector<cv::Point>> lines{fixed_points(piece, scale_)};
    cv::polylines(target, lines, false, scalar(stroke.paint), thickness, cv::LINE_AA, fraction_bits);
  };
  with_opacity(pixels_, stroke.paint.opacity, [&](cv::Mat& target) {
    if (!stroke.dashed) return draw_piece(target, points);
    constexpr double dash = 5, gap = 4;
    double walked = 0;  // along the whole line, so that dashes go on round corners
    for (size_t i = 1; i < points.size(); ++i) {
      const Point from = points[i - 1], to = points[i];
      const double length = std::hypot(to.x - from.x, to.y - from.y);
      const auto at = [&](double t) {
        return Point{from.x + (to.x - from.x) * t / length, from.y + (to.y - from.y) * t / length};
      };
      for (double start = -std::fmod(walked, dash + gap); start < length; start += dash + gap)
        if (const double begin = std::max(0.0, start), end = std::min(length, start + dash); end > begin)
          draw_piece(target, {at(begin), at(end)});
      walked += length;
    }
  });
}

void PixelCanvas::disc(Point centre, double radius, const Paint& fill) {
  const int fixed_radius = static_cast<int>(std::lround(radius * scale_ * (1 << fraction_bits)));
  with_opacity(pixels_, fill.opacity, [&](cv::Mat& target) {
    cv::circle(target, fixed_point(centre, scale_), fixed_radius, scalar(fill), cv::FILLED, cv::LINE_AA, fraction_bits);
  });
}

double PixelCanvas::text_width(const std::string& text, const TextStyle& style) const {
  const Type type = type_of(style, scale_);
  return cv::getTextSize(ascii(text), font, type.scale, type.thickness, nullptr).width / scale_;
}

void PixelCanvas::text(Point at, const std::string& text, const TextStyle& style) {
  const Type type = type_of(style, scale_);
  const std::string plain = ascii(text);
  const double shift = style.anchor == Anchor::start ? 0 : style.anchor == Anchor::middle ? 0.5 : 1;
  const double back = text_width(text, style) * shift;
  const auto put = [&](cv::Mat& target, cv::Point where) {
    cv::putText(target, plain, where, font, type.scale, scalar(style.paint), type.thickness, cv::LINE_AA);
  };
  const auto pixel = [&](double value) { return static_cast<int>(std::lround(value * scale_)); };
  if (!style.upwards) return put(pixels_, {pixel(at.x - back), pixel(at.y)});
  // Upwards: turn the paper clockwise, write, turn it back. (x, y) lies at (H - 1 - y, x) of the turned paper.
  cv::Mat turned;
  cv::rotate(pixels_, turned, cv::ROTATE_90_CLOCKWISE);
  put(turned, {pixels_.rows - 1 - pixel(at.y) - pixel(back), pixel(at.x)});
  cv::rotate(turned, pixels_, cv::ROTATE_90_COUNTERCLOCKWISE);
}

at::Tensor PixelCanvas::picture() const { return to_tensor(pixels_); }

at::Tensor to_tensor(const cv::Mat& rgb) {
  MEDVOL_CHECK(rgb.type() == CV_8UC3, "a picture is 8-bit RGB");
  const cv::Mat whole = rgb.isContinuous() ? rgb : rgb.clone();
  return torch::from_blob(whole.data, {whole.rows, whole.cols, 3}, torch::kUInt8).clone();
}

}  // namespace medvol::reports
