#include "datasets/catalogue/phantom_anatomy.h"

#include <torch/types.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "framework/runtime/philox.h"

namespace medvol::datasets {
namespace {

using runtime::Philox;
using Vector = std::array<double, 3>;  ///< x to the right, y to the front, z to the head; 1 is half the body's grid

/// A rotated ellipsoid.
class Ellipsoid {
 public:
  Ellipsoid(Vector centre, Vector radii, Vector angles) : centre_(centre), radii_(radii) {
    const double a = std::cos(angles[0]), b = std::sin(angles[0]), c = std::cos(angles[1]), d = std::sin(angles[1]),
                 e = std::cos(angles[2]), f = std::sin(angles[2]);
    const double largest = 1.001 * *std::max_element(radii.begin(), radii.end());
    reach_ = largest * largest;
    axes_ = {Vector{c * e, c * f, -d}, Vector{b * d * e - a * f, b * d * f + a * e, b * c},
             Vector{a * d * e + b * f, a * d * f - b * e, a * c}};
  }
  bool contains(const Vector& point) const {
    const Vector from{point[0] - centre_[0], point[1] - centre_[1], point[2] - centre_[2]};
    // Most points are nowhere near: outside the sphere around the ellipsoid.
    if (from[0] * from[0] + from[1] * from[1] + from[2] * from[2] > reach_) return false;
    double sum = 0;
    for (size_t i = 0; i < 3; ++i) {
      double along = 0;
      for (size_t j = 0; j < 3; ++j) along += axes_[i][j] * from[j];
      sum += along * along / (radii_[i] * radii_[i]);
    }
    return sum < 1;
  }

 private:
  Vector centre_, radii_;
  double reach_;  ///< square of the largest radius, and a little
  std::array<Vector, 3> axes_;
};

/// A union of ellipsoids less others, of one intensity with a zero-mean texture.
struct Structure {
  uint8_t label;
  double intensity;
  double texture;  ///< amplitude of the grain
  std::vector<Ellipsoid> parts, holes;

  bool contains(const Vector& point) const {
    const auto inside = [&](const Ellipsoid& part) { return part.contains(point); };
    return std::any_of(parts.begin(), parts.end(), inside) && std::none_of(holes.begin(), holes.end(), inside);
  }
};

constexpr double air = 0.06, soft_tissue = 0.38, parenchyma = 0.62, bright = 0.86;

/// Everything of one patient; where structures overlap, the earlier one is seen.
class Anatomy {
 public:
  explicit Anatomy(Philox& draws) : draws_(draws) {
    add_organs();
    add_distractors();
    structures_.push_back(
        {0, soft_tissue, 0.03, {{jitter({0, 0, 0}, 0.02), sized({0.95, 0.86, 0.97}, 0.04), tilt(0.05)}}, {}});
    for (double& wave : grain_direction_) wave = draws_.uniform(0.75, 1.0);
    for (double& phase : grain_phase_) phase = draws_.uniform(0, 2 * std::numbers::pi);
  }

  /// The structure at a point, or nullptr in air.
  const Structure* at(const Vector& point) const {
    for (const Structure& one : structures_)
      if (one.contains(point)) return &one;
    return nullptr;
  }
  /// A zero-mean pattern of grains about a ninth of the body wide, in [-1, 1].
  double grain(const Vector& point) const {
    double product = 1;
    for (size_t i = 0; i < 3; ++i) {
      const double place = point[i] + 0.35 * point[(i + 1) % 3];
      product *= std::sin(grain_direction_[i] * place * 2 * std::numbers::pi / 0.26 + grain_phase_[i]);
    }
    return product > 0 ? std::cbrt(product) : -std::cbrt(-product);  // flat tops: grains rather than soft waves
  }

 private:
  Vector jitter(Vector centre, double by) {
    for (double& value : centre) value += draws_.uniform(-by, by);
    return centre;
  }
  Vector sized(Vector radii, double by) {
    const double all = draws_.uniform(1 - by, 1 + by);
    for (double& value : radii) value *= all * draws_.uniform(1 - by / 2, 1 + by / 2);
    return radii;
  }
  Vector tilt(double by) {
    Vector angles;
    for (double& angle : angles) angle = draws_.uniform(-by, by);
    return angles;
  }

