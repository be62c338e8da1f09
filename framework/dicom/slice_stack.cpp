#include "framework/dicom/slice_stack.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "framework/core/error.h"
#include "framework/dicom/vector.h"

namespace medvol::dicom {
namespace {

/// A slice may lie this far from the regular grid, as a part of the spacing and in mm: what rounding the positions to
/// 0.1 mm can do, far less than a missing slice.
constexpr double uneven_part = 0.05, uneven_mm = 0.051;
/// The stack may drift sideways by this part of a pixel from its first slice to its last, beyond rounding.
constexpr double drift_part = 0.1, drift_mm = 0.02;

constexpr const char* regular_grid_hint = "a regular, untilted grid is needed: resample the series, or complete it";

struct Plane {
  Vector row, column, normal;
};

Plane plane_of(const SliceHeader& slice, const std::string& where) {
  if (!slice.orientation) return {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  const auto& o = *slice.orientation;
  const Vector row{o[0], o[1], o[2]}, column{o[3], o[4], o[5]};
  const Vector normal = cross(row, column);
  const auto is_unit = [](const Vector& vector) { return std::abs(length(vector) - 1) < 1e-2; };
  if (!is_unit(row) || !is_unit(column) || !is_unit(normal)) {
    throw core::UserError("ImageOrientationPatient does not hold two perpendicular unit vectors", where);
  }
  return {unit(row), unit(column), unit(normal)};
}

template <size_t N>
bool near(const std::optional<std::array<double, N>>& a, const std::optional<std::array<double, N>>& b) {
  if (!a || !b) return !a && !b;
  return std::equal(a->begin(), a->end(), b->begin(), [](double x, double y) { return std::abs(x - y) <= 1e-3; });
}

void check_alike(const std::vector<SliceHeader>& slices, const std::string& where) {
  const SliceHeader& first = slices.front();
  for (const SliceHeader& slice : slices) {
    if (slice.frames > 1) {
      throw core::UserError(fmt::format("a multi-frame file of {} frames", slice.frames), where,
                            "one slice a file is read: convert the series to NIfTI");
    }
    if (slices.size() > 1 && (!slice.position || !slice.orientation)) {
      throw core::UserError("slices without ImagePositionPatient or ImageOrientationPatient", where,
                            "they cannot be put in order");
    }
    if (slice.columns != first.columns || slice.rows != first.rows) {
      throw core::UserError(
          fmt::format("slices of {}x{} and of {}x{} pixels", first.columns, first.rows, slice.columns, slice.rows),
          where, "a series of one size is expected");
    }
    if (!near(slice.orientation, first.orientation) || !near(slice.spacing, first.spacing)) {
      throw core::UserError("slices of different orientation or pixel spacing", where,
                            "is this a localiser? choose another series");
    }
  }
}

/// "4.00 (3 times), 1.08, 7.00 (3 times) mm"
std::string gaps_text(const std::vector<double>& gaps) {
  std::string text;
  for (size_t i = 0, runs = 0; i < gaps.size(); ++runs) {
    const std::string value = fmt::format("{:.2f}", gaps[i]);
    size_t end = i;
    while (end < gaps.size() && fmt::format("{:.2f}", gaps[end]) == value) ++end;
    if (runs == 16) return text + ", ... mm";
    text += (runs ? ", " : "") + value + (end - i > 1 ? fmt::format(" ({} times)", end - i) : "");
    i = end;
  }
  return text + " mm";
}

/// The distances between neighbouring slices along the normal, mm.
std::vector<double> gaps_of(const std::vector<SliceHeader>& slices, const Vector& normal) {
  std::vector<double> gaps;
  for (size_t i = 1; i < slices.size(); ++i) {
    gaps.push_back(dot(minus(*slices[i].position, *slices[i - 1].position), normal));
  }
  return gaps;
}

bool uneven(const std::vector<double>& gaps, double spacing) {
  double offset = 0;
  for (const double gap : gaps) {
    offset += gap - spacing;
    if (std::abs(offset) > std::max(uneven_part * spacing, uneven_mm)) return true;
  }
  return false;
}

/// Degrees between the line through the slice positions and the normal; 0 when the drift is within rounding.
double tilt_of(const std::vector<SliceHeader>& slices, const Vector& normal, double pixel) {
  const Vector way = minus(*slices.back().position, *slices.front().position);
  const double along = dot(way, normal);
  const double drift = std::sqrt(std::max(0.0, dot(way, way) - along * along));
  return drift > drift_part * pixel + drift_mm ? std::atan2(drift, along) * 180 / std::numbers::pi : 0;
}

/// The measured distance of neighbouring slices; refuses what is no regular grid.
double slice_spacing(const std::vector<SliceHeader>& slices, const Vector& normal, const std::string& where) {
  const std::vector<double> gaps = gaps_of(slices, normal);
  if (const double least = *std::min_element(gaps.begin(), gaps.end()); least < 1e-3) {
    throw core::UserError(fmt::format("{} slices, of which some share a position", slices.size()), where,
                          "the series holds several volumes (echoes, time points, copies): separate them");
  }
  double spacing = 0;
  for (const double gap : gaps) spacing += gap / static_cast<double>(gaps.size());
  const double tilt = tilt_of(slices, normal, slices.front().spacing ? (*slices.front().spacing)[0] : 1);
  std::string fault;
  if (tilt > 0) fault = fmt::format("gantry tilt of {:.1f} degrees", tilt);
  if (uneven(gaps, spacing)) {
    fault += fmt::format("{}missing or uneven slices, gaps of {}", fault.empty() ? "" : " and ", gaps_text(gaps));
  }
  if (!fault.empty()) throw core::UserError(fault, where, regular_grid_hint);
  return spacing;
}

}  // namespace

SliceStack stack_slices(std::vector<SliceHeader> slices, const std::string& where) {
  MEDVOL_CHECK(!slices.empty(), "a series without slices");
  check_alike(slices, where);
  const Plane plane = plane_of(slices.front(), where);
  std::stable_sort(slices.begin(), slices.end(), [&](const SliceHeader& a, const SliceHeader& b) {
    return a.position && b.position && dot(*a.position, plane.normal) < dot(*b.position, plane.normal);
  });
  const SliceHeader& first = slices.front();
  SliceStack stack;
  imaging::Geometry& grid = stack.geometry;
  grid.size = {first.columns, first.rows, static_cast<int64_t>(slices.size())};
  if (first.spacing && (*first.spacing)[0] > 0 && (*first.spacing)[1] > 0) {
    grid.spacing = {(*first.spacing)[1], (*first.spacing)[0], 1};
  }
  if (slices.size() > 1) {
    grid.spacing[2] = slice_spacing(slices, plane.normal, where);
  } else if (first.thickness && *first.thickness > 0) {
    grid.spacing[2] = *first.thickness;  // one slice has no neighbour to measure
  }
  if (first.position) grid.origin = *first.position;
  for (int row = 0; row < 3; ++row) {
    grid.direction[3 * row] = plane.row[row];
    grid.direction[3 * row + 1] = plane.column[row];
    grid.direction[3 * row + 2] = plane.normal[row];
  }
  stack.slices = std::move(slices);
  return stack;
}

}  // namespace medvol::dicom
