#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "experiments/apps/assembly.h"

namespace medvol::apps {

struct ExportSettings {
  Weights checkpoint = Weights::automatic;
  std::string format = "torchscript";  ///< or "onnx"
  std::optional<int64_t> prune = std::nullopt;
  std::string licence = "";
};

/// Writes a run's network as one file, atomically.
void export_run(const std::filesystem::path& run, const std::filesystem::path& output,
                const ExportSettings& settings = {});

}  // namespace medvol::apps
