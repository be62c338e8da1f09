#include "datasets/catalogue/patient_table.h"

#include <map>
#include <optional>

#include "framework/core/error.h"
#include "framework/core/nearest.h"
#include "framework/storage/checksum.h"
#include "framework/storage/csv.h"

namespace medvol::datasets {

std::string patient_hash(const std::string& dataset, const std::string& patient) {
  return storage::keyed_hash("medvol patient of " + dataset, patient);
}

void apply_patient_table(const std::filesystem::path& table, DatasetDescription& dataset) {
  const storage::CsvTable csv = storage::read_csv(table);
  const size_t id_column = csv.column("case", table.string());
  const size_t patient_column = csv.column("patient", table.string());
  std::optional<size_t> site_column;
  for (size_t i = 0; i < csv.header.size(); ++i)
    if (csv.header[i] == "site") site_column = i;

  std::map<std::string, Case*> by_id;
  for (auto* list : {&dataset.cases, &dataset.test_cases})
    for (Case& one : *list) by_id[one.id] = &one;
  std::vector<std::string> known;
  for (const auto& [id, one] : by_id) known.push_back(id);

  std::map<std::string, bool> seen;
  for (const auto& row : csv.rows) {
    const std::string& id = row[id_column];
    if (!by_id.contains(id))
      throw core::UserError("there is no case '" + id + "'", table.string(), core::did_you_mean(id, known));
    if (std::exchange(seen[id], true))
      throw core::UserError("the case '" + id + "' stands there twice", table.string());
    if (row[patient_column].empty()) throw core::UserError("the case '" + id + "' has no patient", table.string());
    by_id[id]->patient = patient_hash(dataset.name, row[patient_column]);
    if (site_column) by_id[id]->site = row[*site_column];
  }
  for (const Case& one : dataset.cases)
    if (!seen.contains(one.id))
      throw core::UserError("the case '" + one.id + "' is missing", table.string(),
                            "every training case needs a patient");
}

}  // namespace medvol::datasets