  void add_organs() {
    const Vector liver = jitter({0.40, 0.06, 0.30}, 0.06);
    const Vector left_lobe{liver[0] - 0.30, liver[1] + 0.22, liver[2] + 0.08};
    structures_.push_back(
        {1,
         parenchyma,
         0.0,
         {{liver, sized({0.46, 0.42, 0.38}, 0.10), tilt(0.4)}, {left_lobe, sized({0.30, 0.22, 0.20}, 0.10), tilt(0.4)}},
         {}});

    const Vector spleen = jitter({-0.52, -0.18, 0.26}, 0.06);
    const Vector splenic_hilum{spleen[0] + 0.36, spleen[1] + 0.12, spleen[2]};
    structures_.push_back({2,
                           parenchyma,
                           0.13,
                           {{spleen, sized({0.31, 0.33, 0.38}, 0.10), tilt(0.5)}},
                           {{splenic_hilum, sized({0.14, 0.14, 0.16}, 0.1), tilt(0.3)}}});

    const Vector kidney = jitter({-0.10, -0.20, -0.46}, 0.07);
    const Vector renal_hilum{kidney[0], kidney[1] + 0.34, kidney[2]};
    structures_.push_back({3,
                           bright,
                           0.0,
                           {{kidney, sized({0.30, 0.31, 0.36}, 0.10), tilt(0.5)}},
                           {{renal_hilum, sized({0.13, 0.13, 0.15}, 0.1), tilt(0.3)}}});
  }

  /// What has an organ's intensity and is none: a vessel, a loop of bowel, blobs.
  void add_distractors() {
    const Vector vessel = jitter({0.10, 0.52, 0.0}, 0.05);
    structures_.push_back({0, bright, 0.0, {{vessel, {0.085, 0.085, 0.72}, tilt(0.12)}}, {}});
    const Vector bowel = jitter({0.50, 0.10, -0.46}, 0.06);
    structures_.push_back({0, bright, 0.20, {{bowel, sized({0.24, 0.24, 0.20}, 0.15), tilt(0.6)}}, {}});
    for (int blob = 0; blob < 5; ++blob) {
      const Vector centre{draws_.uniform(-0.6, 0.6), draws_.uniform(0.30, 0.62), draws_.uniform(-0.6, 0.5)};
      structures_.push_back(
          {0, blob % 2 ? bright : parenchyma, 0.0, {{centre, sized({0.11, 0.11, 0.11}, 0.3), tilt(0.5)}}, {}});
    }
  }

  Philox& draws_;
  std::vector<Structure> structures_;
  Vector grain_direction_{}, grain_phase_{};
};

/// A smooth factor around 1, within about a fifth: all monomials of degree 1 and 2.
class BiasField {
 public:
  explicit BiasField(Philox& draws) {
    for (double& c : coefficients_) c = draws.uniform(-0.10, 0.10);
  }
  double at(const Vector& p) const {
    const std::array<double, 9> terms{p[0],        p[1],        p[2],        p[0] * p[1], p[1] * p[2],
                                      p[2] * p[0], p[0] * p[0], p[1] * p[1], p[2] * p[2]};
    double value = 1;
    for (size_t i = 0; i < terms.size(); ++i) value += coefficients_[i] * terms[i];
    return std::clamp(value, 0.75, 1.25);
  }

