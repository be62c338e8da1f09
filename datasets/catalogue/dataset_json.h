#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "datasets/dataset.h"

namespace medvol::datasets {

/// dataset.json of an nnU-Net or Decathlon folder. Throws core::UserError when it is absent or no JSON (with line and
/// column).
nlohmann::ordered_json read_dataset_json(const std::filesystem::path& root);

/// Fills name, channel_names ("channel_names", else "modality"), labels (name → int, or "1" → name), ignore_label, and
/// regions (name → several ints) in the order they are declared in. Throws core::UserError naming file and key.
void read_declarations(const nlohmann::ordered_json& json, const std::filesystem::path& file, DatasetDescription& into);

/// splits_final.json beside dataset.json, empty when there is none. Every id must be a training case, none on both
/// sides of a fold.
std::vector<Split> read_given_splits(const std::filesystem::path& root, const DatasetDescription& dataset);

}  // namespace medvol::datasets
