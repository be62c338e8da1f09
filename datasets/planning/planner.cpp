#include "datasets/planning/planner.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "datasets/planning/channel_normalization.h"
#include "datasets/planning/patch_fit.h"
#include "datasets/planning/preset.h"
#include "framework/core/error.h"
#include "framework/core/percentile.h"

namespace medvol::datasets {
namespace {

constexpr double anisotropy = 3;
constexpr double seen_in_full = 0.25;  ///< share of the median image that a patch must see, else 3d_lowres is planned
constexpr double worth_a_stage = 2;    ///< 3d_lowres must have so many times fewer voxels

std::vector<double> without_first(const std::vector<double>& values) { return {values.begin() + 1, values.end()}; }

template <class T>
std::vector<T> permuted(const std::vector<T>& values, const std::array<int64_t, 3>& order) {
  return {values[size_t(order[0])], values[size_t(order[1])], values[size_t(order[2])]};
}

class Planner {
 public:
  Planner(const DatasetDescription& dataset, const Fingerprint& fingerprint, const PlannerOptions& options)
      : dataset_(dataset), fingerprint_(fingerprint), options_(options), preset_(preset_of(options.preset)) {
    const size_t outputs = dataset.regions.empty() ? dataset.labels.size() : dataset.regions.size();
    // nnU-Net counts every entry of dataset.json's labels as an output here.
    memory_.outputs = static_cast<int64_t>(outputs) + 1 + (dataset.ignore_label ? 1 : 0);
    for (const CaseFingerprint& one : fingerprint.cases)
      for (size_t axis = 0; axis < 3; ++axis) {
        spacings_[axis].push_back(one.spacing[axis]);
        shapes_[axis].push_back(double(one.shape[axis]));
      }
    const std::vector<double> of_data = spacing_of_data();
    spacing_ = options_.spacing.empty() ? of_data : options_.spacing;
    if (spacing_.size() != 3) throw core::UserError("plan.spacing needs three numbers (z, y, x)", "plan.spacing");
    for (size_t axis = 0; axis < 3; ++axis) {
      std::vector<double> resampled;
      for (const CaseFingerprint& one : fingerprint.cases)
        resampled.push_back(python_round(one.spacing[axis] / spacing_[axis] * double(one.shape[axis])));
      median_shape_.push_back(core::percentile(resampled, 50));
    }
    put_first(std::max_element(of_data.begin(), of_data.end()) - of_data.begin());
  }

  Plans make() const {
    Plans result;
    bool found = false;
    for (plan::Plan& one : everything())
      if (one.configuration == options_.configuration) {
        result.chosen = with_own_sizes(std::move(one));
        found = true;
      } else {
        result.others.push_back(std::move(one));
      }
    if (!found) refuse();
    return result;
  }

 private:
  /// What nnU-Net plans, in its order.
  std::vector<plan::Plan> everything() const {
    std::vector<plan::Plan> all;
    if (const auto flat = fitted(without_first(spacing_), without_first(median_shape_), dataset_voxels()))
      all.push_back(described("2d", *flat, spacing_, median_shape_));
    if (single_slices()) return all;
    const auto full = fitted(spacing_, median_shape_, dataset_voxels());
    if (!full) return all;
    const std::optional<plan::Plan> low = low_resolution(*full);
    if (low) all.push_back(*low);
    all.push_back(described("3d_fullres", *full, spacing_, median_shape_));
    all.back().batch_dice = low.has_value();
    if (low && options_.configuration == "3d_cascade_fullres") {
      all.push_back(all.back());
      all.back().configuration = options_.configuration;
    }
    return all;
  }

  [[noreturn]] void refuse() const {
    const bool three = options_.configuration != "2d";
    if (three && single_slices())
      throw core::UserError("these are single slices: a 3D network cannot be planned", dataset_.root.string(),
                            "use plan.configuration=2d");
    if (options_.configuration != "3d_fullres" && three && fitted(spacing_, median_shape_, dataset_voxels()))
      throw core::UserError(
          "the images need no low resolution: a patch of 3d_fullres sees a quarter of the median one or more, or a "
          "coarser grid would hardly have fewer voxels",
          dataset_.root.string(), "use plan.configuration=3d_fullres");
    throw core::UserError("the images are too small for a U-Net", dataset_.root.string(),
                          "at least one axis needs 12 voxels after cropping, or two need 8");
  }

