#include "framework/dicom/deidentify.h"

#include <sys/random.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "framework/core/error.h"
#include "framework/dicom/confidentiality.h"
#include "framework/dicom/header_parser.h"
#include "framework/dicom/series.h"
#include "framework/storage/atomic_file.h"
#include "framework/storage/csv.h"

namespace medvol::dicom {
namespace {

constexpr Tag burned_in_tag = 0x00280301, directory_tag = 0x00041200;

std::string random_key() {
  std::string key(32, '\0');
  if (::getentropy(key.data(), key.size()) != 0) throw core::UserError("the system gives no random numbers");
  return key;
}

bool lies_in(const std::filesystem::path& inner, const std::filesystem::path& outer) {
  const auto end = std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
  return end.first == outer.end();
}

void check_folders(const DeidentifyOptions& options) {
  const auto input = std::filesystem::weakly_canonical(options.input);
  const auto output = std::filesystem::weakly_canonical(options.output);
  if (!std::filesystem::is_directory(input)) throw core::UserError("no such folder", options.input.string());
  if (lies_in(output, input) || lies_in(input, output)) {
    throw core::UserError("input and output lie in each other", options.output.string(), "give a folder elsewhere");
  }
  if (std::filesystem::exists(output) &&
      (!std::filesystem::is_directory(output) || !std::filesystem::is_empty(output))) {
    throw core::UserError("is not an empty folder", options.output.string(), "give one that is new or empty");
  }
  if (!options.mapping.empty() && lies_in(std::filesystem::weakly_canonical(options.mapping), output)) {
    throw core::UserError("the mapping of identifiers may not lie among the copies", options.mapping.string());
  }
}

/// Every DICOM file to copy; reads headers only, and finds every damage before anything is written.
std::vector<std::filesystem::path> find_files(const DeidentifyOptions& options, DeidentifySummary& summary) {
  std::vector<std::filesystem::path> files, result;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(options.input)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::filesystem::path first_burned_in;
  for (const auto& path : files) {
    if (!is_dicom_file(path)) {
      ++summary.other_files;
      continue;
    }
    Header header;
    try {
      header = parse_header(path, {burned_in_tag, directory_tag});
    } catch (const std::runtime_error&) {
      throw core::UserError("damaged or truncated DICOM file", path.string(), "copy it again, or take it out");
    }
    if (header.values.contains(directory_tag)) {
      ++summary.directories;
    } else if (header.text(burned_in_tag) == "YES") {
      ++summary.burned_in;
      if (first_burned_in.empty()) first_burned_in = path;
    } else {
      summary.undeclared += header.has_pixels && header.text(burned_in_tag) != "NO";
      result.push_back(path);
    }
  }
  if (summary.burned_in > 0 && !options.leave_out_burned_in) {
    throw core::UserError(fmt::format("{} file{} annotation burned into the pixels (BurnedInAnnotation YES)",
                                      summary.burned_in, summary.burned_in == 1 ? " declares" : "s declare"),
                          first_burned_in.string(),
                          "pixels are not cleaned here: take them out, or leave_out_burned_in=true");
  }
  if (result.empty()) throw core::UserError("no DICOM file to copy in this folder", options.input.string());
  return result;
}

void write_audit(const DeidentifyOptions& options, const Confidentiality& profile, const DeidentifySummary& summary) {
  nlohmann::ordered_json audit;
  audit["profile"] = "DICOM PS3.15 2026c, annex E: Basic Application Level Confidentiality Profile";
  audit["program"] = options.program;
  audit["kept"] = options.keep;
  audit["files_written"] = summary.written;
  audit["left_out"] = {{"burned_in_annotation", summary.burned_in},
                       {"dicomdir", summary.directories},
                       {"not_dicom", summary.other_files},
                       {"same_instance_twice", summary.repeated}};
  audit["burned_in_annotation_not_declared"] = summary.undeclared;
  audit["attributes"] = nlohmann::ordered_json::array();
  for (const auto& [tag, count] : profile.counts()) {
    audit["attributes"].push_back({{"tag", tag},
                                   {"name", count.name},
                                   {"action", count.action},
                                   {"top_level", count.top_level},
                                   {"in_sequences", count.in_sequences}});
  }
  storage::write_atomic(options.output / "audit.json", audit.dump(1) + "\n");
}

void write_mapping(const DeidentifyOptions& options, const Confidentiality& profile,
                   const std::map<std::string, std::string>& patients) {
  if (options.mapping.empty()) return;
  std::vector<std::vector<std::string>> rows;
  for (const auto& [old_id, new_id] : patients) rows.push_back({"PatientID", old_id, new_id});
  for (const auto& [old_uid, new_uid] : profile.uids()) rows.push_back({"UID", old_uid, new_uid});
  storage::write_csv(options.mapping, {"kind", "old", "new"}, rows);
}

}  // namespace

DeidentifySummary deidentify_tree(const DeidentifyOptions& options, const std::function<void(double)>& progress) {
  check_folders(options);
  DeidentifySummary summary;
  Confidentiality profile(options.key.empty() ? random_key() : options.key, options.keep, options.program);
  const std::vector<std::filesystem::path> files = find_files(options, summary);
  std::map<std::string, std::string> patients;
  std::set<std::string> pseudonyms, studies, series, instances;
  for (size_t i = 0; i < files.size(); ++i) {
    // Preamble and meta information stay behind: they may hold anything.
    DcmFileFormat file(read_data_set(files[i])->getAndRemoveDataset(), /*deepCopy=*/OFFalse);
    DcmDataset& data = *file.getDataset();
    const std::string patient = profile.patient(data);
    patients.emplace(text_of(data, DCM_PatientID), patient);
    if (text_of(data, DCM_SOPInstanceUID).empty()) {
      throw core::UserError("has no SOPInstanceUID", files[i].string(), "take it out: nothing can refer to it");
    }
    profile.apply(data);
    const std::string study = text_of(data, DCM_StudyInstanceUID), one = text_of(data, DCM_SeriesInstanceUID);
    const std::string instance = text_of(data, DCM_SOPInstanceUID);
    if (instances.insert(instance).second) {
      const auto folder = options.output / patient / (study.empty() ? "study" : study) / (one.empty() ? "series" : one);
      write_data_set(folder / (instance + ".dcm"), file);
      pseudonyms.insert(patient);
      studies.insert(study);
      series.insert(one);
      ++summary.written;
    } else {
      ++summary.repeated;
    }
    if (progress) progress(static_cast<double>(i + 1) / static_cast<double>(files.size()));
  }
  summary.patients = static_cast<int64_t>(pseudonyms.size());
  summary.studies = static_cast<int64_t>(studies.size());
  summary.series = static_cast<int64_t>(series.size());
  write_audit(options, profile, summary);
  write_mapping(options, profile, patients);
  return summary;
}

}  // namespace medvol::dicom
