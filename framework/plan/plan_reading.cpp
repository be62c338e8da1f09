#include <algorithm>
#include <cmath>

#include "framework/core/error.h"
#include "framework/core/nearest.h"
#include "framework/plan/normalization_names.h"
#include "framework/plan/plan.h"

namespace medvol::plan {
namespace {

using nlohmann::json;

/// A JSON object that knows where it stands, so that a missing or wrong key can be named.
class Section {
 public:
  Section(const json& value, std::string file, std::string key)
      : value_(value), file_(std::move(file)), key_(std::move(key)) {
    if (!value_.is_object()) fail(key_, "an object");
  }

  bool has(const std::string& key) const { return value_.contains(key) && !value_.at(key).is_null(); }
  Section section(const std::string& key) const { return Section(at(key), file_, path(key)); }
  std::vector<std::string> keys() const {
    std::vector<std::string> result;
    for (const auto& [key, value] : value_.items()) result.push_back(key);
    return result;
  }
  template <class T>
  T get(const std::string& key, const char* expected) const {
    const json& value = at(key);
    try {
      // nlohmann would take a number for a truth value's place, and cut 2.5 to 2.
      if constexpr (std::is_same_v<T, int64_t>) require_integer(value, key);
      if constexpr (std::is_same_v<T, std::vector<int64_t>>)
        for (const json& item : value) require_integer(item, key);
      if constexpr (std::is_same_v<T, std::vector<std::vector<int64_t>>>)
        for (const json& row : value)
          for (const json& item : row) require_integer(item, key);
      return value.get<T>();
    } catch (const json::exception&) {
      fail(path(key), expected);
    }
  }
  [[noreturn]] void fail(const std::string& key, const std::string& expected) const {
    throw core::UserError(fmt::format("'{}' is not {}", key, expected), file_,
                          "nnU-Net v2's plans.json layout is expected");
  }
  std::string path(const std::string& key) const { return key_.empty() ? key : key_ + "." + key; }
  const std::string& file() const { return file_; }

 private:
  const json& at(const std::string& key) const {
    if (!value_.contains(key))
      throw core::UserError(
          fmt::format("the key '{}' is missing", path(key)), file_,
          key == "architecture"
              ? "plans of nnU-Net before 2.5 have none: plan again with a newer nnU-Net, or with medvol"
              : "nnU-Net v2's plans.json layout is expected");
    return value_.at(key);
  }
  void require_integer(const json& value, const std::string& key) const {
    if (!value.is_number() || value.get<double>() != std::floor(value.get<double>()))
      fail(path(key), "made of integers");
  }

