#pragma once
#include <filesystem>
#include <functional>
#include <optional>

#include "datasets/catalogue/folder_options.h"
#include "datasets/dataset.h"

namespace medvol::datasets {

/// What a layout begins with: a description of the folder that the options name. Throws core::UserError when it is
/// none.
DatasetDescription describe_folder(const FolderOptions& options);

/// A case of a DICOM collection: PATIENT_ and the last five digits of its series, which tell a patient's cases apart.
std::string series_case_id(const std::string& patient, const std::string& series_uid);

/// A case with a label map trains, one without is a test case.
void add_case(DatasetDescription& dataset, Case one);

/// A fold for each value of `part`, which is held out in it; folds in the order of the values.
std::vector<Split> folds_of(const std::vector<Case>& cases, const std::function<std::string(const Case&)>& part);

/// What every layout ends with, once `cases` and `test_cases` are listed: both sorted by id, the ending of label
/// maps after the first image's name, patients and sites of `patients` (patient_table.h), the splits that came with the
/// data. Throws core::UserError when an id stands twice.
void complete_description(DatasetDescription& dataset, const std::optional<std::filesystem::path>& patients);

}  // namespace medvol::datasets
