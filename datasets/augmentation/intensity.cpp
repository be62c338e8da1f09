#include "datasets/augmentation/intensity.h"

#include <algorithm>
#include <cmath>

#include "datasets/augmentation/lanes.h"

namespace medvol::datasets {
namespace {

constexpr double smallest_range = 1e-7;

/// Count, mean and spread in one pass: float sums over short blocks about a value near the mean, double sums of the
/// blocks.
class Moments {
 public:
  explicit Moments(float centre) : centre_(centre) {}

  void add(lanes::Floats values) {
    const lanes::Floats difference = values - centre_;
    sum_ += difference;
    squares_ += difference * difference;
    if (++in_block_ == 128) close_block();
  }
  void add(float value) {
    const double difference = double(value) - double(centre_);
    total_ += difference;
    total_squares_ += difference * difference;
  }
  double mean(int64_t count) {
    close_block();
    return double(centre_) + total_ / double(count);
  }
  double deviation(int64_t count) {
    close_block();
    const double mean = total_ / double(count);
    return std::sqrt(std::max(0.0, total_squares_ / double(count) - mean * mean));
  }

 private:
  void close_block() {
    for (int lane = 0; lane < lanes::width; ++lane) {
      total_ += double(sum_[lane]);
      total_squares_ += double(squares_[lane]);
    }
    sum_ = squares_ = lanes::Floats{};
    in_block_ = 0;
  }

  float centre_;
  lanes::Floats sum_{}, squares_{};
  double total_ = 0, total_squares_ = 0;
  int in_block_ = 0;
};

/// Replaces every value by `change` of it (on eight at a time) and returns the moments of the new values.
template <class Change>
Moments transform(float* values, int64_t count, float expected_mean, const Change& change) {
  Moments moments(expected_mean);
  int64_t i = 0;
  for (; i + lanes::width <= count; i += lanes::width) {
    const lanes::Floats changed = change(lanes::load(values + i));
    lanes::store(values + i, changed);
    moments.add(changed);
  }
  for (; i < count; ++i) {
    values[i] = change(lanes::all(values[i]))[0];
    moments.add(values[i]);
  }
  return moments;
}

}  // namespace

const ChannelIntensity::Statistics& ChannelIntensity::statistics() {
  if (statistics_) return *statistics_;
  Moments moments(values_[0]);
  lanes::Floats low = lanes::all(values_[0]), high = low;
  int64_t i = 0;
  for (; i + lanes::width <= count_; i += lanes::width) {
    const lanes::Floats values = lanes::load(values_ + i);
    low = lanes::smaller(low, values);
    high = lanes::larger(high, values);
    moments.add(values);
  }
  float minimum = low[0], maximum = high[0];
  for (int lane = 1; lane < lanes::width; ++lane) {
    minimum = std::min(minimum, float(low[lane]));
    maximum = std::max(maximum, float(high[lane]));
  }
  for (; i < count_; ++i) {
    minimum = std::min(minimum, values_[i]);
    maximum = std::max(maximum, values_[i]);
    moments.add(values_[i]);
  }
  statistics_ = Statistics{moments.mean(count_), moments.deviation(count_), minimum, maximum};
  return *statistics_;
}

void ChannelIntensity::multiply(double factor) {
  scale_ *= factor;
  offset_ *= factor;
}

void ChannelIntensity::stretch(double factor, bool keep_range) {
  const Statistics& now = statistics();
  const double mean = scale_ * now.mean + offset_;
  const auto [low, high] = std::minmax({scale_ * now.minimum + offset_, scale_ * now.maximum + offset_});
  scale_ *= factor;
  offset_ = (offset_ - mean) * factor + mean;
  if (factor <= 1 || !keep_range) return;  // nothing leaves the old range, or it may
  statistics_ = clamp(scale_, offset_, low, high);
  scale_ = 1;
  offset_ = 0;
}

ChannelIntensity::Statistics ChannelIntensity::clamp(double scale, double offset, double low, double high) {
  const lanes::Floats bottom = lanes::all(float(low)), top = lanes::all(float(high));
  const auto a = float(scale), b = float(offset);
  Moments moments = transform(values_, count_, float((low + high) / 2), [&](lanes::Floats values) {
    return lanes::smaller(lanes::larger(values * a + b, bottom), top);
  });
  // The extremes moved outwards and were brought back, so they stand where they stood.
  return {moments.mean(count_), moments.deviation(count_), low, high};
}

void ChannelIntensity::curve(double gamma, bool inverted) {
  const Statistics now = statistics();
  const double mean = scale_ * now.mean + offset_;
  const double deviation = std::abs(scale_) * now.deviation;
  // The curve runs from the end that is lowest in its own sense: of −v when inverted, of the stored values' negative
  // when the noted scale is negative.
  const bool from_top = inverted != (scale_ < 0);
  const double range = std::abs(scale_) * (now.maximum - now.minimum);
  const double scale = (from_top ? -1 : 1) * std::abs(scale_) / std::max(range, smallest_range);
  statistics_ = raise(scale, -scale * (from_top ? now.maximum : now.minimum), gamma);
  // A stored value is now u = ((v - min) / range)^gamma; u · range has the spread to be brought back to `deviation`.
  const double gain = range * deviation / std::max(range * statistics_->deviation, smallest_range);
  scale_ = inverted ? -gain : gain;
  offset_ = mean - scale_ * statistics_->mean;
}

ChannelIntensity::Statistics ChannelIntensity::raise(double scale, double offset, double gamma) {
  const auto a = float(scale), b = float(offset);
  const auto exponent = float(gamma);
  const lanes::Floats zero{}, one = lanes::all(1);
  Moments moments = transform(values_, count_, 0.5f, [&](lanes::Floats values) {
    return lanes::power(lanes::smaller(lanes::larger(values * a + b, zero), one), exponent);
  });
  return {moments.mean(count_), moments.deviation(count_), 0, 1};
}

void ChannelIntensity::finish() {
  if (scale_ == 1 && offset_ == 0) return;
  const auto a = float(scale_), b = float(offset_);
  for (int64_t i = 0; i < count_; ++i) values_[i] = values_[i] * a + b;
  scale_ = 1;
  offset_ = 0;
  statistics_.reset();
}

}  // namespace medvol::datasets