 private:
  std::array<double, 9> coefficients_;
};

/// Grid in the canonical order (x right, y front, z head): tensor z, y, x.
imaging::Geometry draw_grid(int64_t size, Philox& draws) {
  imaging::Geometry grid;
  for (size_t axis = 0; axis < 3; ++axis) {
    grid.size[axis] = static_cast<int64_t>(std::lround(double(size) * draws.uniform(0.93, 1.07)));
    grid.spacing[axis] = std::round(draws.uniform(1.45, 1.75) * 100) / 100;
    grid.origin[axis] = std::round(draws.uniform(-100, 100));
  }
  grid.direction = {-1, 0, 0, 0, -1, 0, 0, 0, 1};  // in LPS
  return grid;
}

struct Voxel {
  double intensity = 0;
  int32_t label = 0;
};

/// Mean over eight points of the voxel (partial volume); its label is the commonest of theirs, the lower on a tie.
Voxel render_voxel(const Anatomy& anatomy, const Vector& centre, const Vector& step) {
  Voxel voxel;
  std::array<int, 4> votes{};
  for (int corner = 0; corner < 8; ++corner) {
    Vector point = centre;
    for (size_t axis = 0; axis < 3; ++axis) point[axis] += (corner >> axis & 1 ? 0.25 : -0.25) * step[axis];
    const Structure* found = anatomy.at(point);
    ++votes[found ? found->label : 0];
    voxel.intensity +=
        (found ? found->intensity + (found->texture > 0 ? found->texture * anatomy.grain(point) : 0) : air) / 8;
  }
  voxel.label = static_cast<int32_t>(std::max_element(votes.begin(), votes.end()) - votes.begin());
  return voxel;
}

PhantomExamination render(const imaging::Geometry& grid, const Anatomy& anatomy, Philox& draws) {
  const BiasField bias(draws);
  const double gain = draws.uniform(800, 1250), noise = draws.uniform(0.035, 0.055);
  double half = 1e9;  // mm that are 1 in the anatomy's units
  for (size_t axis = 0; axis < 3; ++axis) half = std::min(half, double(grid.size[axis]) * grid.spacing[axis] / 2);
  Vector step;
  for (size_t axis = 0; axis < 3; ++axis) step[axis] = grid.spacing[axis] / half;

  at::Tensor image = at::empty({1, grid.size[2], grid.size[1], grid.size[0]}, at::kFloat);
  at::Tensor labels = at::empty({grid.size[2], grid.size[1], grid.size[0]}, at::kInt);
  float* intensity = image.data_ptr<float>();
  int32_t* label = labels.data_ptr<int32_t>();
  for (int64_t z = 0; z < grid.size[2]; ++z)
    for (int64_t y = 0; y < grid.size[1]; ++y)
      for (int64_t x = 0; x < grid.size[0]; ++x) {
        const std::array<int64_t, 3> index{x, y, z};
        Vector centre;
        for (size_t axis = 0; axis < 3; ++axis)
          centre[axis] = (double(index[axis]) - 0.5 * double(grid.size[axis] - 1)) * step[axis];
        const Voxel voxel = render_voxel(anatomy, centre, step);
        const double value = voxel.intensity * bias.at(centre) + noise * draws.normal();
        // Whole numbers: the last bits of a machine's mathematics library leave no trace.
        *intensity++ = static_cast<float>(std::max(0.0, std::round(gain * value)));
        *label++ = voxel.label;
      }
  return {{image, grid}, {labels, grid}};
}

/// Stores the axes in another order: index axis j becomes `source[j]`, reversed where `flip[j]`.
imaging::Volume stored_as(const imaging::Volume& canonical, const std::array<size_t, 3>& source,
                          const std::array<bool, 3>& flip) {
  const imaging::Geometry& from = canonical.geometry;
  imaging::Geometry to = from;
  std::vector<int64_t> order, flipped;
  const int64_t leading = canonical.data.dim() - 3;
  for (int64_t i = 0; i < leading; ++i) order.push_back(i);
  for (size_t j = 3; j-- > 0;) order.push_back(leading + 2 - int64_t(source[j]));
  for (size_t j = 0; j < 3; ++j) {
    to.size[j] = from.size[source[j]];
    to.spacing[j] = from.spacing[source[j]];
    if (flip[j]) flipped.push_back(leading + 2 - int64_t(j));
    for (size_t row = 0; row < 3; ++row) {
      const double along = from.direction[row * 3 + source[j]];
      to.direction[row * 3 + j] = flip[j] ? -along : along;
      if (flip[j]) to.origin[row] += along * to.spacing[j] * double(to.size[j] - 1);
    }
  }
  return {canonical.data.permute(order).flip(flipped).contiguous(), to};
}

}  // namespace

PhantomExamination make_phantom(int64_t size, uint64_t seed, uint64_t index) {
  Philox draws(seed, runtime::purpose_phantom, index);
  const imaging::Geometry grid = draw_grid(size, draws);
  const Anatomy anatomy(draws);
  const PhantomExamination canonical = render(grid, anatomy, draws);
  std::array<size_t, 3> source{0, 1, 2};
  std::swap(source[2], source[draws.below(3)]);
  std::swap(source[1], source[draws.below(2)]);
  std::array<bool, 3> flip;
  for (bool& axis : flip) axis = draws.bernoulli(0.5);
  return {stored_as(canonical.image, source, flip), stored_as(canonical.labels, source, flip)};
}

}  // namespace medvol::datasets
