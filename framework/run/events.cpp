#include "framework/run/events.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstring>

#include "framework/core/error.h"

namespace medvol::run {
namespace {

static_assert(std::endian::native == std::endian::little,
              "event files are little endian, and are written as numbers lie");

// -------------------------------------------------------------------------------------------- protocol buffers, by
// hand A message is a row of (field number << 3 | wire type, value): https://protobuf.dev/programming-guides/encoding

enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

// Field numbers of tensorflow/core/util/event.proto and framework/summary.proto.
enum EventField { kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7 };
enum SummaryField { kValue = 1 };
enum ValueField { kTag = 1, kSimpleValue = 2 };
enum SessionLogField { kStatus = 1 };
constexpr uint64_t kSessionStart = 1;

template <class Number>
std::string raw(Number number) {
  std::string bytes(sizeof(number), '\0');
  std::memcpy(bytes.data(), &number, sizeof(number));
  return bytes;
}

std::string varint(uint64_t number) {
  std::string bytes;
  for (; number >= 0x80; number >>= 7) bytes += static_cast<char>(number | 0x80);
  return bytes += static_cast<char>(number);
}

std::string key(int field, WireType type) { return varint(static_cast<uint64_t>(field) << 3 | type); }
std::string varint_field(int field, uint64_t number) { return key(field, kVarint) + varint(number); }
std::string bytes_field(int field, std::string_view bytes) {
  return key(field, kBytes) + varint(bytes.size()) + std::string(bytes);
}
std::string double_field(int field, double number) { return key(field, kFixed64) + raw(number); }
std::string float_field(int field, float number) { return key(field, kFixed32) + raw(number); }

/// Walks over the fields of a message. A field that does not fit the message ends the walk with valid() false.
class MessageReader {
 public:
  explicit MessageReader(std::string_view bytes) : rest_(bytes) {}

  bool next() {
    if (rest_.empty() || !valid_) return false;
    uint64_t head = take_varint();
    field_ = static_cast<int>(head >> 3);
    switch (head & 7) {
      case kVarint:
        number_ = take_varint();
        break;
      case kFixed64:
        bytes_ = take(8);
        break;
      case kBytes:
        bytes_ = take(take_varint());
        break;
      case kFixed32:
        bytes_ = take(4);
        break;
      default:
        valid_ = false;
    }
    return valid_;
  }
  bool valid() const { return valid_; }
  int field() const { return field_; }
  uint64_t number() const { return number_; }
  std::string_view bytes() const { return bytes_; }

  template <class Number>
  Number fixed() {
    Number number{};
    if (bytes_.size() == sizeof(number))
      std::memcpy(&number, bytes_.data(), sizeof(number));
    else
      valid_ = false;
    return number;
  }

 private:
  std::string_view take(uint64_t size) {
    valid_ = valid_ && size <= rest_.size();
    if (!valid_) return {};
    std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  uint64_t take_varint() {
    uint64_t number = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      std::string_view byte = take(1);
      if (!valid_) return 0;
      number |= static_cast<uint64_t>(byte[0] & 0x7f) << shift;
      if (!(byte[0] & 0x80)) return number;
    }
    valid_ = false;
    return 0;
  }

