#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <string>

namespace medvol::datasets {

/// Case → its channel files by number, of names CASE_0000.nii.gz, CASE_0001.nii.gz (nnU-Net) or CASE.nii.gz (one file
/// for all channels). Files that begin with a point (macOS leaves ._CASE.nii.gz) are no images. `wanted` says which
/// files count; `whole` which stems name a case though they end like a channel (prostate_0017).
std::map<std::string, std::map<int, std::filesystem::path>> channel_files(
    const std::filesystem::path& folder, const std::function<bool(const std::filesystem::path&)>& wanted,
    const std::function<bool(const std::string&)>& whole = {});

}  // namespace medvol::datasets
