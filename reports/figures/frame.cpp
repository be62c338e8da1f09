#include "reports/figures/frame.h"

#include <algorithm>
#include <cmath>

namespace medvol::reports {
namespace {

const TextStyle title_style{{Paint::Role::ink, {}, 1}, 14, Anchor::start, true, false};
const TextStyle legend_style{{Paint::Role::quiet, {}, 1}, 12, Anchor::start, false, false};
const TextStyle mark_style{{Paint::Role::quiet, {}, 1}, 11, Anchor::end, false, false};
const TextStyle label_style{{Paint::Role::quiet, {}, 1}, 12, Anchor::middle, false, false};
constexpr double padding = 10, legend_line = 19, swatch = 20;

}  // namespace

bool Dimension::drawable(double value) const { return std::isfinite(value) && (scale == Scale::linear || value > 0); }

double Dimension::place(double value) const {
  const double low = scale == Scale::linear ? ticks.low : std::log(ticks.low);
  const double high = scale == Scale::linear ? ticks.high : std::log(ticks.high);
  const double at = scale == Scale::linear ? value : std::log(value);
  return begin + (at - low) / (high - low) * (end - begin);
}

Dimension dimension(const Axis& axis, double low, double high, int wanted_ticks, bool exact_ends) {
  Dimension result;
  result.scale = axis.scale;
  low = axis.low.value_or(low);
  high = axis.high.value_or(high);
  if (axis.scale == Scale::logarithmic)
    result.ticks = logarithmic_ticks(low, high, wanted_ticks);
  else if (exact_ends || (axis.low && axis.high))
    result.ticks = linear_ticks_within(low, high, wanted_ticks);
  else
    result.ticks = linear_ticks(low, high, wanted_ticks);
  return result;
}

Frame::Frame(Canvas& canvas, const Rectangle& area, std::string title, std::vector<LegendEntry> legend, Dimension y,
             std::string y_label, std::string x_label)
    : canvas_(canvas),
      area_(area),
      title_(std::move(title)),
      y_label_(std::move(y_label)),
      x_label_(std::move(x_label)),
      legend_(std::move(legend)),
      y_(std::move(y)) {
  double widest = 0;
  for (const std::string& text : y_.ticks.texts) widest = std::max(widest, canvas_.text_width(text, mark_style));
  const double left = padding + (y_label_.empty() ? 0 : 18) + widest + 8;
  // Bars carry their values above them.
  const double above = !legend_.empty() && legend_.front().block ? 20 : 8;
  const double top = draw_legend(area_.y + padding + (title_.empty() ? 0 : 22), false) + above;
  const double bottom = area_.bottom() - padding - 18 - (x_label_.empty() ? 0 : 18);
  plot_ = {area_.x + left, top, std::max(10.0, area_.width - left - padding - 14), std::max(10.0, bottom - top)};
  y_.begin = plot_.bottom();
  y_.end = plot_.y;
}

double Frame::draw_legend(double top, bool paint) const {
  if (legend_.empty()) return top;
  double x = area_.x + padding, y = top;
  for (const LegendEntry& entry : legend_) {
    const double width = swatch + 5 + canvas_.text_width(entry.name, legend_style) + 16;
    if (x + width > area_.right() && x > area_.x + padding) {
      x = area_.x + padding;
      y += legend_line;
    }
    if (paint) {
      const double middle = y + 8;
      if (entry.block)
        canvas_.rectangle({x + 6, middle - 6, 12, 12}, entry.paint);
      else
        canvas_.polyline({{x, middle}, {x + swatch, middle}}, {entry.paint, 2.5, entry.dashed});
      canvas_.text({x + swatch + 5, y + 12}, entry.name, legend_style);
    }
    x += width;
  }
  return y + legend_line;
}

void Frame::draw_background() const {
  if (!title_.empty()) canvas_.text({area_.x + padding, area_.y + padding + 13}, title_, title_style);
  draw_legend(area_.y + padding + (title_.empty() ? 0 : 22), true);
  for (size_t i = 0; i < y_.ticks.values.size(); ++i) {
    const double place = y_.place(y_.ticks.values[i]);
    canvas_.polyline({{plot_.x, place}, {plot_.right(), place}}, {{Paint::Role::grid, {}, 1}, 1, false});
    canvas_.text({plot_.x - 8, place + 4}, y_.ticks.texts[i], mark_style);
  }
  canvas_.polyline({{plot_.x, plot_.bottom()}, {plot_.right(), plot_.bottom()}},
                   {{Paint::Role::quiet, {}, 1}, 1, false});
  if (!y_label_.empty()) {
    TextStyle style = label_style;
    style.upwards = true;
    canvas_.text({area_.x + padding + 10, plot_.y + plot_.height / 2}, y_label_, style);
  }
  if (!x_label_.empty()) canvas_.text({plot_.x + plot_.width / 2, area_.bottom() - padding}, x_label_, label_style);
}

void Frame::draw_x_mark(double place, const std::string& text) const {
  canvas_.polyline({{place, plot_.bottom()}, {place, plot_.bottom() + 4}}, {{Paint::Role::quiet, {}, 1}, 1, false});
  TextStyle style = mark_style;
  style.anchor = Anchor::middle;
  canvas_.text({place, plot_.bottom() + 17}, text, style);
}

}  // namespace medvol::reports
