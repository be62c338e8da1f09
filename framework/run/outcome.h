#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace medvol::run {

/// What a finished run took, for tables: written last, so a run that has one is complete.
struct Outcome {
  std::string variant;  ///< equal for runs that differ in nothing but seed and place: they are one row over seeds
  uint64_t seed = 0;
  std::string network;
  int64_t parameters = 0;
  int64_t steps = 0;
  double training_seconds = 0;
  double milliseconds_per_case = 0;  ///< reading, predicting and writing a held-out case; 0: none was

  bool operator==(const Outcome&) const = default;
  nlohmann::json to_json() const;
  /// Atomic.
  void save(const std::filesystem::path& file) const;
  /// Nothing when there is no such file. Throws core::UserError when it is damaged.
  static std::optional<Outcome> load(const std::filesystem::path& file);
};

}  // namespace medvol::run
