#pragma once
#include "experiments/apps/assembly.h"
#include "networks/export/torchscript.h"

namespace medvol::apps {

/// Writes a run's network, preprocessing and classes as one file. `format`: torchscript or onnx.
void export_run(const std::filesystem::path& run, Weights weights, const std::filesystem::path& output,
                const std::string& format = "torchscript");

}  // namespace medvol::apps
