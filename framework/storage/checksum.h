#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace medvol::storage {

/// BLAKE2b with 128 bits (RFC 7693), in hexadecimal: 32 characters. For integrity and identity of content.
class Hasher {
 public:
  Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  ~Hasher();
  Hasher& update(std::string_view bytes) { return update(bytes.data(), bytes.size()); }
  Hasher& update(const void* bytes, size_t size);
  /// The hash of all bytes so far. May be called at any time, and updating may go on after it.
  std::string hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string checksum(std::string_view bytes);
/// Of a file's content. UserError when it cannot be read.
std::string file_checksum(const std::filesystem::path& path);

/// The name under which a patient, study or site may leave the readers: who has not the key can neither undo it nor try
/// names against it. BLAKE2b-128 keyed with BLAKE2b-256(key); 32 hexadecimal characters.
std::string keyed_hash(std::string_view key, std::string_view text);

}  // namespace medvol::storage
