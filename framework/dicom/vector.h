#pragma once
#include <array>
#include <cmath>

namespace medvol::dicom {

/// A point or a direction in the patient, mm LPS; or a place on a grid, in voxels along x, y, z.
using Vector = std::array<double, 3>;

inline double dot(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
inline Vector plus(const Vector& a, const Vector& b) { return {a[0] + b[0], a[1] + b[1], a[2] + b[2]}; }
inline Vector minus(const Vector& a, const Vector& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }
inline Vector times(double factor, const Vector& a) { return {factor * a[0], factor * a[1], factor * a[2]}; }
inline double length(const Vector& a) { return std::sqrt(dot(a, a)); }
inline Vector unit(const Vector& a) { return times(1 / length(a), a); }
inline Vector cross(const Vector& a, const Vector& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

}  // namespace medvol::dicom
