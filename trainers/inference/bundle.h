#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "framework/plan/plan.h"
#include "framework/runtime/execution_context.h"
#include "trainers/inference/sliding_window.h"

namespace medvol::trainers {

/// What an exported file carries beside its network, as `medvol.json` inside it: enough to predict without catalogue,
/// planner or configuration.
struct BundleMetadata {
  std::string kind = "segmentation";  ///< the trainer that made it: what its output means
  std::string network;                ///< its name in the registry
  std::string licence;                ///< under which the weights may be used; empty: not stated
  std::vector<int64_t> fixed_size;    ///< the only spatial size the network takes; empty: any
  std::vector<int64_t> upsampling;    ///< output size over input size of the network itself, an axis; empty: 1
  std::vector<int64_t> factors;       ///< of a super-resolution model, which enlarges before a network that does not
  plan::Plan plan;                    ///< normalisation, spacing, patch, classes
  InferenceOptions inference;         ///< window step, weights, mirroring, window batch
  int64_t compute_threads = 0;        ///< that validation computed with: they decide the last digits
  std::string precision;              ///< "float32" or "bf16": what validation computed in
  std::string version;                ///< of medvol
  std::string run;                    ///< identity of the run that trained it (its data hash and seed)
};

/// Whether a trainer's network makes label maps: what `predict` writes and an evaluation scores.
bool makes_label_maps(const std::string& kind);

std::string bundle_text(const BundleMetadata& metadata);
BundleMetadata parse_bundle(const std::string& text, const std::string& where);

/// A network ready to predict, and how to prepare cases for it.
struct Model {
  BundleMetadata metadata;
  WindowNetwork network;
};

/// Reads an exported TorchScript file. Throws core::UserError for a file that is not one, or not ours.
Model load_torchscript(const std::filesystem::path& path, c10::Device device);

/// Name of the metadata inside an exported file.
inline constexpr const char* bundle_entry = "medvol.json";

}  // namespace medvol::trainers