  const json& value_;
  std::string file_, key_;
};

std::string chosen_configuration(const Section& root, const std::string& asked) {
  const std::vector<std::string> names = root.section("configurations").keys();
  std::string chosen = asked;
  if (chosen.empty() && root.has("medvol")) chosen = root.section("medvol").get<std::string>("configuration", "a name");
  if (chosen.empty()) chosen = names.size() == 1 ? names.front() : "3d_fullres";
  if (std::find(names.begin(), names.end(), chosen) == names.end())
    throw core::UserError("it has no configuration '" + chosen + "'", root.file(), core::did_you_mean(chosen, names));
  return chosen;
}

/// A configuration may inherit another one's keys, as 3d_cascade_fullres does.
json resolved_configuration(const json& all, const std::string& name, const std::string& file, int depth = 0) {
  if (depth > 8)
    throw core::UserError("the configurations inherit from each other in a circle", file, "see 'inherits_from'");
  if (!all.contains(name) || !all.at(name).is_object())
    throw core::UserError("the configuration '" + name + "' is no object, or is inherited from but absent", file);
  json own = all.at(name);
  if (!own.contains("inherits_from") || !own.at("inherits_from").is_string()) return own;
  json base = resolved_configuration(all, own.at("inherits_from").get<std::string>(), file, depth + 1);
  base.update(own);
  return base;
}

Topology read_topology(const Section& kwargs, size_t axes) {
  Topology shape;
  shape.features_per_stage = kwargs.get<std::vector<int64_t>>("features_per_stage", "a list of integers");
  shape.kernel_sizes = kwargs.get<std::vector<std::vector<int64_t>>>("kernel_sizes", "a list of lists of integers");
  shape.strides = kwargs.get<std::vector<std::vector<int64_t>>>("strides", "a list of lists of integers");
  shape.residual_encoder = kwargs.has("n_blocks_per_stage");
  const char* encoder = shape.residual_encoder ? "n_blocks_per_stage" : "n_conv_per_stage";
  shape.convolutions_per_stage_encoder = kwargs.get<std::vector<int64_t>>(encoder, "a list of integers");
  shape.convolutions_per_stage_decoder =
      kwargs.get<std::vector<int64_t>>("n_conv_per_stage_decoder", "a list of integers");
  const size_t stages = shape.features_per_stage.size();
  const auto check_stages = [&](const char* key, size_t found, size_t expected) {
    if (found != expected || stages < 2)
      kwargs.fail(kwargs.path(key), fmt::format("of {} entries for {} stages", expected, stages));
  };
  check_stages("kernel_sizes", shape.kernel_sizes.size(), stages);
  check_stages("strides", shape.strides.size(), stages);
  check_stages(encoder, shape.convolutions_per_stage_encoder.size(), stages);
  check_stages("n_conv_per_stage_decoder", shape.convolutions_per_stage_decoder.size(), stages - 1);
  for (const auto* rows : {&shape.kernel_sizes, &shape.strides})
    for (const auto& row : *rows)
      if (row.size() != axes || *std::min_element(row.begin(), row.end()) < 1)
        kwargs.fail(kwargs.path("kernel_sizes / strides"), fmt::format("made of {} positive integers a stage", axes));
  return shape;
}

std::vector<Normalization> read_normalization(const Section& section) {
  std::vector<std::string> known;
  for (const auto& [name, value] : normalization_names()) known.push_back(name);
  std::vector<Normalization> result;
  for (const auto& name : section.get<std::vector<std::string>>("normalization_schemes", "a list of names")) {
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end())
      throw core::UserError("unknown normalization '" + name + "'", section.file(), core::did_you_mean(name, known));
    result.push_back(normalization_names()[size_t(found - known.begin())].second);
  }
  return result;
}

std::vector<IntensityStatistics> read_intensities(const Section& section, size_t channels) {
  std::vector<IntensityStatistics> result;
  for (size_t channel = 0; channel < channels; ++channel) {
    const Section one = section.section(std::to_string(channel));
    const auto number = [&](const char* key) { return one.get<double>(key, "a number"); };
    result.push_back({.mean = number("mean"),
                      .median = number("median"),
                      .standard_deviation = number("std"),
                      .minimum = number("min"),
                      .maximum = number("max"),
                      .percentile_00_5 = number("percentile_00_5"),
                      .percentile_99_5 = number("percentile_99_5")});
  }
  return result;
}

std::vector<Region> read_regions(const Section& section) {
  const auto names = section.get<std::vector<std::string>>("names", "a list of names");
  const auto labels = section.get<std::vector<std::vector<int64_t>>>("labels", "a list of lists of integers");
  const auto painted = section.get<std::vector<int64_t>>("painted", "a list of integers");
  if (labels.size() != names.size() || painted.size() != names.size())
    section.fail(section.path("names"), "as long as 'labels' and 'painted'");
  std::vector<Region> regions;
  for (size_t i = 0; i < names.size(); ++i) regions.push_back({names[i], labels[i], painted[i]});
  return regions;
}

Corrections read_corrections(const Section& own) {
  const json object = own.get<json>("corrections", "an object");
  try {
    return corrections_from_json(object);
  } catch (const json::exception&) {
    own.fail(own.path("corrections"), "what medvol writes there");
  }
}

void read_own_part(const Section& own, Plan& plan) {
  plan.channel_names = own.get<std::vector<std::string>>("channel_names", "a list of names");
  const Section labels = own.section("labels");
  for (const std::string& name : labels.keys()) plan.labels[labels.get<int64_t>(name, "an integer")] = name;
  if (own.has("ignore_label")) plan.ignore_label = own.get<int64_t>("ignore_label", "an integer");
  if (own.has("regions")) plan.regions = read_regions(own.section("regions"));
  if (own.has("corrections")) plan.corrections = read_corrections(own);
}

std::array<int64_t, 3> read_transposition(const Section& root) {
  const auto order = root.get<std::vector<int64_t>>("transpose_forward", "a list of integers");
  const std::array<int64_t, 3> axes{0, 1, 2};
  if (!std::is_permutation(order.begin(), order.end(), axes.begin(), axes.end()))
    root.fail("transpose_forward", "an order of 0, 1, 2");
  return {order[0], order[1], order[2]};
}

/// What describes the data set and not one configuration.
void read_common_part(const Section& root, Plan& plan) {
  plan.dataset_name = root.get<std::string>("dataset_name", "a name");
  if (root.has("plans_name")) plan.plans_name = root.get<std::string>("plans_name", "a name");
  if (root.has("experiment_planner_used")) plan.planner = root.get<std::string>("experiment_planner_used", "a name");
  if (root.has("image_reader_writer")) plan.image_reader = root.get<std::string>("image_reader_writer", "a name");
  if (root.has("transpose_forward")) plan.transpose_forward = read_transposition(root);
  plan.original_median_spacing =
      root.get<std::vector<double>>("original_median_spacing_after_transp", "a list of numbers");
  if (root.has("original_median_shape_after_transp"))
    plan.original_median_shape =
        root.get<std::vector<int64_t>>("original_median_shape_after_transp", "a list of integers");
}

/// A 2D configuration of nnU-Net has two entries; the slice axis takes its own from the data set's medians.
std::vector<double> with_slice_axis(std::vector<double> planned, const std::vector<double>& original) {
  if (planned.size() == 2) planned.insert(planned.begin(), original.empty() ? 1.0 : original.front());
  return planned;
}

void check_plan(const Plan& plan, const Section& section) {
  const size_t axes = plan.patch_size.size();
  if (axes != 2 && axes != 3) section.fail(section.path("patch_size"), "of two or three entries");
  if (*std::min_element(plan.patch_size.begin(), plan.patch_size.end()) < 1)
    section.fail(section.path("patch_size"), "positive");
  if (plan.batch_size < 1) section.fail(section.path("batch_size"), "positive");
  if (plan.spacing.size() != 3 || !(*std::min_element(plan.spacing.begin(), plan.spacing.end()) > 0))
    section.fail(section.path("spacing"), "made of positive numbers, one an axis");
  if (plan.normalize_inside_mask.size() != plan.normalization.size())
    section.fail(section.path("use_mask_for_norm"), "as long as normalization_schemes");
  if (!plan.channel_names.empty() && plan.channel_names.size() != plan.normalization.size())
    section.fail(section.path("normalization_schemes"), "one for each channel");
}

}  // namespace

