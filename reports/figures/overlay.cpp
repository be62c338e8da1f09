#include "reports/figures/overlay.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <set>

#include "framework/core/error.h"
#include "framework/imaging/picture.h"
#include "reports/figures/pixel_canvas.h"
#include "reports/figures/planes.h"

namespace medvol::reports {
namespace {

constexpr double margin = 14, title_height = 34, name_height = 22, legend_line = 22;
constexpr int64_t smallest_width = 560;
const Color background{18, 22, 28}, light{232, 236, 241}, dim{150, 160, 172};

/// Grey levels of a window.
struct Window {
  double low = 0, high = 1;
};

Window percentile_window(const at::Tensor& image) {
  at::Tensor values = image.flatten().to(torch::kFloat);
  constexpr int64_t enough = 2'000'000;
  if (values.numel() > enough) values = values.slice(0, 0, values.numel(), values.numel() / enough);
  values = std::get<0>(values.masked_select(values.isfinite()).sort());
  // What lies outside of a scanner's circle, or was stripped away, is one value below all others.
  if (values.numel() > 0)
    if (const at::Tensor inside = values.masked_select(values > values[0]); inside.numel() > 1) values = inside;
  const int64_t n = values.numel();
  if (n == 0) return {};
  const auto at_percent = [&](double percent) {
    return values[static_cast<int64_t>(std::lround(percent / 100.0 * static_cast<double>(n - 1)))].item<double>();
  };
  Window window{at_percent(1), at_percent(99)};
  if (window.high <= window.low) window = {values[0].item<double>(), values[n - 1].item<double>()};
  if (window.high <= window.low) window.high = window.low + 1;
  return window;
}

/// The three arrays of an overlay, arranged; undefined where there is none.
struct Arrays {
  at::Tensor image, reference, prediction;
  Window window;
};

at::Tensor arranged_labels(const at::Tensor& labels, const imaging::Geometry& geometry) {
  return labels.defined() ? arranged(labels.to(torch::kCPU, torch::kInt), geometry) : at::Tensor();
}

void check_size(const at::Tensor& array, const imaging::Geometry& geometry, const char* what,
                const std::string& where) {
  if (!array.defined()) return;
  const auto size = geometry.size_zyx();
  if (array.dim() == 3 && std::equal(size.begin(), size.end(), array.sizes().begin())) return;
  throw core::UserError(
      fmt::format("the {} has size [{}], its grid {}", what, fmt::join(array.sizes(), ", "), geometry.text()), where,
      "image, reference and prediction must lie on one grid");
}

Arrays arrange(const Overlay& overlay) {
  at::Tensor image = overlay.image;
  if (image.defined() && image.dim() == 4) {
    MEDVOL_CHECK(overlay.channel >= 0 && overlay.channel < image.size(0), "no channel {}", overlay.channel);
    image = image[overlay.channel];
  }
  check_size(image, overlay.geometry, "image", overlay.title);
  check_size(overlay.reference, overlay.geometry, "reference", overlay.title);
  check_size(overlay.prediction, overlay.geometry, "prediction", overlay.title);
  Arrays arrays;
  if (image.defined()) {
    arrays.image = arranged(image.to(torch::kCPU, torch::kFloat), overlay.geometry);
    arrays.window = percentile_window(arrays.image);
  }
  arrays.reference = arranged_labels(overlay.reference, overlay.geometry);
  arrays.prediction = arranged_labels(overlay.prediction, overlay.geometry);
  return arrays;
}

std::array<int64_t, 3> choose_focus(const Arrays& arrays, const std::set<int64_t>& labels) {
  std::array<int64_t, 3> place{0, 0, 0};
  bool found = false;
  for (const at::Tensor* map : {&arrays.reference, &arrays.prediction})
    if (!found && map->defined()) place = focus(*map, labels, found);
  if (!arrays.reference.defined() && !arrays.prediction.defined() && arrays.image.defined())
    place = focus(arrays.image, {}, found);
  return place;
}

cv::Mat grey_picture(const Arrays& arrays, const Plane& plane, cv::Size size) {
  cv::Mat rgb(size, CV_8UC3, cv::Scalar(40, 46, 54));
  if (!arrays.image.defined()) return rgb;
  const double span = arrays.window.high - arrays.window.low;
  const at::Tensor grey = cut(arrays.image, plane)
                              .sub(arrays.window.low)
                              .div(span)
                              .nan_to_num(0, 1, 0)
                              .clamp(0, 1)
                              .mul(255)
                              .round()
                              .to(torch::kUInt8);
  const cv::Mat small(static_cast<int>(grey.size(0)), static_cast<int>(grey.size(1)), CV_8UC1, grey.data_ptr());
  cv::Mat large;
  cv::resize(small, large, size, 0, 0, cv::INTER_LINEAR);
  cv::cvtColor(large, rgb, cv::COLOR_GRAY2RGB);
  return rgb;
}

/// The voxels of one label, enlarged with an edge between voxel centres.
cv::Mat enlarged_mask(const at::Tensor& labels, int64_t label, cv::Size size) {
  const at::Tensor mask = (labels == label).to(torch::kUInt8).mul(255).contiguous();
  const cv::Mat small(static_cast<int>(mask.size(0)), static_cast<int>(mask.size(1)), CV_8UC1, mask.data_ptr());
  cv::Mat large;
  cv::resize(small, large, size, 0, 0, cv::INTER_LINEAR);
  cv::threshold(large, large, 127, 255, cv::THRESH_BINARY);
  return large;
}

cv::Scalar scalar(Color color) { return cv::Scalar(color.red, color.green, color.blue); }

void tint(cv::Mat& rgb, const cv::Mat& mask, Color color) {
  constexpr double opacity = 0.30;
  cv::Mat flat(rgb.size(), CV_8UC3, scalar(color)), mixed;
  cv::addWeighted(flat, opacity, rgb, 1 - opacity, 0, mixed);
  mixed.copyTo(rgb, mask);
}

void outline(cv::Mat& rgb, const cv::Mat& mask, Color color, int thickness) {
  std::vector<std::vector<cv::Point>> contours;
  cv::findContours(mask, contours, cv::RETR_CCOMP, cv::CHAIN_APPROX_NONE);
  cv::drawContours(rgb, contours, -1, scalar(color), thickness, cv::LINE_AA);
}

/// A class that is to be seen, in the colour that it has in every picture of the data set.
struct ShownClass {
  int64_t label;
  std::string name;
  Color color;
};

std::vector<ShownClass> shown_classes(const Overlay& overlay, const Arrays& arrays, const std::vector<Plane>& planes) {
  std::set<int64_t> present;
  for (const at::Tensor* map : {&arrays.reference, &arrays.prediction})
    if (map->defined())
      for (const Plane& plane : planes) {
        const at::Tensor labels = cut(*map, plane);
        const int32_t* values = labels.const_data_ptr<int32_t>();
        present.insert(values, values + labels.numel());
      }
  std::vector<ShownClass> shown;
  size_t index = 0;
  for (const auto& [label, name] : overlay.class_names) {
    const Color color = class_color(index++);
    if (present.contains(label)) shown.push_back({label, name, color});
  }
  return shown;
}

void draw_labels(cv::Mat& rgb, const Arrays& arrays, const Plane& plane, const std::vector<ShownClass>& classes) {
  const at::Tensor& tinted = arrays.prediction.defined() ? arrays.prediction : arrays.reference;
  if (!tinted.defined()) return;
  for (const ShownClass& one : classes) tint(rgb, enlarged_mask(cut(tinted, plane), one.label, rgb.size()), one.color);
  // The reference is the thicker line and below: where both run together, orange lies within green.
  const auto draw_outlines = [&](const at::Tensor& map, Color color, int thickness) {
    if (!map.defined()) return;
    const at::Tensor labels = cut(map, plane);
    for (const ShownClass& one : classes) outline(rgb, enlarged_mask(labels, one.label, rgb.size()), color, thickness);
  };
  draw_outlines(arrays.reference, reference_color, arrays.prediction.defined() ? 4 : 2);
  draw_outlines(arrays.prediction, prediction_color, 2);
}

TextStyle text_style(double size, Color color, Anchor anchor = Anchor::start) {
  return {Paint::own(color), size, anchor, false, false};
}

void write_letters(PixelCanvas& canvas, const Rectangle& area, const Plane& plane) {
  const double middle = area.y + area.height / 2 + 5;
  const auto write = [&](Point at, const std::string& letter, Anchor anchor) {
    canvas.text({at.x + 1, at.y + 1}, letter, text_style(14, background, anchor));  // readable on bright tissue
    canvas.text(at, letter, text_style(14, light, anchor));
  };
  write({area.x + 5, middle}, plane.left, Anchor::start);
  write({area.right() - 6, middle}, plane.right, Anchor::end);
  write({area.x + area.width / 2, area.y + 17}, plane.top, Anchor::middle);
}

struct LegendItem {
  std::string name;
  Color color;
  bool line = false;
};

std::vector<LegendItem> legend_items(const Overlay& overlay, const std::vector<ShownClass>& classes) {
  std::vector<LegendItem> items;
  if (overlay.reference.defined()) items.push_back({"reference", reference_color, true});
  if (overlay.prediction.defined()) items.push_back({"prediction", prediction_color, true});
  for (const ShownClass& one : classes) items.push_back({one.name, one.color, false});
  return items;
}

/// Draws (or only measures, without a canvas to draw on) the legend from `top`; returns its lower end.
double lay_legend(PixelCanvas& canvas, const std::vector<LegendItem>& items, double top, double width, bool paint) {
  double x = margin, y = top;
  const TextStyle style = text_style(13, light);
  for (const LegendItem& item : items) {
    const double needed = 28 + canvas.text_width(item.name, style) + 20;
    if (x + needed > width && x > margin) {
      x = margin;
      y += legend_line;
    }
    if (paint) {
      if (item.line)
        canvas.rectangle({x, y + 8, 20, 3}, Paint::own(item.color));
      else
        canvas.rectangle({x + 4, y + 3, 13, 13}, Paint::own(item.color));
      canvas.text({x + 28, y + 14}, item.name, style);
    }
    x += needed;
  }
  return y + legend_line;
}

/// Where everything of an overlay goes, in pixels.
struct Layout {
  std::vector<Rectangle> areas;  ///< one a plane
  double names_top = 0, legend_top = 0, width = 0, height = 0;
};

/// Height and width of a plane in mm.
std::pair<double, double> extent(const Arrays& arrays, const Plane& plane) {
  for (const at::Tensor* array : {&arrays.image, &arrays.reference, &arrays.prediction})
    if (array->defined()) {
      const at::Tensor slice = array->select(plane.axis, plane.position);
      return {static_cast<double>(slice.size(0)) * plane.row_mm, static_cast<double>(slice.size(1)) * plane.column_mm};
    }
  throw core::UserError("an overlay needs an image or a label map");
}

/// Pixels of a millimetre: one scale for all planes.
double scale_of(const Overlay& overlay, const Arrays& arrays, const std::vector<Plane>& planes) {
  double longest = 0;
  for (const Plane& plane : planes)
    longest = std::max({longest, extent(arrays, plane).first, extent(arrays, plane).second});
  return static_cast<double>(overlay.plane_height) / longest;
}

/// Without planes that a few slices make thinner than a line of text.
std::vector<Plane> without_slivers(const Overlay& overlay, const Arrays& arrays, std::vector<Plane> planes) {
  const double scale = scale_of(overlay, arrays, planes);
  const auto thin = [&](const Plane& plane) {
    const auto [rows_mm, columns_mm] = extent(arrays, plane);
    return std::min(rows_mm, columns_mm) * scale < 16;
  };
  if (std::all_of(planes.begin(), planes.end(), thin)) return planes;
  std::erase_if(planes, thin);
  return planes;
}

/// Planes side by side, centred to one height; one scale for all: a millimetre is as long everywhere.
Layout lay_out(const Overlay& overlay, const Arrays& arrays, const std::vector<Plane>& planes,
               const std::vector<LegendItem>& legend) {
  double highest = 0;
  const double scale = scale_of(overlay, arrays, planes);
  Layout layout;
  double right = margin;
  for (const Plane& plane : planes) {
    const auto [rows_mm, columns_mm] = extent(arrays, plane);
    const double height = std::max(1.0, std::round(rows_mm * scale));
    const double width = std::max(1.0, std::round(columns_mm * scale));
    layout.areas.push_back({right, 0, width, height});
    highest = std::max(highest, height);
    right += width + margin;
  }
  layout.width = std::max(right, static_cast<double>(smallest_width));
  layout.names_top = margin / 2 + (overlay.title.empty() ? 0 : title_height);
  const double planes_top = layout.names_top + (planes.front().name.empty() ? 0 : name_height);
  for (Rectangle& area : layout.areas) {
    area.x = std::floor(area.x + (layout.width - right) / 2);
    area.y = std::floor(planes_top + (highest - area.height) / 2);
  }
  layout.legend_top = planes_top + highest + 10;
  PixelCanvas measure(1, 1);
  layout.height = lay_legend(measure, legend, layout.legend_top, layout.width, false) + margin / 2;
  return layout;
}

}  // namespace

at::Tensor draw_overlay(const Overlay& overlay) {
  const Arrays arrays = arrange(overlay);
  std::set<int64_t> labels;
  for (const auto& [label, name] : overlay.class_names) labels.insert(label);
  const std::vector<Plane> planes =
      without_slivers(overlay, arrays, planes_through(choose_focus(arrays, labels), overlay.geometry));
  const std::vector<ShownClass> classes = shown_classes(overlay, arrays, planes);
  const std::vector<LegendItem> legend = legend_items(overlay, classes);
  const Layout layout = lay_out(overlay, arrays, planes, legend);

  cv::Mat paper(static_cast<int>(std::ceil(layout.height)), static_cast<int>(std::ceil(layout.width)), CV_8UC3,
                scalar(background));
  for (size_t i = 0; i < planes.size(); ++i) {
    const Rectangle& area = layout.areas[i];
    const cv::Rect place(static_cast<int>(area.x), static_cast<int>(area.y), static_cast<int>(area.width),
                         static_cast<int>(area.height));
    cv::Mat picture = grey_picture(arrays, planes[i], place.size());
    draw_labels(picture, arrays, planes[i], classes);
    picture.copyTo(paper(place));
  }

  PixelCanvas canvas(paper);
  canvas.text({margin, margin / 2 + 22}, overlay.title, text_style(17, light));
  for (size_t i = 0; i < planes.size(); ++i) {
    canvas.text({layout.areas[i].x, layout.names_top + 15}, planes[i].name, text_style(13, dim));
    write_letters(canvas, layout.areas[i], planes[i]);
  }
  lay_legend(canvas, legend, layout.legend_top, layout.width, true);
  return canvas.picture();
}

std::string overlay_png(const Overlay& overlay) { return imaging::encode_png(draw_overlay(overlay)); }

}  // namespace medvol::reports