  bool single_slices() const { return median_shape_[0] == 1; }
  double dataset_voxels() const { return product(median_shape_) * double(fingerprint_.cases.size()); }

  std::vector<double> spacing_of_data() const {
    std::vector<double> spacing, size;
    for (size_t axis = 0; axis < 3; ++axis) {
      spacing.push_back(core::percentile(spacings_[axis], 50));
      size.push_back(core::percentile(shapes_[axis], 50));
    }
    // Thick slices: the median would interpolate the thinner half of the data set away.
    const size_t worst = size_t(std::max_element(spacing.begin(), spacing.end()) - spacing.begin());
    const size_t a = (worst + 1) % 3, b = (worst + 2) % 3;
    const double next = std::max(spacing[a], spacing[b]);
    if (spacing[worst] > anisotropy * next && size[worst] * anisotropy < std::min(size[a], size[b])) {
      const double fine = core::percentile(spacings_[worst], 10);
      spacing[worst] = fine < next ? next + 1e-5 : fine;
    }
    return spacing;
  }

  /// nnU-Net's transpose_forward, of the data's coarsest axis: a 2D network is to see the slices as they were taken.
  /// Not of a given spacing's, as nnU-Net's would be: slices stay slices when their pixels are made coarser.
  void put_first(std::ptrdiff_t axis) {
    std::rotate(transpose_.begin(), transpose_.begin() + axis, transpose_.begin() + axis + 1);
    spacing_ = permuted(spacing_, transpose_);
    median_shape_ = permuted(median_shape_, transpose_);
  }

  std::optional<PatchFit> fitted(const std::vector<double>& spacing, const std::vector<double>& median_shape,
                                 double voxels, const std::vector<int64_t>& given = {}) const {
    return fit_patch(memory_, spacing, median_shape, voxels, given);
  }

  /// The images ever coarser, axes that are more than twice as fine as the coarsest first, until a patch sees enough.
  std::optional<plan::Plan> low_resolution(const PatchFit& full) const {
    std::vector<double> spacing = spacing_, shape = median_shape_, rounded;
    std::optional<PatchFit> fit = full;
    while (product(fit->patch_size) / product(shape) < seen_in_full) {
      const double coarsest = *std::max_element(spacing.begin(), spacing.end());
      const bool uneven = std::any_of(spacing.begin(), spacing.end(), [&](double mm) { return coarsest / mm > 2; });
      for (double& mm : spacing)
        if (!uneven || coarsest / mm > 2) mm *= 1.03;
      rounded.clear();
      for (size_t axis = 0; axis < 3; ++axis) {
        shape[axis] = spacing_[axis] / spacing[axis] * median_shape_[axis];
        rounded.push_back(python_round(shape[axis]));
      }
      fit = fitted(spacing, rounded, product(shape) * double(fingerprint_.cases.size()));
      if (!fit) return std::nullopt;
    }
    if (product(median_shape_) / product(shape) < worth_a_stage) return std::nullopt;
    return described("3d_lowres", *fit, spacing, rounded);
  }

  /// The user's patch and batch, in the chosen configuration.
  plan::Plan with_own_sizes(plan::Plan plan) const {
    const auto axes = static_cast<size_t>(plan.dimensions);
    if (!options_.patch_size.empty()) {
      if (options_.patch_size.size() != axes)
        throw core::UserError(fmt::format("plan.patch_size needs {} numbers", axes), "plan.patch_size");
      const auto of_network = [&](const std::vector<double>& all) { return axes == 2 ? without_first(all) : all; };
      const double voxels = product(plan.median_shape) * double(fingerprint_.cases.size());
      const auto fit = fitted(of_network(plan.spacing), of_network(plan.median_shape), voxels, options_.patch_size);
      if (!fit)
        throw core::UserError("plan.patch_size is too small for a U-Net", "plan.patch_size",
                              "at least one axis needs 12 voxels, or two need 8");
      take(*fit, plan);
    }
    if (options_.batch_size > 0) plan.batch_size = options_.batch_size;
    return plan;
  }

