#include "datasets/planning/planner.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "datasets/planning/percentile.h"
#include "framework/core/error.h"
#include "framework/core/logging.h"
#include "framework/plan/feature_map_count.h"

namespace medvol::datasets {
namespace {

constexpr double anisotropy = 3;
constexpr double reference_gb = 8;
constexpr double largest_share_of_dataset = 0.05;  ///< of all voxels in one batch
constexpr int64_t smallest_batch = 2;

/// nnU-Net's constants for a network of two or three dimensions.
struct Reference {
  double feature_maps, batch_size, volume;
  int64_t most_features;
};
Reference reference(size_t axes) {
  return axes == 2 ? Reference{85e6, 12, 2048.0 * 2048.0, 512} : Reference{560e6, 2, 256.0 * 256.0 * 256.0, 320};
}

double product(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 1.0, std::multiplies<>());
}
double product(const std::vector<int64_t>& values) {
  return product(std::vector<double>(values.begin(), values.end()));
}

/// Rounds half to even, as Python does.
double python_round(double value) { return std::nearbyint(value); }

/// Patch, batch and network of one configuration.
struct Fit {
  std::vector<int64_t> patch_size;
  int64_t batch_size;
  plan::Topology topology;
};

plan::Topology topology(const Pooling& pooling) {
  const size_t stages = pooling.strides.size();
  plan::Topology shape;
  shape.kernel_sizes = pooling.kernel_sizes;
  shape.strides = pooling.strides;
  for (size_t stage = 0; stage < stages; ++stage)
    shape.features_per_stage.push_back(std::min<int64_t>(reference(pooling.patch_size.size()).most_features,
                                                         int64_t(32) << std::min<size_t>(stage, 20)));
  shape.convolutions_per_stage_encoder.assign(stages, 2);
  shape.convolutions_per_stage_decoder.assign(stages - 1, 2);
  return shape;
}

/// As large as the median image, of the spacing's aspect, at most 256³ (2048²) voxels.
std::vector<double> initial_patch(const std::vector<double>& spacing, const std::vector<double>& median_shape) {
  std::vector<double> inverse;
  for (const double mm : spacing) inverse.push_back(1 / mm);
  const double scale = std::pow(reference(spacing.size()).volume / product(inverse), 1.0 / double(spacing.size()));
  std::vector<double> patch;
  for (size_t axis = 0; axis < spacing.size(); ++axis)
    patch.push_back(std::min(python_round(inverse[axis] * scale), median_shape[axis]));
  return patch;
}

/// One step smaller along the axis that is largest against the median image (the last of equals).
Pooling shrink(const Pooling& from, const std::vector<double>& spacing, const std::vector<double>& median_shape) {
  size_t axis = 0;
  const auto ratio = [&](size_t i) { return double(from.patch_size[i]) / median_shape[i]; };
  for (size_t i = 1; i < spacing.size(); ++i)
    if (ratio(i) >= ratio(axis)) axis = i;
  // The step is what the next smaller patch must be a multiple of, which may be less than what this one must.
  std::vector<double> size(from.patch_size.begin(), from.patch_size.end()), probe = size;
  probe[axis] -= double(from.divisor[axis]);
  size[axis] -= double(plan_pooling(spacing, probe).divisor[axis]);
  return plan_pooling(spacing, size);
}

class Planner {
 public:
  Planner(const DatasetDescription& dataset, const Fingerprint& fingerprint, const PlannerOptions& options)
      : dataset_(dataset), fingerprint_(fingerprint), options_(options) {
    const size_t outputs = dataset.regions.empty() ? dataset.labels.size() : dataset.regions.size();
    declared_labels_ = static_cast<int64_t>(outputs) + 1 + (dataset.ignore_label ? 1 : 0);
    for (const CaseFingerprint& one : fingerprint.cases)
      for (size_t axis = 0; axis < 3; ++axis) {
        spacings_[axis].push_back(one.spacing[axis]);
        shapes_[axis].push_back(double(one.shape[axis]));
      }
    choose_spacing();
    for (size_t axis = 0; axis < 3; ++axis) {
      std::vector<double> resampled;
      for (const CaseFingerprint& one : fingerprint.cases)
        resampled.push_back(python_round(one.spacing[axis] / spacing_[axis] * double(one.shape[axis])));
      median_shape_.push_back(percentile(resampled, 50));
    }
  }

