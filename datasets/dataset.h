#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "framework/plan/plan.h"
#include "framework/registry/registry.h"

namespace medvol::datasets {

/// What some file says of a case's labels.
struct LabelFile {
  std::filesystem::path file;
  /// Which part of the file, where it holds more than the wanted: a segment of a DICOM-SEG, a region of an RTSTRUCT, an
  /// agreement level of LIDC's XML, values of a label map ("3,4"). Empty: the whole file.
  std::string structure = {};
  std::optional<int64_t> label = {};  ///< what its voxels other than 0 become; without: the file is a label map
};

/// One examination: a file a channel and, when known, what its labels are made of. A path may also lead to the folder
/// of a DICOM series, or go on inside a file (catalogue/voxel_file.h).
struct Case {
  std::string id;       ///< what predictions and tables call it
  std::string patient;  ///< cases of one patient stay on one side of a split; equal to id when unknown
  std::string site;     ///< empty when unknown
  std::map<std::string, std::string> attributes = {};  ///< what else is known of it: group, phase, grade
  std::vector<std::filesystem::path> images;
  std::vector<LabelFile> labels = {};  ///< painted in their order, later over earlier; empty for a test case
};

/// Training and validation ids of one fold, each sorted.
struct Split {
  std::vector<std::string> train, validation;
};

/// What a catalogue entry says of a data set on disk.
struct DatasetDescription {
  std::string name;
  std::filesystem::path root;
  std::vector<std::string> channel_names;
  std::map<int64_t, std::string> labels;  ///< foreground label, as files hold it, → name
  std::optional<int64_t> ignore_label;
  std::vector<plan::Region> regions;  ///< what is to be predicted where classes overlap (plan::Plan::regions)
  std::string file_ending;            ///< ".nii.gz"
  std::vector<Case> cases;            ///< sorted by id, training cases (with labels)
  std::vector<Case> test_cases;       ///< without labels
  std::vector<Split> given_splits;    ///< of splits_final.json, else empty

  /// Throws core::UserError with the nearest id.
  const Case& find(const std::string& id) const;
};

/// Reads a layout. Building one touches no files; `describe` does.
class Dataset {
 public:
  virtual ~Dataset() = default;
  /// Throws core::UserError with path and hint when the layout is not there.
  virtual DatasetDescription describe() const = 0;
};

using DatasetRegistry = registry::Registry<std::unique_ptr<Dataset>>;
using DatasetChoice = registry::Choice<std::unique_ptr<Dataset>>;

}  // namespace medvol::datasets
