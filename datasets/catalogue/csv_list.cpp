#include "datasets/catalogue/csv_list.h"

#include <algorithm>

#include "datasets/catalogue/complete_description.h"
#include "datasets/catalogue/patient_table.h"
#include "framework/core/error.h"
#include "framework/core/nearest.h"
#include "framework/storage/csv.h"

namespace medvol::datasets {
namespace {

namespace fs = std::filesystem;

/// Which column holds what.
struct Columns {
  size_t id;
  std::optional<size_t> label;
  std::vector<std::pair<size_t, int64_t>> masks;  ///< column, label
  std::vector<size_t> images;
  std::optional<size_t> patient, site;
  std::vector<size_t> attributes;
};

constexpr std::string_view mask_prefix = "mask_";

/// Columns mask_NAME with the label of NAME.
std::vector<std::pair<size_t, int64_t>> mask_columns(const std::vector<std::string>& header,
                                                     const CsvListOptions& options, const std::string& table) {
  std::vector<std::pair<size_t, int64_t>> masks;
  std::vector<std::string> known;
  for (const auto& [name, label] : options.labels) known.push_back(name);
  for (size_t i = 0; i < header.size(); ++i) {
    if (!header[i].starts_with(mask_prefix)) continue;
    const auto found = options.labels.find(header[i].substr(mask_prefix.size()));
    if (found == options.labels.end())
      throw core::UserError("dataset.labels has no class for the column '" + header[i] + "'", table,
                            core::did_you_mean(header[i].substr(mask_prefix.size()), known));
    masks.emplace_back(i, found->second);
  }
  return masks;
}

Columns columns_of(const storage::CsvTable& csv, const CsvListOptions& options, const std::string& table) {
  const auto& header = csv.header;
  const auto find = [&](const std::string& name) -> std::optional<size_t> {
    const auto found = std::find(header.begin(), header.end(), name);
    return found == header.end() ? std::nullopt : std::optional(static_cast<size_t>(found - header.begin()));
  };
  Columns columns{csv.column("case", table), find("label"), {}, {}, find("patient"), find("site"), {}};
  columns.masks = mask_columns(header, options, table);
  if (columns.label && !columns.masks.empty())
    throw core::UserError("has both a column 'label' and columns 'mask_…'", table, "a label map, or a file a class");
  if (columns.masks.empty()) columns.label = csv.column("label", table);
  if (const auto one = find("image")) columns.images = {*one};
  for (size_t channel = 0; columns.images.size() == channel; ++channel)
    if (const auto one = find(fmt::format("image_{}", channel))) columns.images.push_back(*one);
  if (columns.images.empty()) columns.images = {csv.column("image", table)};
  for (size_t i = 0; i < header.size(); ++i) {
    const bool known = i == columns.id || columns.label == i || header[i].starts_with(mask_prefix) ||
                       columns.patient == i || columns.site == i ||
                       std::find(columns.images.begin(), columns.images.end(), i) != columns.images.end();
    if (!known) columns.attributes.push_back(i);
  }
  return columns;
}

Case read_row(const std::vector<std::string>& row, const Columns& columns, const storage::CsvTable& csv,
              const fs::path& table, const fs::path& folder) {
  Case one;
  one.id = row[columns.id];
  if (one.id.empty()) throw core::UserError("a row names no case", table.string(), "fill the column 'case'");
  one.patient = columns.patient && !row[*columns.patient].empty()
                    ? patient_hash(table.stem().string(), row[*columns.patient])
                    : one.id;
  if (columns.site) one.site = row[*columns.site];
  for (const size_t image : columns.images) {
    if (row[image].empty())
      throw core::UserError("the case '" + one.id + "' has no " + csv.header[image], table.string());
    one.images.push_back((folder / row[image]).lexically_normal());
  }
  if (columns.label && !row[*columns.label].empty())
    one.labels = {{.file = (folder / row[*columns.label]).lexically_normal()}};
  for (const auto& [column, label] : columns.masks)
    if (!row[column].empty()) one.labels.push_back({.file = (folder / row[column]).lexically_normal(), .label = label});
  for (const size_t attribute : columns.attributes) one.attributes[csv.header[attribute]] = row[attribute];
  return one;
}

}  // namespace

DatasetDescription CsvList::describe() const {
  MEDVOL_CHECK(options_.root, "the table was not bound");
  const fs::path& table = *options_.root;
  DatasetDescription dataset;
  declare_labels(options_, "a CSV does not name the classes", dataset);
  const storage::CsvTable csv = storage::read_csv(table);
  const Columns columns = columns_of(csv, options_, table.string());
  dataset.root = options_.folder ? *options_.folder : table.parent_path().empty() ? fs::path(".") : table.parent_path();
  for (const auto& row : csv.rows) add_case(dataset, read_row(row, columns, csv, table, dataset.root));
  if (dataset.cases.empty())
    throw core::UserError("no row has a label map", table.string(), "fill the column 'label' of the training cases");
  dataset.name = table.stem().string();
  complete_description(dataset, std::nullopt);
  return dataset;
}

}  // namespace medvol::datasets
