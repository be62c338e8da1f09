#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/catalogue/survey.h"

namespace medvol::apps {

/// Writes report.html (cases, grids, intensities, label volumes with how many cases lack each, pictures), report.json
/// and montage.png (`pictures` evenly chosen cases, at least one) into `folder`.
void write_dataset_report(const datasets::DatasetDescription& dataset, const std::vector<datasets::CaseSurvey>& cases,
                          int64_t pictures, const std::filesystem::path& folder);

/// The labels' table for the terminal.
std::string dataset_report_text(const datasets::DatasetDescription& dataset,
                                const std::vector<datasets::CaseSurvey>& cases);

}  // namespace medvol::apps
