#include "framework/plan/plan.h"

#include <algorithm>

#include "framework/core/error.h"
#include "framework/plan/normalization_names.h"
#include "framework/storage/atomic_file.h"
#include "framework/storage/file_error.h"

namespace medvol::plan {
namespace {

using nlohmann::json;

json resampling(bool labels, int order) {
  return {{"is_seg", labels}, {"order", order}, {"order_z", 0}, {"force_separate_z", nullptr}};
}

json architecture(const Plan& plan) {
  const std::string axes = std::to_string(plan.dimensions) + "d";
  const Topology& shape = plan.topology;
  return {{"network_class_name", std::string("dynamic_network_architectures.architectures.unet.") +
                                     (shape.residual_encoder ? "ResidualEncoderUNet" : "PlainConvUNet")},
          {"arch_kwargs",
           {{"n_stages", shape.features_per_stage.size()},
            {"features_per_stage", shape.features_per_stage},
            {"conv_op", "torch.nn.modules.conv.Conv" + axes},
            {"kernel_sizes", shape.kernel_sizes},
            {"strides", shape.strides},
            {shape.residual_encoder ? "n_blocks_per_stage" : "n_conv_per_stage", shape.convolutions_per_stage_encoder},
            {"n_conv_per_stage_decoder", shape.convolutions_per_stage_decoder},
            {"conv_bias", true},
            {"norm_op", "torch.nn.modules.instancenorm.InstanceNorm" + axes},
            {"norm_op_kwargs", {{"eps", 1e-5}, {"affine", true}}},
            {"dropout_op", nullptr},
            {"dropout_op_kwargs", nullptr},
            {"nonlin", "torch.nn.LeakyReLU"},
            {"nonlin_kwargs", {{"inplace", true}}}}},
          {"_kw_requires_import", {"conv_op", "norm_op", "dropout_op", "nonlin"}}};
}

/// nnU-Net's 2D configurations know nothing of the slice axis.
template <class T>
std::vector<T> planned_axes(const Plan& plan, const std::vector<T>& zyx) {
  return plan.dimensions == 2 && zyx.size() == 3 ? std::vector<T>(zyx.begin() + 1, zyx.end()) : zyx;
}

json configuration(const Plan& plan) {
  std::vector<std::string> schemes;
  for (const Normalization scheme : plan.normalization) schemes.push_back(normalization_name(scheme));
  // All planners prepare 2d and 3d_fullres alike, so nnU-Net lets them share the files.
  const std::string& prepared_for = plan.configuration == "3d_lowres" ? plan.plans_name : Plan{}.plans_name;
  json result = {{"data_identifier", prepared_for + "_" + (plan.is_cascade() ? "3d_fullres" : plan.configuration)},
                 {"preprocessor_name", "DefaultPreprocessor"},
                 {"batch_size", plan.batch_size},
                 {"patch_size", plan.patch_size},
                 {"median_image_size_in_voxels", planned_axes(plan, plan.median_shape)},
                 {"spacing", planned_axes(plan, plan.spacing)},
                 {"normalization_schemes", schemes},
                 {"use_mask_for_norm", plan.normalize_inside_mask},
                 {"resampling_fn_data", "resample_data_or_seg_to_shape"},
                 {"resampling_fn_seg", "resample_data_or_seg_to_shape"},
                 {"resampling_fn_data_kwargs", resampling(false, 3)},
                 {"resampling_fn_seg_kwargs", resampling(true, 1)},
                 {"resampling_fn_probabilities", "resample_data_or_seg_to_shape"},
                 {"resampling_fn_probabilities_kwargs", resampling(false, 1)},
                 {"architecture", architecture(plan)},
                 {"batch_dice", plan.batch_dice}};
  if (plan.dimensions == 2) result["medvol"] = {{"spacing", plan.spacing}, {"median_shape", plan.median_shape}};
  return result;
}

json configurations(const Plan& plan, const std::vector<Plan>& others) {
  json all = {{plan.configuration, configuration(plan)}};
  for (const Plan& other : others) all[other.configuration] = configuration(other);
  if (all.contains("3d_lowres") && all.contains("3d_fullres")) {
    all["3d_lowres"]["next_stage"] = "3d_cascade_fullres";
    if (!plan.is_cascade()) all["3d_cascade_fullres"]["inherits_from"] = "3d_fullres";
    all["3d_cascade_fullres"]["previous_stage"] = "3d_lowres";
  }
  return all;
}

json intensities(const Plan& plan) {
  json channels = json::object();
  for (size_t channel = 0; channel < plan.intensities.size(); ++channel) {
    const IntensityStatistics& found = plan.intensities[channel];
    channels[std::to_string(channel)] = {{"mean", found.mean},
                                         {"median", found.median},
                                         {"std", found.standard_deviation},
                                         {"min", found.minimum},
                                         {"max", found.maximum},
                                         {"percentile_00_5", found.percentile_00_5},
                                         {"percentile_99_5", found.percentile_99_5}};
  }
  return channels;
}

/// What nnU-Net keeps elsewhere (dataset.json) or not at all.
json own_part(const Plan& plan) {
  json labels = json::object();
  for (const auto& [value, name] : plan.labels) labels[name] = value;
  json own = {{"configuration", plan.configuration}, {"channel_names", plan.channel_names}, {"labels", labels}};
  if (plan.ignore_label) own["ignore_label"] = *plan.ignore_label;
  if (plan.corrections.any()) own["corrections"] = to_json(plan.corrections);
  for (const Region& one : plan.regions) {
    own["regions"]["names"].push_back(one.name);
    own["regions"]["labels"].push_back(one.labels);
    own["regions"]["painted"].push_back(one.painted);
  }
  return own;
}

}  // namespace

std::vector<Region> Plan::structures() const {
  if (!regions.empty()) return regions;
  std::vector<Region> classes;
  for (const auto& [label, name] : labels) classes.push_back({name, {label}, label});
  return classes;
}

std::vector<int64_t> Plan::class_labels() const {
  std::vector<int64_t> all{0};
  for (const auto& [label, name] : labels) all.push_back(label);
  return all;
}

std::optional<int64_t> Plan::ignore_class() const { return ignore_label ? std::optional(class_count()) : std::nullopt; }

std::vector<Region> Plan::class_structures() const {
  const std::vector<int64_t> known = class_labels();
  std::vector<Region> result = structures();
  for (Region& one : result)
    for (int64_t& label : one.labels) {
      const auto found = std::find(known.begin(), known.end(), label);
      MEDVOL_CHECK(found != known.end(), "the structure '{}' holds an undeclared label {}", one.name, label);
      label = found - known.begin();
    }
  return result;
}

std::string normalization_name(Normalization normalization) {
  for (const auto& [name, value] : normalization_names())
    if (value == normalization) return name;
  MEDVOL_CHECK(false, "normalization {} has no name", static_cast<int>(normalization));
}

json to_json(const Plan& plan, const std::vector<Plan>& others) {
  std::array<int64_t, 3> backward{};
  for (int64_t axis = 0; axis < 3; ++axis) backward[size_t(plan.transpose_forward[size_t(axis)])] = axis;
  return {{"dataset_name", plan.dataset_name},
          {"plans_name", plan.plans_name},
          {"original_median_spacing_after_transp", plan.original_median_spacing},
          {"original_median_shape_after_transp", plan.original_median_shape},
          {"image_reader_writer", plan.image_reader},
          {"transpose_forward", plan.transpose_forward},
          {"transpose_backward", backward},
          {"configurations", configurations(plan, others)},
          {"experiment_planner_used", plan.planner},
          {"label_manager", "LabelManager"},
          {"foreground_intensity_properties_per_channel", intensities(plan)},
          {"medvol", own_part(plan)}};
}

Plan read_plan(const std::filesystem::path& path, const std::string& configuration) {
  const std::string text = storage::read_bytes(path);
  try {
    return from_json(json::parse(text), path.string(), configuration);
  } catch (const json::parse_error& error) {
    throw core::UserError(fmt::format("not a JSON file, at byte {}", error.byte), path.string(),
                          "expected a plan in nnU-Net v2's plans.json layout");
  }
}

void write_plan(const std::filesystem::path& path, const Plan& plan, const std::vector<Plan>& others) {
  storage::write_atomic(path, to_json(plan, others).dump(2) + "\n");
}

}  // namespace medvol::plan
