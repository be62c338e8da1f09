#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "framework/plan/corrections.h"

namespace medvol::plan {

enum class Normalization { zscore, ct, none, rescale_to_0_1, rgb_to_0_1 };

/// Intensities of one channel over the foreground voxels of all training cases (nnU-Net's fingerprint).
struct IntensityStatistics {
  double mean = 0, median = 0, standard_deviation = 1, minimum = 0, maximum = 0, percentile_00_5 = 0,
         percentile_99_5 = 0;
};

/// How a network of the U-Net family is shaped. One entry a stage, finest first; sizes in tensor order (z, y, x; 2D: y,
/// x).
struct Topology {
  std::vector<int64_t> features_per_stage;
  std::vector<std::vector<int64_t>> kernel_sizes;
  std::vector<std::vector<int64_t>> strides;            ///< of a stage's first convolution; the first is all ones
  std::vector<int64_t> convolutions_per_stage_encoder;  ///< residual blocks of two where `residual_encoder`
  std::vector<int64_t> convolutions_per_stage_decoder;
  bool residual_encoder = false;  ///< a stem and residual blocks: nnU-Net's ResEnc
  bool operator==(const Topology&) const = default;
};

/// What is predicted and measured as one thing: a class of one label, or a region, the union of several (BraTS: whole
/// tumour).
struct Region {
  std::string name;
  std::vector<int64_t> labels;
  int64_t painted = 0;  ///< the label that a voxel of it gets in a label map
  bool operator==(const Region&) const = default;
};

/// What is decided from the data before training: nnU-Net's plan of one configuration. A value; written as one JSON
/// that nnU-Net reads too (`plans.json` layout, configurations → name). "Plan order" of axes: those of the canonical
/// orientation, z, y, x, as `transpose_forward` permutes them; images are prepared in it, and axis 0 is the one that a
/// 2D network is shown slice by slice.
struct Plan {
  std::string dataset_name;
  std::string configuration = "3d_fullres";           ///< or "3d_lowres", "2d", "3d_cascade_fullres"
  std::string planner = "ExperimentPlanner";          ///< nnU-Net's class of that name, or "nnUNetPlannerResEncM", …
  std::string plans_name = "nnUNetPlans";             ///< what nnU-Net calls plans of that planner
  std::string image_reader = "SimpleITKIO";           ///< nnU-Net's class; NibabelIOWithReorient orients as medvol does
  std::array<int64_t, 3> transpose_forward{0, 1, 2};  ///< axis i of the plan is axis transpose_forward[i] of z, y, x
  std::vector<std::string> channel_names;
  std::map<int64_t, std::string> labels;  ///< as files hold them, without background and ignore: 1, 2, 4
  std::optional<int64_t> ignore_label;
  /// Outputs that may overlap, a sigmoid each, painted in this order, later ones over earlier (nnU-Net's regions and
  /// regions_class_order). Empty: a softmax over background and labels.
  std::vector<Region> regions;
  int64_t dimensions = 3;           ///< 2 or 3: the network's
  std::vector<double> spacing;      ///< mm, plan order; always three (2D: the first is kept, not resampled)
  std::vector<int64_t> patch_size;  ///< plan order; two entries in 2D
  int64_t batch_size = 2;
  bool batch_dice = false;
  std::vector<Normalization> normalization;      ///< one a channel
  std::vector<bool> normalize_inside_mask;       ///< one a channel: z-score over non-zero voxels only
  std::vector<IntensityStatistics> intensities;  ///< one a channel
  std::vector<double> median_shape;              ///< voxels after cropping and resampling, plan order
  std::vector<double> original_median_spacing;   ///< mm, before resampling, plan order; for the reader of the plan only
  std::vector<int64_t> original_median_shape;    ///< voxels after cropping, before resampling, plan order; likewise
  Topology topology;
  Corrections corrections;  ///< of every image, before the rest of the plan is carried out

  /// Labels of a label map, background included.
  int64_t class_count() const { return static_cast<int64_t>(labels.size()) + 1; }
  /// Channels of a segmenter's output: the regions, else background and labels.
  int64_t output_count() const { return regions.empty() ? class_count() : static_cast<int64_t>(regions.size()); }
  /// The second stage of a cascade: its network gets, beside the image, what 3d_lowres predicted.
  bool is_cascade() const { return configuration == "3d_cascade_fullres"; }
  /// Channels of a segmenter's input: the image's, and in a cascade one for each label.
  int64_t input_count() const { return static_cast<int64_t>(channel_names.size()) + previous_labels(); }
  int64_t previous_labels() const { return is_cascade() ? static_cast<int64_t>(labels.size()) : 0; }
  /// What is predicted and measured: the regions, else each label.
  std::vector<Region> structures() const;

  /// Training counts classes: background 0, the labels in ascending order 1, 2, …, and the ignore label after them.
  /// Class → label: {0, 1, 2, 4}; without the ignore label.
  std::vector<int64_t> class_labels() const;
  std::optional<int64_t> ignore_class() const;
  /// structures() with classes in the place of labels; `painted` stays a label.
  std::vector<Region> class_structures() const;
};

/// nnU-Net's names: "ZScoreNormalization", "CTNormalization", …
std::string normalization_name(Normalization normalization);

/// nnU-Net v2's plans.json of a plan's configuration and of others that were planned with it; what nnU-Net has no place
/// for stands under "medvol". With 3d_lowres and 3d_fullres it says of the cascade what nnU-Net says.
nlohmann::json to_json(const Plan& plan, const std::vector<Plan>& others = {});
/// Reads what to_json wrote, and a plans.json of nnU-Net v2 itself (2.5 or later): such a file names no labels and no
/// channels (they stand in its dataset.json), so `labels` and `channel_names` stay empty. `configuration` chooses one
/// of several (unless told, the one that to_json was given as `plan`, or "3d_fullres"). Throws core::UserError naming
/// `where` and the missing or wrong key.
Plan from_json(const nlohmann::json& json, const std::string& where, const std::string& configuration = "");
Plan read_plan(const std::filesystem::path& path, const std::string& configuration = "");
/// Atomic.
void write_plan(const std::filesystem::path& path, const Plan& plan, const std::vector<Plan>& others = {});

}  // namespace medvol::plan
