#pragma once
#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace medvol::metrics {

/// What is measured as one thing: a class (one label) or a region, the union of several labels (BraTS: whole tumour).
struct Structure {
  std::string name;
  std::vector<int64_t> labels;
};

/// One structure a label, named by its number.
std::vector<Structure> structures_of(const std::vector<int64_t>& labels);

/// Voxels of one structure, reference against prediction. Voxels under the ignore label are in none of the four.
struct Counts {
  int64_t tp = 0, fp = 0, fn = 0, tn = 0;
  int64_t reference() const { return tp + fn; }
  int64_t predicted() const { return tp + fp; }
  int64_t total() const { return tp + fp + fn + tn; }
  bool operator==(const Counts&) const = default;
};

/// Measures of overlap; NaN where the denominator is zero. What a report makes of NaN is the Policy's business.
double dice(const Counts& counts);         ///< 2 TP / (2 TP + FP + FN)
double iou(const Counts& counts);          ///< TP / (TP + FP + FN), the Jaccard index
double accuracy(const Counts& counts);     ///< (TP + TN) / all
double precision(const Counts& counts);    ///< TP / (TP + FP), positive predictive value
double recall(const Counts& counts);       ///< TP / (TP + FN), sensitivity
double specificity(const Counts& counts);  ///< TN / (TN + FP)
/// Predicted minus reference volume in millilitres, signed.
double volume_difference_ml(const Counts& counts, double voxel_mm3);
/// Predicted minus reference volume as a fraction of the reference, signed; NaN without a reference.
double relative_volume_difference(const Counts& counts);
/// 2 (reference - predicted) / (reference + predicted), SimpleITK's volume similarity.
double volume_similarity(const Counts& counts);

/// A box of voxels, axis order z, y, x. Empty when a size is zero.
struct Box {
  std::array<int64_t, 3> begin{0, 0, 0};
  std::array<int64_t, 3> size{0, 0, 0};
  bool empty() const { return size[0] == 0 || size[1] == 0 || size[2] == 0; }
};

struct CountedStructure {
  Counts counts;
  Box box;  ///< smallest box that holds the structure in reference and prediction
};

/// Counts all structures in one pass over two label maps [D, H, W] (uint8, int16, int32 or int64; any strides).
/// Voxels whose reference is `ignore` count nowhere. `where` names the case in errors.
/// UserError: shapes differ, type is not integer, more than 254 labels, prediction holds the ignore label.
std::vector<CountedStructure> count_structures(const at::Tensor& reference, const at::Tensor& prediction,
                                               const std::vector<Structure>& structures,
                                               std::optional<int64_t> ignore = std::nullopt,
                                               const std::string& where = "");

}  // namespace medvol::metrics
