#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace medvol::apps {

/// Image files of a folder by case: CASE_0000.nii.gz, CASE_0001.nii.gz are the channels of CASE; a file without such a
/// number is a case of its own. Throws core::UserError when there is none.
std::map<std::string, std::vector<std::filesystem::path>> image_cases(const std::filesystem::path& folder);

/// Label maps of a folder by case.
std::map<std::string, std::filesystem::path> label_files(const std::filesystem::path& folder);

}  // namespace medvol::apps
