#include "experiments/apps/image_cases.h"

#include <algorithm>
#include <cctype>

#include "framework/core/error.h"
#include "framework/imaging/image_io.h"

namespace medvol::apps {
namespace {

constexpr size_t channel_suffix = 5;  // "_0000"

/// Whether a file's stem ends in "_0000" … of one of the channels.
bool has_channel_number(const std::string& stem, size_t channels) {
  if (stem.size() <= channel_suffix || stem[stem.size() - channel_suffix] != '_') return false;
  const std::string number = stem.substr(stem.size() - channel_suffix + 1);
  return std::all_of(number.begin(), number.end(), [](unsigned char c) { return std::isdigit(c); }) &&
         std::stoul(number) < channels;
}

std::vector<std::filesystem::path> image_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.is_regular_file() && imaging::is_image_path(entry.path()) &&
        entry.path().filename().string().front() != '.')
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

std::map<std::string, std::vector<std::filesystem::path>> image_cases(const std::filesystem::path& folder,
                                                                      size_t channels) {
  std::map<std::string, std::vector<std::filesystem::path>> cases;
  for (const auto& file : image_files(folder)) {
    std::string stem = imaging::image_stem(file);
    if (has_channel_number(stem, channels)) stem.resize(stem.size() - channel_suffix);
    cases[stem].push_back(file);
  }
  if (cases.empty())
    throw core::UserError("holds no image", folder.string(), "expected .nii, .nii.gz, .nrrd, .mha, .png or .tif files");
  return cases;
}

std::map<std::string, std::filesystem::path> label_files(const std::filesystem::path& folder) {
  std::map<std::string, std::filesystem::path> files;
  for (const auto& file : image_files(folder)) files.emplace(imaging::image_stem(file), file);
  if (files.empty())
    throw core::UserError("holds no label map", folder.string(),
                          "expected .nii, .nii.gz, .nrrd, .mha, .png or .tif files");
  return files;
}

}  // namespace medvol::apps
