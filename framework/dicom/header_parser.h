#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>

namespace medvol::dicom {

/// Group and element in one number: 0x00200032 is (0020,0032).
using Tag = uint32_t;

/// The top-level elements that were asked for, as they stand in the file, and what is known of the pixels.
struct Header {
  std::map<Tag, std::string> values;
  bool big_endian = false;
  bool has_pixels = false;   ///< Pixel Data (7fe0,0010) is there
  bool compressed = false;   ///< in encapsulated fragments, all of which are there
  uint64_t pixel_bytes = 0;  ///< of uncompressed Pixel Data, all of which are there

  /// Text without padding, on one line; empty when absent.
  std::string text(Tag tag) const;
  /// A 16-bit unsigned number; 0 when absent.
  int64_t number(Tag tag) const;
};

/// Walks through a DICOM file (PS3.5, PS3.10: implicit and explicit little endian, explicit big endian, deflated;
/// nested sequences are stepped over) without reading its pixels. Every length is held against the file's size, which
/// GDCM does not do: a truncated header ends the program there, truncated pixels are filled up. Throws
/// std::runtime_error on a damaged or truncated file, or one without the mark "DICM".
Header parse_header(const std::filesystem::path& path, const std::set<Tag>& wanted);

}  // namespace medvol::dicom