  std::string_view rest_, bytes_;
  uint64_t number_ = 0;
  int field_ = 0;
  bool valid_ = true;
};

// --------------------------------------------------------------------------------------------------------------
// records

std::string record(std::string_view data) {
  std::string length = raw<uint64_t>(data.size());
  return length + raw(masked_crc32c(length)) + std::string(data) + raw(masked_crc32c(data));
}

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::filesystem::path event_file_name() {
  static std::atomic<int> count{0};  // two writers of one process and second
  char host[256] = "localhost";
  if (::gethostname(host, sizeof(host) - 1) != 0) std::strcpy(host, "localhost");
  return fmt::format("events.out.tfevents.{:010d}.{}.{}.{}", static_cast<int64_t>(seconds_since_1970()), host,
                     ::getpid(), count++);
}

bool parse_value(std::string_view bytes, ScalarEvent& event, bool& scalar) {
  MessageReader value(bytes);
  while (value.next()) {
    if (value.field() == kTag) event.tag = value.bytes();
    if (value.field() == kSimpleValue) event.value = value.fixed<float>(), scalar = true;
  }
  return value.valid();
}

/// Appends the scalars of one event. False when it is no valid message.
bool parse_event(std::string_view bytes, std::vector<ScalarEvent>& scalars) {
  ScalarEvent event;
  std::vector<std::string_view> values;
  MessageReader reader(bytes);
  while (reader.next()) {
    if (reader.field() == kWallTime) event.wall_time = reader.fixed<double>();
    if (reader.field() == kStep) event.step = static_cast<int64_t>(reader.number());
    if (reader.field() != kSummary) continue;
    MessageReader summary(reader.bytes());
    while (summary.next())
      if (summary.field() == kValue) values.push_back(summary.bytes());
    if (!summary.valid()) return false;
  }
  for (std::string_view value : values) {
    bool scalar = false;
    if (!parse_value(value, event, scalar)) return false;
    if (scalar) scalars.push_back(event);
  }
  return reader.valid();
}

constexpr std::array<uint32_t, 256> crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t remainder = i;
    for (int bit = 0; bit < 8; ++bit) remainder = remainder >> 1 ^ (remainder & 1 ? 0x82F63B78u : 0u);
    table[i] = remainder;
  }
  return table;
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  static constexpr std::array<uint32_t, 256> table = crc_table();
  uint32_t crc = ~0u;
  for (char byte : bytes) crc = crc >> 8 ^ table[(crc ^ static_cast<uint8_t>(byte)) & 0xff];
  return ~crc;
}

uint32_t masked_crc32c(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xa282ead8u; }

EventWriter::EventWriter(const std::filesystem::path& folder, std::optional<int64_t> resumed_after)
    : path_(folder / event_file_name()) {
  storage::make_folder(folder);
  file_ = storage::Descriptor::open(path_, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, "write");
  write_event(0, kFileVersion, "brain.Event:2");
  if (resumed_after) write_event(*resumed_after + 1, kSessionLog, varint_field(kStatus, kSessionStart));
}

void EventWriter::scalar(const std::string& tag, int64_t step, double value) {
  std::string content = bytes_field(kTag, tag) + float_field(kSimpleValue, static_cast<float>(value));
  write_event(step, kSummary, bytes_field(kValue, content));
}

void EventWriter::write_event(int64_t step, int field, std::string_view content) {
  std::string event = double_field(kWallTime, seconds_since_1970());
  if (step != 0) event += varint_field(kStep, static_cast<uint64_t>(step));
  std::string bytes = record(event + bytes_field(field, content));
  storage::write_all(file_, bytes.data(), bytes.size(), path_);
}

std::vector<ScalarEvent> read_events(const std::filesystem::path& file) {
  constexpr size_t kHead = 12, kTail = 4;
  std::string content = storage::read_bytes(file);
  std::string_view rest = content;
  std::vector<ScalarEvent> scalars;
  auto damaged = [&] {
    return core::UserError("the event file is damaged",
                           fmt::format("{}, byte {}", file.string(), content.size() - rest.size()));
  };
  auto number_at = [&](auto zero, size_t at) {
    std::memcpy(&zero, rest.data() + at, sizeof(zero));
    return zero;
  };
  while (rest.size() >= kHead) {
    if (number_at(uint32_t{}, 8) != masked_crc32c(rest.substr(0, 8))) throw damaged();
    uint64_t length = number_at(uint64_t{}, 0);
    if (length > rest.size() - kHead || rest.size() - kHead - length < kTail) break;  // torn
    std::string_view data = rest.substr(kHead, length);
    if (number_at(uint32_t{}, kHead + length) != masked_crc32c(data) || !parse_event(data, scalars)) throw damaged();
    rest.remove_prefix(kHead + length + kTail);
  }
  return scalars;
}

}  // namespace medvol::run
