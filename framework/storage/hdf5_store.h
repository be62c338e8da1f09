#pragma once
#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace medvol::storage {

/// Builds one HDF5 file: per key (a case) a group of tensors with a JSON attribute.
///
/// HDF5 changes its own bookkeeping in place, so a kill while a file grows can leave it unreadable. Therefore a case
/// first becomes a part file of its own (a tensor archive: atomic, with checksum) in the folder `<path>.parts`, and
/// finish() merges all parts into a temporary HDF5 file which is renamed to `path`. Killed at any moment, the writer
/// finds every case whose add() had returned, and `path` is absent, the previous store or the new one, never a part.
/// The price: while merging, the disk holds the data twice.
///
/// add(), has(), attributes() and erase() may be called from several threads. A second process is refused.
class StoreWriter {
 public:
  /// Opens or continues. A store already at `path` counts as done: its cases are there, can be replaced or erased.
  explicit StoreWriter(std::filesystem::path path);
  StoreWriter(const StoreWriter&) = delete;
  StoreWriter& operator=(const StoreWriter&) = delete;
  ~StoreWriter();

  bool has(const std::string& key) const;
  /// The attributes of a case that is there: what it was made from, to notice that it must be made anew.
  nlohmann::json attributes(const std::string& key) const;
  /// Keys of all cases, sorted.
  std::vector<std::string> keys() const;

  /// Adds or replaces a case; durable on return. Types: uint8, int8, int16, int32, int64, float16, float32, float64.
  /// Neither key nor tensor names may be empty, ".", or contain '/': UserError.
  void add(const std::string& key, const std::map<std::string, at::Tensor>& tensors, const nlohmann::json& attributes);
  /// Forgets a case (in the store itself with the next finish()).
  void erase(const std::string& key);

  /// Merges into the one file, keys sorted; the same content gives the same file content. Without changes nothing is
  /// written. UserError when a part is damaged: it is removed, so that running again makes that case anew.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Reads a store through a memory mapping. Debian's HDF5 is not thread-safe: it is used, under one lock, to find where
/// the data lie, and no more after opening. All methods may be called by any number of threads.
class StoreReader {
 public:
  /// UserError when the file is missing, truncated, or not such a store.
  explicit StoreReader(const std::filesystem::path& path);
  StoreReader(StoreReader&&) noexcept;
  StoreReader& operator=(StoreReader&&) noexcept;
  ~StoreReader();

  /// Sorted.
  const std::vector<std::string>& keys() const;
  bool has(const std::string& key) const;
  /// Names of a case's tensors, sorted. Unknown key: UserError with the nearest.
  std::vector<std::string> names(const std::string& key) const;
  bool has(const std::string& key, const std::string& name) const;
  /// A view on the mapping, no copy; it keeps the mapping alive. Read only: writing to it ends the program.
  at::Tensor tensor(const std::string& key, const std::string& name) const;
  const nlohmann::json& attributes(const std::string& key) const;

  /// BLAKE2b-128 over the tensors' contents and the attributes of one case, as recorded when it was added.
  const std::string& checksum(const std::string& key) const;
  /// One hash for the whole store: over all keys and their checksums.
  std::string checksum() const;
  /// Reads all of a case's data and compares with the record. UserError when damaged.
  void verify(const std::string& key) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace medvol::storage
