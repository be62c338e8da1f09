#include "framework/imaging/volume.h"

#include <fmt/format.h>

#include <cmath>

namespace medvol::imaging {
namespace {

template <size_t N>
bool near(const std::array<double, N>& a, const std::array<double, N>& b, double tolerance) {
  for (size_t i = 0; i < N; ++i) {
    if (!(std::abs(a[i] - b[i]) <= tolerance)) return false;
  }
  return true;
}

}  // namespace

bool Geometry::matches(const Geometry& other, double tolerance) const {
  return size == other.size && near(spacing, other.spacing, tolerance) && near(origin, other.origin, tolerance) &&
         near(direction, other.direction, tolerance);
}

std::string Geometry::text() const {
  if (dimensions == 2) return fmt::format("{}x{}, {:.4g}x{:.4g} mm", size[0], size[1], spacing[0], spacing[1]);
  return fmt::format("{}x{}x{}, {:.4g}x{:.4g}x{:.4g} mm", size[0], size[1], size[2], spacing[0], spacing[1],
                     spacing[2]);
}

}  // namespace medvol::imaging