Plan from_json(const json& value, const std::string& where, const std::string& configuration) {
  const Section root(value, where, "");
  Plan plan;
  plan.configuration = chosen_configuration(root, configuration);
  const json merged = resolved_configuration(value.at("configurations"), plan.configuration, where);
  const Section section(merged, where, "configurations." + plan.configuration);

  read_common_part(root, plan);
  plan.batch_size = section.get<int64_t>("batch_size", "an integer");
  plan.batch_dice = section.get<bool>("batch_dice", "true or false");
  plan.patch_size = section.get<std::vector<int64_t>>("patch_size", "a list of integers");
  plan.dimensions = static_cast<int64_t>(plan.patch_size.size());
  plan.spacing =
      with_slice_axis(section.get<std::vector<double>>("spacing", "a list of numbers"), plan.original_median_spacing);
  const std::vector<double> slices(plan.original_median_shape.begin(), plan.original_median_shape.end());
  plan.median_shape =
      with_slice_axis(section.get<std::vector<double>>("median_image_size_in_voxels", "a list of numbers"), slices);
  plan.normalization = read_normalization(section);
  plan.normalize_inside_mask = section.get<std::vector<bool>>("use_mask_for_norm", "a list of true or false");
  plan.intensities =
      read_intensities(root.section("foreground_intensity_properties_per_channel"), plan.normalization.size());
  if (root.has("medvol")) read_own_part(root.section("medvol"), plan);
  if (section.has("medvol")) {
    const Section own = section.section("medvol");
    plan.spacing = own.get<std::vector<double>>("spacing", "a list of three numbers");
    plan.median_shape = own.get<std::vector<double>>("median_shape", "a list of three numbers");
  }
  check_plan(plan, section);
  plan.topology = read_topology(section.section("architecture").section("arch_kwargs"), plan.patch_size.size());
  return plan;
}

}  // namespace medvol::plan
