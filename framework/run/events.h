#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "framework/storage/file_error.h"

namespace medvol::run {

/// Writes scalars as a TensorBoard event file, `events.out.tfevents.<seconds>.<host>.<pid>.<number>` in the folder.
/// Format: records of u64 length, masked CRC-32C of the length, an Event message (protocol buffers,
/// tensorflow/core/util/event.proto), masked CRC-32C of the message; little endian. A record is one write(): a kill
/// loses at most the last. A new file each time the program starts.
class EventWriter {
 public:
  /// `resumed_after`: the last step that counts when a run is resumed; TensorBoard then forgets the later ones of the
  /// files before. UserError when the file cannot be made.
  explicit EventWriter(const std::filesystem::path& folder, std::optional<int64_t> resumed_after = std::nullopt);

  void scalar(const std::string& tag, int64_t step, double value);
  const std::filesystem::path& path() const { return path_; }

 private:
  void write_event(int64_t step, int field, std::string_view content);

  std::filesystem::path path_;
  storage::Descriptor file_;
};

/// One scalar as read back; `value` went through float.
struct ScalarEvent {
  std::string tag;
  int64_t step = 0;
  float value = 0;
  double wall_time = 0;  ///< seconds since 1970
};

/// The scalars of an event file in order. A torn last record is passed over; a wrong checksum is a UserError.
std::vector<ScalarEvent> read_events(const std::filesystem::path& file);

/// CRC-32C (Castagnoli, RFC 3720): of "123456789" 0xE3069283.
uint32_t crc32c(std::string_view bytes);
/// As records carry it, so that a checksum of data holding checksums stays good: rotated right by 15, plus 0xa282ead8.
uint32_t masked_crc32c(std::string_view bytes);

}  // namespace medvol::run
