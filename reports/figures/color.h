#pragma once
#include <cstddef>
#include <cstdint>

namespace medvol::reports {

struct Color {
  uint8_t red = 0, green = 0, blue = 0;
  bool operator==(const Color&) const = default;
};

/// Colours that readers with any common colour blindness tell apart: Okabe and Ito, "Color Universal Design", 2008.
/// Repeats after seven.
Color series_color(size_t index);

/// Fill of a class in overlays, by its place in the class list: neither green nor orange, which are the outlines'.
Color class_color(size_t index);

/// Outlines of overlays.
inline constexpr Color reference_color{0, 190, 140};
inline constexpr Color prediction_color{255, 150, 0};

}  // namespace medvol::reports