  plan::Plan make() {
    plan::Plan result = describe();
    const bool flat = options_.configuration == "2d";
    if (!flat && median_shape_[0] == 1)
      throw core::UserError("these are single slices: a 3D network cannot be planned", dataset_.root.string(),
                            "use planner.configuration=2d");
    if (flat && std::max(spacing_[1], spacing_[2]) > anisotropy * spacing_[0])
      core::log_warning(
          "{}: the slices are not axial; a 2D network still sees axial ones, interpolated: prefer 3d_fullres",
          dataset_.name);
    const Fit fit = flat ? fitted({spacing_[1], spacing_[2]}, {median_shape_[1], median_shape_[2]}, dataset_voxels())
                         : fitted(spacing_, median_shape_, dataset_voxels());
    result.dimensions = flat ? 2 : 3;
    result.patch_size = fit.patch_size;
    result.batch_size = options_.batch_size > 0 ? options_.batch_size : fit.batch_size;
    result.topology = fit.topology;
    result.batch_dice = flat || lowres_exists(fit);
    return result;
  }

 private:
  double dataset_voxels() const { return product(median_shape_) * double(fingerprint_.cases.size()); }

  void choose_spacing() {
    if (!options_.spacing.empty()) {
      if (options_.spacing.size() != 3)
        throw core::UserError("planner.spacing needs three numbers (z, y, x)", "planner.spacing");
      spacing_ = options_.spacing;
      return;
    }
    std::vector<double> size;
    for (size_t axis = 0; axis < 3; ++axis) {
      spacing_.push_back(percentile(spacings_[axis], 50));
      size.push_back(percentile(shapes_[axis], 50));
    }
    // Thick slices: the median would interpolate the thinner half of the data set away.
    const size_t worst = size_t(std::max_element(spacing_.begin(), spacing_.end()) - spacing_.begin());
    const size_t a = (worst + 1) % 3, b = (worst + 2) % 3;
    const double next = std::max(spacing_[a], spacing_[b]);
    if (spacing_[worst] > anisotropy * next && size[worst] * anisotropy < std::min(size[a], size[b])) {
      const double fine = percentile(spacings_[worst], 10);
      spacing_[worst] = fine < next ? next + 1e-5 : fine;
    }
  }

  double feature_maps(const Pooling& pooling) const {
    if (pooling.strides.size() < 2)
      throw core::UserError("the images are too small for a U-Net", dataset_.root.string(),
                            "at least one axis needs 12 voxels after cropping, or two need 8");
    return double(plan::feature_map_count(topology(pooling), pooling.patch_size, declared_labels_));
  }

  /// The largest patch, then the largest batch, that the memory holds.
  Fit fitted(const std::vector<double>& spacing, const std::vector<double>& median_shape, double voxels) const {
    const Reference by = reference(spacing.size());
    const double budget = by.feature_maps * (options_.memory_gb / reference_gb);
    const bool given = !options_.patch_size.empty();
    if (given && options_.patch_size.size() != spacing.size())
      throw core::UserError(fmt::format("planner.patch_size needs {} numbers", spacing.size()), "planner.patch_size");
    Pooling pooling =
        plan_pooling(spacing, given ? std::vector<double>(options_.patch_size.begin(), options_.patch_size.end())
                                    : initial_patch(spacing, median_shape));
    double maps = feature_maps(pooling);
    while (!given && maps / by.batch_size * 2 > budget) {
      pooling = shrink(pooling, spacing, median_shape);
      maps = feature_maps(pooling);
    }
    const double of_memory = python_round(budget / maps * by.batch_size);
    const double of_dataset = python_round(voxels * largest_share_of_dataset / product(pooling.patch_size));
    return {pooling.patch_size, std::max(static_cast<int64_t>(std::min(of_memory, of_dataset)), smallest_batch),
            topology(pooling)};
  }

