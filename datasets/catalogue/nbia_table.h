#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace medvol::datasets {

/// A series as the NBIA Data Retriever's metadata.csv tells of it.
struct NbiaSeries {
  std::string uid, subject, modality, description, manufacturer;
  std::filesystem::path folder;
};

/// Reads FOLDER/metadata.csv, and holds what it says against the disk and against the manifests (*.tcia) beside it.
/// Throws core::UserError for a column or folder that is missing, a number of files other than the row's, and a series
/// of a manifest without a row.
std::vector<NbiaSeries> read_nbia_table(const std::filesystem::path& folder);

/// ROOT, or the one folder in it that holds a metadata.csv. Throws core::UserError when there is none, or several.
std::filesystem::path nbia_folder(const std::filesystem::path& root);

}  // namespace medvol::datasets
