#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace medvol::apps {

/// Image files of a folder by case: with two channels CASE_0000.nii.gz and CASE_0001.nii.gz are one CASE; a file whose
/// name does not end in a channel's number is a case of its own (prostate_0017.nii.gz, say). Throws core::UserError
/// when there is no image.
std::map<std::string, std::vector<std::filesystem::path>> image_cases(const std::filesystem::path& folder,
                                                                      size_t channels);

/// Label maps of a folder by case.
std::map<std::string, std::filesystem::path> label_files(const std::filesystem::path& folder);

}  // namespace medvol::apps