  /// Whether nnU-Net would plan a 3d_lowres beside 3d_fullres: the patch sees less than a quarter of the image, and
  /// halving the voxels or more is needed to mend that. The cascade itself is not planned, but batch Dice depends on
  /// it.
  bool lowres_exists(const Fit& fullres) const {
    std::vector<double> spacing = spacing_, shape = median_shape_;
    double patch = product(fullres.patch_size);
    while (patch / product(shape) < 0.25) {
      const double coarsest = *std::max_element(spacing.begin(), spacing.end());
      const bool uneven = std::any_of(spacing.begin(), spacing.end(), [&](double mm) { return coarsest / mm > 2; });
      for (double& mm : spacing)
        if (!uneven || coarsest / mm > 2) mm *= 1.03;
      std::vector<double> rounded;
      for (size_t axis = 0; axis < 3; ++axis) {
        shape[axis] = spacing_[axis] / spacing[axis] * median_shape_[axis];
        rounded.push_back(python_round(shape[axis]));
      }
      patch = product(fitted(spacing, rounded, product(shape) * double(fingerprint_.cases.size())).patch_size);
    }
    return product(median_shape_) / product(shape) >= 2;
  }

  /// All that does not depend on the network.
  plan::Plan describe() const {
    plan::Plan result;
    result.dataset_name = dataset_.name;
    result.configuration = options_.configuration;
    result.channel_names = dataset_.channel_names;
    result.labels = dataset_.labels;
    result.ignore_label = dataset_.ignore_label;
    result.regions = dataset_.regions;
    result.spacing = spacing_;
    result.median_shape = median_shape_;
    result.intensities = fingerprint_.intensities;
    for (size_t axis = 0; axis < 3; ++axis) {
      result.original_median_spacing.push_back(percentile(spacings_[axis], 50));
      result.original_median_shape.push_back(static_cast<int64_t>(python_round(percentile(shapes_[axis], 50))));
    }
    for (const std::string& name : dataset_.channel_names) {
      result.normalization.push_back(normalization_of(name));
      // Much of the image was cut away: what is left of the zeros says nothing about the patient.
      result.normalize_inside_mask.push_back(result.normalization.back() == plan::Normalization::zscore &&
                                             fingerprint_.median_relative_size < 0.75);
    }
    return result;
  }

  static plan::Normalization normalization_of(std::string channel) {
    std::transform(channel.begin(), channel.end(), channel.begin(), [](unsigned char c) { return std::tolower(c); });
    if (channel == "ct") return plan::Normalization::ct;
    if (channel == "nonorm") return plan::Normalization::none;
    if (channel == "rescale_to_0_1") return plan::Normalization::rescale_to_0_1;
    if (channel == "rgb_to_0_1") return plan::Normalization::rgb_to_0_1;
    return plan::Normalization::zscore;
  }

  const DatasetDescription& dataset_;
  const Fingerprint& fingerprint_;
  const PlannerOptions& options_;
  int64_t declared_labels_ = 0;  ///< nnU-Net counts every entry of dataset.json's labels as an output here
  std::array<std::vector<double>, 3> spacings_, shapes_;
  std::vector<double> spacing_, median_shape_;
};

}  // namespace

plan::Plan make_plan(const DatasetDescription& dataset, const Fingerprint& fingerprint, const PlannerOptions& options) {
  MEDVOL_CHECK(!fingerprint.cases.empty() && fingerprint.intensities.size() == dataset.channel_names.size(),
               "the fingerprint is of another data set");
  plan::Plan plan = Planner(dataset, fingerprint, options).make();
  for (int64_t& features : plan.topology.features_per_stage)
    features = std::max<int64_t>(1, features * options.base_features / 32);
  return plan;
}

}  // namespace medvol::datasets
