#include "losses/metrics/surface.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "framework/core/error.h"
#include "losses/metrics/distance_field.h"
#include "losses/metrics/label_rows.h"
#include "losses/metrics/statistic.h"
#include "losses/metrics/surface_grid.h"

namespace medvol::metrics {
namespace {

using Elements = std::vector<SurfaceElement>;

double total_weight(const Elements& elements) {
  double total = 0;
  for (const auto& element : elements) total += element.weight;
  return total;
}

double weight_within(const Elements& elements, double tolerance) {
  double within = 0;
  for (const auto& element : elements) {
    if (element.distance > tolerance) break;  // ascending
    within += element.weight;
  }
  return within;
}

double weighted_sum(const Elements& elements) {
  double sum = 0;
  for (const auto& element : elements) sum += element.distance * element.weight;
  return sum;
}

/// The distance at which the accumulated weight first reaches `percent` of the total.
double weighted_percentile(const Elements& elements, double percent) {
  const double total = total_weight(elements);
  double sum = 0;
  for (const auto& element : elements) {
    sum += element.weight;
    if (sum / total >= percent / 100) return element.distance;
  }
  return elements.back().distance;
}

std::vector<double> distances_of(const Elements& elements) {
  std::vector<double> distances;
  distances.reserve(elements.size());
  for (const auto& element : elements) distances.push_back(element.distance);
  return distances;
}

double pooled_percentile(const Elements& a, const Elements& b, double percent) {
  const auto first = distances_of(a), second = distances_of(b);
  std::vector<double> pooled(first.size() + second.size());
  std::merge(first.begin(), first.end(), second.begin(), second.end(), pooled.begin());
  return sorted_percentile(pooled, percent);
}

/// Distances of all points of surface `from` to surface `to`, ascending.
Elements directed(const SurfaceGrid& grid, uint8_t from, uint8_t to, const std::array<double, 3>& spacing) {
  const DistanceField field(grid.points, to, grid.size, spacing);
  const auto [depth, rows, columns] = grid.size;
  std::vector<Elements> by_slice(static_cast<size_t>(depth));
  at::parallel_for(0, depth, 1, [&, rows = rows, columns = columns](int64_t begin, int64_t end) {
    for (int64_t z = begin; z < end; ++z) {
      for (int64_t y = 0; y < rows; ++y) {
        const size_t start = size_t((z * rows + y) * columns);
        for (int64_t x = 0; x < columns; ++x) {
          const size_t point = start + size_t(x);
          if (grid.points[point] & from) by_slice[size_t(z)].push_back({field.at(z, y, x), grid.weight(from, point)});
        }
      }
    }
  });
  Elements elements;
  for (const auto& slice : by_slice) elements.insert(elements.end(), slice.begin(), slice.end());
  // Ties in distance are ordered by weight, so that sums do not depend on the sorting algorithm.
  std::sort(elements.begin(), elements.end(), [](const SurfaceElement& a, const SurfaceElement& b) {
    return a.distance != b.distance ? a.distance < b.distance : a.weight < b.weight;
  });
  return elements;
}

}  // namespace

std::string surface_name(SurfaceDefinition definition) {
  switch (definition) {
    case SurfaceDefinition::surfels:
      return "DeepMind surfels";
    case SurfaceDefinition::medpy:
      return "MedPy voxel surface";
    case SurfaceDefinition::monai:
      return "MONAI voxel edges";
    case SurfaceDefinition::all_voxels:
      return "all voxels (SimpleITK)";
  }
  return {};
}

std::string surface_description(SurfaceDefinition definition) {
  switch (definition) {
    case SurfaceDefinition::surfels:
      return "Surfaces as in DeepMind's surface-distance: elements between 2×2×2 voxels weighted by their area; "
             "HD95 is the larger of the two directed percentiles, ASSD the mean of the two directed means.";
    case SurfaceDefinition::medpy:
      return "Surfaces as in MedPy: voxels removed by a 6-connected erosion; HD95 is the percentile and ASSD the "
             "mean of both directions' distances together.";
    case SurfaceDefinition::monai:
      return "Surfaces as in MONAI: voxels removed by a 6-connected erosion, distances in mm; HD95 is the larger of "
             "the two directed percentiles, ASSD the mean of both directions' distances together.";
    case SurfaceDefinition::all_voxels:
      return "Distances as in SimpleITK's Hausdorff filter: from every voxel of one mask to the other mask, 0 "
             "inside it.";
  }
  return {};
}

MaskPair mask_pair(const at::Tensor& reference, const at::Tensor& prediction, const Structure& structure,
                   std::optional<int64_t> ignore, const Box& box, std::array<double, 3> spacing_zyx, int dimensions) {
  const LabelIndex index({structure}, ignore);
  const LabelRows reference_rows(reference, index, "reference", structure.name);
  const LabelRows prediction_rows(prediction, index, "prediction", structure.name);
  const auto [depth, rows, columns] = box.size;
  MaskPair masks{box.size, spacing_zyx, dimensions, std::vector<uint8_t>(size_t(depth * rows * columns))};
  at::parallel_for(0, depth, 1, [&, rows = rows, columns = columns](int64_t begin, int64_t end) {
    std::vector<uint8_t> r(static_cast<size_t>(columns)), p(static_cast<size_t>(columns));
    for (int64_t row = begin * rows; row < end * rows; ++row) {
      const int64_t z = box.begin[0] + row / rows, y = box.begin[1] + row % rows;
      reference_rows.read(z, y, box.begin[2], columns, r.data());
      prediction_rows.read(z, y, box.begin[2], columns, p.data());
      uint8_t* bits = masks.bits.data() + row * columns;
      for (int64_t x = 0; x < columns; ++x) {
        const uint8_t in_reference = r[size_t(x)] ? reference_bit : uint8_t(0);
        const uint8_t in_prediction = p[size_t(x)] ? prediction_bit : uint8_t(0);
        bits[x] = index.is_ignored(r[size_t(x)]) ? uint8_t(0) : uint8_t(in_reference | in_prediction);
      }
    }
  });
  return masks;
}

SurfaceComparison compare_surfaces(const MaskPair& masks, SurfaceDefinition definition) {
  MEDVOL_CHECK(masks.dimensions == 3 || (masks.dimensions == 2 && masks.size[0] == 1), "{} dimensions, {} slices",
               masks.dimensions, masks.size[0]);
  const SurfaceGrid grid = surface_grid(masks, definition);
  SurfaceComparison comparison;
  comparison.definition = definition;
  comparison.from_reference = directed(grid, reference_bit, prediction_bit, masks.spacing);
  comparison.from_prediction = directed(grid, prediction_bit, reference_bit, masks.spacing);
  MEDVOL_CHECK(!comparison.from_reference.empty() && !comparison.from_prediction.empty(),
               "an empty mask has no surface");
  return comparison;
}

double SurfaceComparison::hausdorff() const {
  return std::max(from_reference.back().distance, from_prediction.back().distance);
}

double SurfaceComparison::hausdorff(double percent) const {
  switch (definition) {
    case SurfaceDefinition::surfels:
      return std::max(weighted_percentile(from_reference, percent), weighted_percentile(from_prediction, percent));
    case SurfaceDefinition::medpy:
      return pooled_percentile(from_reference, from_prediction, percent);
    default:
      return std::max(sorted_percentile(distances_of(from_reference), percent),
                      sorted_percentile(distances_of(from_prediction), percent));
  }
}

double SurfaceComparison::mean_from_reference() const {
  return weighted_sum(from_reference) / total_weight(from_reference);
}

double SurfaceComparison::mean_from_prediction() const {
  return weighted_sum(from_prediction) / total_weight(from_prediction);
}

double SurfaceComparison::average_symmetric() const {
  const bool pooled = definition == SurfaceDefinition::medpy || definition == SurfaceDefinition::monai;
  if (!pooled) return (mean_from_reference() + mean_from_prediction()) / 2;
  return (weighted_sum(from_reference) + weighted_sum(from_prediction)) /
         (total_weight(from_reference) + total_weight(from_prediction));
}

std::array<double, 2> SurfaceComparison::overlap(double tolerance_mm) const {
  return {weight_within(from_reference, tolerance_mm) / total_weight(from_reference),
          weight_within(from_prediction, tolerance_mm) / total_weight(from_prediction)};
}

double SurfaceComparison::normalised(double tolerance_mm) const {
  return (weight_within(from_reference, tolerance_mm) + weight_within(from_prediction, tolerance_mm)) /
         (total_weight(from_reference) + total_weight(from_prediction));
}

}  // namespace medvol::metrics
