#include "datasets/catalogue/nbia_table.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "framework/core/error.h"
#include "framework/storage/csv.h"
#include "framework/storage/file_error.h"

namespace medvol::datasets {
namespace {

namespace fs = std::filesystem;

int64_t files_in(const fs::path& folder) {
  return std::count_if(fs::directory_iterator(folder), fs::directory_iterator(),
                       [](const auto& entry) { return entry.is_regular_file() && entry.path().extension() == ".dcm"; });
}

/// "./HNSCC/HNSCC-01-0001/…", from Windows with its other slashes.
fs::path folder_of(std::string location, const fs::path& root) {
  std::replace(location.begin(), location.end(), '\\', '/');
  return (root / location).lexically_normal();
}

/// The UIDs after the line ListOfSeriesToDownload=.
std::vector<std::string> read_manifest(const fs::path& file) {
  std::istringstream lines(storage::read_bytes(file));
  std::vector<std::string> uids;
  bool listed = false;
  for (std::string line; std::getline(lines, line);) {
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
    if (listed && !line.empty()) {
      if (line.find_first_not_of("0123456789.") != std::string::npos)
        throw core::UserError("'" + line + "' is no series UID", file.string(), "copy the manifest again");
      uids.push_back(line);
    }
    listed |= line.starts_with("ListOfSeriesToDownload=");
  }
  if (!listed) throw core::UserError("has no line ListOfSeriesToDownload=", file.string(), "is it a manifest of NBIA?");
  return uids;
}

void check_manifests(const fs::path& folder, const std::vector<NbiaSeries>& series) {
  std::set<std::string> known;
  for (const NbiaSeries& one : series) known.insert(one.uid);
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".tcia") continue;
    const std::vector<std::string> wanted = read_manifest(entry.path());
    const auto missing =
        std::count_if(wanted.begin(), wanted.end(), [&](const auto& uid) { return !known.contains(uid); });
    if (missing > 0)
      throw core::UserError(fmt::format("{} of its {} series were not downloaded", missing, wanted.size()),
                            entry.path().string(), "run the NBIA Data Retriever again: it goes on where it stopped");
  }
}

}  // namespace

fs::path nbia_folder(const fs::path& root) {
  if (fs::exists(root / "metadata.csv")) return root;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(root))
    if (fs::exists(entry.path() / "metadata.csv")) found.push_back(entry.path());
  if (found.size() == 1) return found.front();
  throw core::UserError(found.empty() ? "holds no metadata.csv" : "holds several downloads", root.string(),
                        "dataset.root names the folder that the NBIA Data Retriever made: manifest-…");
}

std::vector<NbiaSeries> read_nbia_table(const fs::path& folder) {
  const fs::path file = folder / "metadata.csv";
  const storage::CsvTable csv = storage::read_csv(file);
  const auto column = [&](const char* name) { return csv.column(name, file.string()); };
  const size_t uid = column("Series UID"), subject = column("Subject ID"), modality = column("Modality"),
               description = column("Series Description"), manufacturer = column("Manufacturer"),
               count = column("Number of Images"), location = column("File Location");
  std::vector<NbiaSeries> series;
  for (const auto& row : csv.rows) {
    NbiaSeries one{row[uid],         row[subject],      row[modality],
                   row[description], row[manufacturer], folder_of(row[location], folder)};
    if (!fs::is_directory(one.folder))
      throw core::UserError("names a folder that is not there: " + row[location], file.string(),
                            "run the NBIA Data Retriever again: it goes on where it stopped");
    if (const int64_t files = files_in(one.folder); std::to_string(files) != row[count])
      throw core::UserError(fmt::format("holds {} files where metadata.csv says {}", files, row[count]),
                            one.folder.string(), "run the NBIA Data Retriever again: it goes on where it stopped");
    series.push_back(std::move(one));
  }
  check_manifests(folder, series);
  return series;
}

}  // namespace medvol::datasets
