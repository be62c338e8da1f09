#include "datasets/augmentation/elastic.h"

#include <algorithm>

#include "datasets/augmentation/neighbours.h"

namespace medvol::datasets {
namespace {

/// The displacement of the voxels of one row at a time.
class Field {
 public:
  Field(const ElasticDraws& draws, const Index3& size) : draws_(draws), size_(size) {
    for (size_t axis = 0; axis < 3; ++axis) weights_[axis] = spline_weights(size[axis], draws.points[axis]);
    along_x_.resize(static_cast<size_t>(draws.points[2]));
    for (std::vector<float>& row : row_) row.resize(static_cast<size_t>(size[2]));
  }
  void place(int64_t z, int64_t y) {
    const auto [points_z, points_y, points_x] = draws_.points;
    for (size_t axis = 0; axis < 3; ++axis) {
      std::fill(along_x_.begin(), along_x_.end(), 0.0f);
      const float* shifts = draws_.shifts.data() + static_cast<int64_t>(axis) * points_z * points_y * points_x;
      for (int64_t k = 0; k < points_z; ++k)
        for (int64_t j = 0; j < points_y; ++j, shifts += points_x) {
          const float weight = at(0, z, k) * at(1, y, j);
          for (int64_t i = 0; i < points_x; ++i) along_x_[static_cast<size_t>(i)] += weight * shifts[i];
        }
      for (int64_t x = 0; x < size_[2]; ++x) {
        float sum = 0;
        for (int64_t i = 0; i < points_x; ++i) sum += at(2, x, i) * along_x_[static_cast<size_t>(i)];
        row_[axis][static_cast<size_t>(x)] = sum;
      }
    }
  }
  double shift(size_t axis, int64_t x) const { return double(row_[axis][static_cast<size_t>(x)]); }

 private:
  float at(size_t axis, int64_t voxel, int64_t point) const {
    return weights_[axis][static_cast<size_t>(voxel * draws_.points[axis] + point)];
  }
  const ElasticDraws& draws_;
  Index3 size_;
  std::array<std::vector<float>, 3> weights_, row_;
  std::vector<float> along_x_;
};

}  // namespace

std::vector<float> spline_weights(int64_t size, int64_t points) {
  std::vector<float> weights(static_cast<size_t>(size * points), 0);
  if (points == 1) {
    std::fill(weights.begin(), weights.end(), 1.0f);
    return weights;
  }
  for (int64_t voxel = 0; voxel < size; ++voxel) {
    const double place = size == 1 ? 0.5 * double(points - 3) : double(voxel * (points - 3)) / double(size - 1);
    const int64_t piece = std::min(static_cast<int64_t>(place), points - 4);
    const double t = place - double(piece), u = 1 - t;
    const std::array<double, 4> spline{u * u * u / 6, (3 * t * t * t - 6 * t * t + 4) / 6,
                                       (3 * u * u * u - 6 * u * u + 4) / 6, t * t * t / 6};
    for (int64_t k = 0; k < 4; ++k)
      weights[static_cast<size_t>(voxel * points + piece + k)] = float(spline[static_cast<size_t>(k)]);
  }
  return weights;
}

void gather_elastic(const SourcePatch& source, const Index3& patch_size, const AugmentationDraws& draws,
                    float* image_out, uint8_t* labels_out) {
  const AffineGrid grid(source, patch_size, draws);
  const Region region = readable(source);
  Field field(draws.elastic, patch_size);
  for (int64_t z = 0; z < patch_size[0]; ++z)
    for (int64_t y = 0; y < patch_size[1]; ++y) {
      field.place(z, y);
      const Line line = grid.line(z, y);
      const int64_t start = (z * patch_size[1] + y) * patch_size[2];
      for (int64_t x = 0; x < patch_size[2]; ++x) {
        std::array<double, 3> point;
        for (size_t axis = 0; axis < 3; ++axis) {
          point[axis] = line.at(axis, x);
          for (size_t shifted = 0; shifted < 3; ++shifted)
            point[axis] += grid.matrix[axis][shifted] * field.shift(shifted, x);
        }
        const Neighbours near(source, region, point);
        std::visit(
            [&](const auto* image) {
              sample_point(image, source, near, voxel_count(patch_size), x, image_out + start, labels_out + start);
            },
            source.image);
      }
    }
}

}  // namespace medvol::datasets
