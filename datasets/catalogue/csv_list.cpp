#include "datasets/catalogue/csv_list.h"

#include <algorithm>

#include "datasets/catalogue/complete_description.h"
#include "datasets/catalogue/patient_table.h"
#include "framework/core/error.h"
#include "framework/storage/csv.h"

namespace medvol::datasets {
namespace {

namespace fs = std::filesystem;

/// Which column holds what.
struct Columns {
  size_t id, label;
  std::vector<size_t> images;
  std::optional<size_t> patient, site;
  std::vector<size_t> attributes;
};

Columns columns_of(const storage::CsvTable& csv, const std::string& table) {
  const auto& header = csv.header;
  const auto find = [&](const std::string& name) -> std::optional<size_t> {
    const auto found = std::find(header.begin(), header.end(), name);
    return found == header.end() ? std::nullopt : std::optional(static_cast<size_t>(found - header.begin()));
  };
  Columns columns{csv.column("case", table), csv.column("label", table), {}, find("patient"), find("site"), {}};
  if (const auto one = find("image")) columns.images = {*one};
  for (size_t channel = 0; columns.images.size() == channel; ++channel)
    if (const auto one = find(fmt::format("image_{}", channel))) columns.images.push_back(*one);
  if (columns.images.empty()) columns.images = {csv.column("image", table)};
  for (size_t i = 0; i < header.size(); ++i) {
    const bool known = i == columns.id || i == columns.label || columns.patient == i || columns.site == i ||
                       std::find(columns.images.begin(), columns.images.end(), i) != columns.images.end();
    if (!known) columns.attributes.push_back(i);
  }
  return columns;
}

Case read_row(const std::vector<std::string>& row, const Columns& columns, const storage::CsvTable& csv,
              const fs::path& table) {
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
    one.images.push_back((table.parent_path() / row[image]).lexically_normal());
  }
  if (!row[columns.label].empty())
    one.labels = {{.file = (table.parent_path() / row[columns.label]).lexically_normal()}};
  for (const size_t attribute : columns.attributes) one.attributes[csv.header[attribute]] = row[attribute];
  return one;
}

}  // namespace

DatasetDescription CsvList::describe() const {
  MEDVOL_CHECK(options_.root, "the table was not bound");
  const fs::path& table = *options_.root;
  if (options_.labels.empty())
    throw core::UserError("a CSV does not name the classes", "dataset.labels",
                          "say them: dataset.labels='{liver: 1, lesion: 2}'");
  const storage::CsvTable csv = storage::read_csv(table);
  const Columns columns = columns_of(csv, table.string());
  DatasetDescription dataset;
  dataset.root = table.parent_path().empty() ? fs::path(".") : table.parent_path();
  for (const auto& row : csv.rows) add_case(dataset, read_row(row, columns, csv, table));
  if (dataset.cases.empty())
    throw core::UserError("no row has a label map", table.string(), "fill the column 'label' of the training cases");
  dataset.name = table.stem().string();
  dataset.channel_names = options_.channels;
  for (const auto& [name, label] : options_.labels)
    if (label < 1 || label > 255 || !dataset.labels.emplace(label, name).second)
      throw core::UserError(fmt::format("the label {} of '{}' is taken, or not from 1 to 255", label, name),
                            "dataset.labels", "every class has a number of its own; background is 0");
  dataset.ignore_label = options_.ignore_label;
  complete_description(dataset, std::nullopt);
  return dataset;
}

}  // namespace medvol::datasets
