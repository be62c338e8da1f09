#pragma once
#include <cstdint>
#include <optional>

namespace medvol::datasets {

/// The values of one channel under brightness, contrast and gamma. Linear steps are only noted (value = scale · stored
/// + offset) and done together with the next pass over memory; `finish` does what is left.
class ChannelIntensity {
 public:
  ChannelIntensity(float* values, int64_t count) : values_(values), count_(count) {}

  void multiply(double factor);
  void shift(double by) { offset_ += by; }
  /// (v − mean) · factor + mean, with `keep_range` kept within the channel's old minimum and maximum.
  void stretch(double factor, bool keep_range = true);
  /// ((v − min) / range)^gamma · range + min, then shifted and scaled to the old mean and standard deviation;
  /// `inverted`: the same on −v, negated again.
  void curve(double gamma, bool inverted);
  /// Must follow any change of the values from outside.
  void forget_statistics() { statistics_.reset(); }
  void finish();

 private:
  struct Statistics {
    double mean, deviation, minimum, maximum;  ///< of the stored values
  };
  const Statistics& statistics();
  Statistics raise(double scale, double offset, double gamma);
  Statistics clamp(double scale, double offset, double low, double high);

  float* values_;
  int64_t count_;
  double scale_ = 1, offset_ = 0;
  std::optional<Statistics> statistics_;
};

}  // namespace medvol::datasets
