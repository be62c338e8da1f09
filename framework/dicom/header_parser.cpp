#include "framework/dicom/header_parser.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace medvol::dicom {
namespace {

constexpr uint32_t undefined_length = 0xffffffff;
constexpr Tag transfer_syntax_tag = 0x00020010, pixel_data_tag = 0x7fe00010;
constexpr Tag item_tag = 0xfffee000, item_end_tag = 0xfffee00d, sequence_end_tag = 0xfffee0dd;
constexpr int deepest_nesting = 32;

/// The value representations of PS3.5, table 6.2-1, by the width of the length that follows them (16 and 32 bits).
const std::set<std::string_view> with_short_length = {"AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO",
                                                      "LT", "PN", "SH", "SL", "SS", "ST", "TM", "UI", "UL", "US"};
const std::set<std::string_view> with_long_length = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ",
                                                     "SV", "UC", "UN", "UR", "UT", "UV"};

[[noreturn]] void damaged(const char* what) { throw std::runtime_error(what); }

struct Element {
  Tag tag = 0;
  uint32_t length = 0;
};

/// A stream of data elements; never reads or steps beyond its end.
class ElementStream {
 public:
  ElementStream(std::unique_ptr<std::istream> in, uint64_t size) : in_(std::move(in)), size_(size) {}

  bool explicit_vr = true;
  bool big_endian = false;

  bool at_end() const { return position_ >= size_; }
  uint64_t left() const { return size_ - position_; }
  void seek(uint64_t position) {
    if (position > size_) damaged("truncated");
    position_ = position;
    in_->seekg(static_cast<std::streamoff>(position));
  }
  void skip(uint64_t count) { seek(position_ + count); }
  uint64_t position() const { return position_; }

  std::string bytes(uint64_t count) {
    if (count > left()) damaged("truncated");
    std::string result(count, '\0');
    if (!in_->read(result.data(), static_cast<std::streamsize>(count))) damaged("unreadable");
    position_ += count;
    return result;
  }

  uint32_t number(int width) {
    std::string raw = bytes(static_cast<uint64_t>(width));
    if (!big_endian) std::reverse(raw.begin(), raw.end());
    uint32_t value = 0;
    for (const char byte : raw) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
  }

  /// Tag and length; the stream then stands at the value.
  Element element() {
    const uint32_t group = number(2);
    Element next{group << 16 | number(2), 0};
    if (!explicit_vr || group == 0xfffe) {
      next.length = number(4);
      return next;
    }
    const std::string vr = bytes(2);
    if (with_short_length.contains(vr)) {
      next.length = number(2);
    } else if (with_long_length.contains(vr)) {
      skip(2);
      next.length = number(4);
    } else {
      damaged("no data element");
    }
    return next;
  }

  /// Over the value of an element: items and what they hold, where the length is not told.
  void skip_value(const Element& element, int depth = 0) {
    if (element.length != undefined_length) return skip(element.length);
    if (depth > deepest_nesting) damaged("nested too deeply");
    for (Element item = this->element(); item.tag != sequence_end_tag; item = this->element()) {
      if (item.tag != item_tag) damaged("no sequence item");
      if (item.length != undefined_length) {
        skip(item.length);
        continue;
      }
      for (Element inner = this->element(); inner.tag != item_end_tag; inner = this->element()) {
        skip_value(inner, depth + 1);
      }
    }
  }

 private:
  std::unique_ptr<std::istream> in_;
  uint64_t size_;
  uint64_t position_ = 0;
};

/// The data set of a deflated file (RFC 1951, no zlib header).
std::string inflate_all(std::string compressed) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) damaged("zlib");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(compressed.data());
  stream.avail_in = static_cast<uInt>(compressed.size());
  std::string result;
  std::array<char, 1 << 15> piece;
  for (int code = Z_OK; code != Z_STREAM_END;) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    code = inflate(&stream, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END) damaged("truncated");
    result.append(piece.data(), piece.size() - stream.avail_out);
  }
  return result;
}

std::string without_padding(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 32 || c == 127; }, ' ');
  const size_t begin = text.find_first_not_of(' ');
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

ElementStream open(const std::filesystem::path& path) {
  auto file = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!*file) damaged("unreadable");
  return {std::move(file), std::filesystem::file_size(path)};
}

/// Over preamble and meta information (always explicit little endian); leaves the stream at the data set, set to its
/// transfer syntax.
ElementStream at_data_set(const std::filesystem::path& path) {
  constexpr uint64_t preamble = 128;
  constexpr uint32_t meta_group = 2;
  ElementStream stream = open(path);
  stream.skip(preamble);
  if (stream.bytes(4) != "DICM") damaged("no DICOM file");
  std::string syntax;
  while (!stream.at_end()) {
    const uint64_t begin = stream.position();
    const uint32_t group = stream.number(2);
    stream.seek(begin);
    if (group != meta_group) break;
    const Element element = stream.element();
    if (element.tag == transfer_syntax_tag) {
      syntax = without_padding(stream.bytes(element.length));
    } else {
      stream.skip_value(element);
    }
  }
  if (syntax == "1.2.840.10008.1.2.1.99") {
    std::string data = inflate_all(stream.bytes(stream.left()));
    const uint64_t size = data.size();
    return {std::make_unique<std::istringstream>(std::move(data)), size};
  }
  stream.explicit_vr = syntax != "1.2.840.10008.1.2";
  stream.big_endian = syntax == "1.2.840.10008.1.2.2";
  return stream;
}

}  // namespace

std::string Header::text(Tag tag) const {
  const auto found = values.find(tag);
  return found == values.end() ? "" : without_padding(found->second);
}

int64_t Header::number(Tag tag) const {
  const auto found = values.find(tag);
  if (found == values.end() || found->second.size() < 2) return 0;
  const auto first = static_cast<unsigned char>(found->second[0]);
  const auto second = static_cast<unsigned char>(found->second[1]);
  return big_endian ? first << 8 | second : second << 8 | first;
}

Header parse_header(const std::filesystem::path& path, const std::set<Tag>& wanted) {
  constexpr uint32_t longest_value = 1 << 16;
  ElementStream stream = at_data_set(path);
  Header header;
  header.big_endian = stream.big_endian;
  while (!stream.at_end()) {
    const Element element = stream.element();
    if (element.tag == pixel_data_tag) {
      header.has_pixels = true;
      header.compressed = element.length == undefined_length;
      if (!header.compressed) header.pixel_bytes = element.length;
      stream.skip_value(element);
      break;
    }
    if (wanted.contains(element.tag) && element.length <= longest_value) {
      header.values[element.tag] = stream.bytes(element.length);
    } else {
      stream.skip_value(element);
    }
  }
  return header;
}

}  // namespace medvol::dicom
