#include "datasets/planning/kept_fingerprint.h"

#include <optional>

#include "datasets/catalogue/case_source.h"
#include "datasets/catalogue/parallel.h"
#include "framework/core/logging.h"
#include "framework/storage/atomic_file.h"
#include "framework/storage/checksum.h"
#include "framework/storage/file_error.h"

namespace medvol::datasets {
namespace {

using nlohmann::json;

/// Raised whenever the same files and options give another fingerprint.
constexpr int fingerprint_version = 1;

std::string identity(const DatasetDescription& dataset, const FingerprintOptions& options,
                     const std::filesystem::path& checksums) {
  CaseSource source(checksums);
  std::vector<json> sources(dataset.cases.size());
  for_each_parallel(static_cast<int64_t>(sources.size()), options.threads,
                    [&](int64_t i) { sources[size_t(i)] = source.of(dataset.cases[size_t(i)]); });
  source.keep();
  json all = {{"version", fingerprint_version},
              {"samples", options.foreground_samples},
              {"seed", options.seed},
              {"channels", dataset.channel_names.size()},
              {"corrections", plan::to_json(options.corrections)},
              {"ignore_label", dataset.ignore_label ? json(*dataset.ignore_label) : json()}};
  for (const auto& [label, name] : dataset.labels) all["labels"].push_back(label);
  for (size_t i = 0; i < sources.size(); ++i) all["cases"].push_back({dataset.cases[i].id, sources[i]});
  return storage::checksum(all.dump());
}

std::optional<Fingerprint> kept(const DatasetDescription& dataset, const std::filesystem::path& path,
                                const std::string& identity) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  try {
    const json file = json::parse(storage::read_bytes(path));
    if (file.at("medvol").at("identity") != identity) return std::nullopt;
    Fingerprint result = fingerprint_from_json(file);
    if (result.cases.size() != dataset.cases.size()) return std::nullopt;
    for (size_t i = 0; i < result.cases.size(); ++i) result.cases[i].id = dataset.cases[i].id;
    return result;
  } catch (const json::exception& error) {
    core::log_warning("{}: damaged, and made anew ({})", path.string(), error.what());
    return std::nullopt;
  }
}

}  // namespace

Fingerprint kept_fingerprint(const DatasetDescription& dataset, const std::filesystem::path& path,
                             const FingerprintOptions& options, const ProgressCallback& progress) {
  const std::string current =
      identity(dataset, options, std::filesystem::path(path).replace_extension(".checksums.json"));
  if (std::optional<Fingerprint> before = kept(dataset, path, current)) {
    before->corrections = options.corrections;
    return *std::move(before);
  }
  const Fingerprint found = extract_fingerprint(dataset, options, progress);
  json file = to_json(found);
  file["medvol"] = {{"identity", current}};
  std::filesystem::create_directories(path.parent_path());
  storage::write_atomic(path, file.dump(1) + "\n");
  return found;
}

}  // namespace medvol::datasets
