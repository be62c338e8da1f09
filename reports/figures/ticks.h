#pragma once
#include <string>
#include <vector>

namespace medvol::reports {

/// Marks of an axis: values 1, 2, 2.5 or 5 times a power of ten (linear), powers of ten and where few their 2 and 5
/// (logarithmic), with the shortest texts that tell them apart. `low` and `high` are the axis' ends.
struct Ticks {
  double low = 0, high = 1;
  std::vector<double> values;
  std::vector<std::string> texts;
};

/// About `wanted` marks that cover [low, high] whole, so the ends may move outwards. Equal or non-finite ends are
/// widened.
Ticks linear_ticks(double low, double high, int wanted);
/// Marks inside [low, high] exactly; the ends do not move.
Ticks linear_ticks_within(double low, double high, int wanted);
/// `low` > 0; the ends move outwards to marks.
Ticks logarithmic_ticks(double low, double high, int wanted);

/// 1234567 → "1.23M", 0.00012 → "1.2e-4": at most four significant digits.
std::string compact_number(double value);

}  // namespace medvol::reports
