#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace medvol::dicom {

struct DeidentifyOptions {
  std::filesystem::path input, output;
  /// Decides the new identifiers: the same key gives the same ones. Empty: a random one, which is kept nowhere.
  std::string key = {};
  std::vector<std::string> keep = {};  ///< attributes by keyword ("PatientSex") that stay as they are
  bool leave_out_burned_in = false;    ///< leave out files that declare burned-in annotation, instead of refusing
  std::filesystem::path mapping = {};  ///< CSV of old and new identifiers; empty: none is written
  std::string program = {};            ///< name and version for DeidentificationMethod
};

/// What became of the files of a tree.
struct DeidentifySummary {
  int64_t written = 0, patients = 0, studies = 0, series = 0;
  int64_t burned_in = 0;    ///< left out: BurnedInAnnotation is YES
  int64_t undeclared = 0;   ///< written: pixels, but no word on burned-in annotation
  int64_t directories = 0;  ///< left out: DICOMDIR files
  int64_t other_files = 0;  ///< left out: no DICOM
  int64_t repeated = 0;     ///< left out: another file has the same SOPInstanceUID
};

/// Copies the DICOM files of a folder by the Basic Application Level Confidentiality Profile (PS3.15, annex E, edition
/// 2026c), into OUTPUT/patient/study/series/instance.dcm, named by new identifiers. In every nested sequence too:
///  - attributes of table E.1-1 are removed (X), emptied (Z), given a dummy of their kind (D) or a new UID (U); where
///    the table leaves a choice to the attribute's type, the value that every type allows is taken;
///  - PatientName and PatientID become one keyed hash of PatientID, so that patients stay apart;
///  - removed as well: private attributes, curves and overlays, and attributes that DCMTK's dictionary does not know;
///  - any other UID that is no class's or coding scheme's is replaced, any other person's name emptied.
/// UIDs are replaced by 2.25 and a keyed hash, the same throughout. Pixels keep their bytes.
/// OUTPUT/audit.json counts what was done to each attribute, without any value.
///
/// UserError, before a file is written: a damaged file, burned-in annotation, an output that is not empty or lies in
/// the input, an unknown attribute in `keep`, and those that identify by themselves. Each file appears whole or not at
/// all; `progress` is told the share done and may throw to stop.
DeidentifySummary deidentify_tree(const DeidentifyOptions& options, const std::function<void(double)>& progress = {});

}  // namespace medvol::dicom
