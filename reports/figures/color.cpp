#include "reports/figures/color.h"

#include <array>

namespace medvol::reports {

Color series_color(size_t index) {
  static constexpr std::array<Color, 7> colors{
      {{0, 114, 178}, {213, 94, 0}, {0, 158, 115}, {204, 121, 167}, {86, 180, 233}, {230, 159, 0}, {110, 110, 110}}};
  return colors[index % colors.size()];
}

Color class_color(size_t index) {
  static constexpr std::array<Color, 6> colors{
      {{86, 180, 233}, {226, 120, 190}, {240, 228, 66}, {120, 110, 255}, {255, 255, 255}, {150, 75, 60}}};
  return colors[index % colors.size()];
}

}  // namespace medvol::reports
