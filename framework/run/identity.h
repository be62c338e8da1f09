#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace medvol::run {

/// What a run was made with: enough to say why two runs differ, and to set the program up alike for a resume.
struct Identity {
  std::string program_version;
  std::string git_commit;  ///< "unknown" outside a repository
  std::string torch_version;
  std::string device;       ///< "cpu", "cuda:0"
  std::string device_name;  ///< the accelerator's name; the CPU's on the CPU
  std::string cpu;
  int compute_threads = 0;    ///< part of the result's last digits: a resume restores it
  std::string precision;      ///< "float32", "bf16"
  std::string memory_format;  ///< of training batches: "contiguous", "channels_last"
  std::string data_hash;      ///< of the prepared data
  uint64_t seed = 0;

  bool operator==(const Identity&) const = default;
  nlohmann::json to_json() const;
  /// UserError with `where` on a missing or mistyped field.
  static Identity from_json(const nlohmann::json& json, const std::string& where = "identity.json");

  void save(const std::filesystem::path& file) const;
  static Identity load(const std::filesystem::path& file);

  /// `compute_threads: 2 there, 4 here` for every field in which `here` differs.
  std::vector<std::string> differences(const Identity& here) const;
};

}  // namespace medvol::run