  void take(const PatchFit& fit, plan::Plan& plan) const {
    plan.patch_size = fit.patch_size;
    plan.batch_size = fit.batch_size;
    plan.topology = fit.topology;
    for (int64_t& features : plan.topology.features_per_stage)
      features = std::max<int64_t>(1, features * options_.base_features / 32);
  }

  plan::Plan described(const std::string& configuration, const PatchFit& fit, const std::vector<double>& spacing,
                       const std::vector<double>& median_shape) const {
    plan::Plan result = described();
    result.configuration = configuration;
    result.dimensions = configuration == "2d" ? 2 : 3;
    result.batch_dice = configuration == "2d";
    result.spacing = spacing;
    result.median_shape = median_shape;
    take(fit, result);
    return result;
  }

  /// All that does not depend on the configuration.
  plan::Plan described() const {
    plan::Plan result;
    result.dataset_name = dataset_.name;
    result.planner = preset_.planner;
    result.plans_name = preset_.plans_name;
    result.image_reader = image_reader(dataset_.file_ending);
    result.transpose_forward = transpose_;
    result.channel_names = dataset_.channel_names;
    result.labels = dataset_.labels;
    result.ignore_label = dataset_.ignore_label;
    result.regions = dataset_.regions;
    result.intensities = fingerprint_.intensities;
    result.corrections = fingerprint_.corrections;
    for (const int64_t axis : transpose_) {
      result.original_median_spacing.push_back(core::percentile(spacings_[size_t(axis)], 50));
      result.original_median_shape.push_back(
          static_cast<int64_t>(python_round(core::percentile(shapes_[size_t(axis)], 50))));
    }
    for (const std::string& name : dataset_.channel_names) {
      result.normalization.push_back(normalization_of(name));
      // Much of the image was cut away: what is left of the zeros says nothing about the patient.
      result.normalize_inside_mask.push_back(result.normalization.back() == plan::Normalization::zscore &&
                                             fingerprint_.median_relative_size < 0.75);
    }
    return result;
  }

  /// The one that orients NIfTI files to RAS, as medvol does; nnU-Net has none that orients other formats.
  static std::string image_reader(const std::string& ending) {
    if (ending == ".nii" || ending == ".nii.gz") return "NibabelIOWithReorient";
    if (ending == ".png" || ending == ".bmp" || ending == ".tif") return "NaturalImage2DIO";
    return "SimpleITKIO";
  }

  const DatasetDescription& dataset_;
  const Fingerprint& fingerprint_;
  const PlannerOptions& options_;
  const Preset& preset_;
  PatchMemory memory_{preset_, options_.memory_gb > 0 ? options_.memory_gb : preset_.gigabytes, 0};
  std::array<std::vector<double>, 3> spacings_, shapes_;  ///< of all cases, z, y, x
  std::array<int64_t, 3> transpose_{0, 1, 2};
  std::vector<double> spacing_, median_shape_;  ///< plan order
};

}  // namespace

config::EnumNames<PlannerPreset> enum_names(PlannerPreset) {
  return {{"nnunet", PlannerPreset::nnunet},
          {"resenc_m", PlannerPreset::resenc_m},
          {"resenc_l", PlannerPreset::resenc_l},
          {"resenc_xl", PlannerPreset::resenc_xl}};
}

Plans make_plans(const DatasetDescription& dataset, const Fingerprint& fingerprint, const PlannerOptions& options) {
  MEDVOL_CHECK(!fingerprint.cases.empty() && fingerprint.intensities.size() == dataset.channel_names.size(),
               "the fingerprint is of another data set");
  return Planner(dataset, fingerprint, options).make();
}

plan::Plan make_plan(const DatasetDescription& dataset, const Fingerprint& fingerprint, const PlannerOptions& options) {
  return make_plans(dataset, fingerprint, options).chosen;
}

}  // namespace medvol::datasets
