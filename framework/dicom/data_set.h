#pragma once
// The only header that shows DCMTK; included by sources of this room alone.
//
// Why DCMTK beside GDCM, which decodes the slices of series through ITK: whole data sets come from outside, and GDCM's
// reader (3.0.21, Debian's build with assertions) ended the program on 17 of 1200 copies with three changed bytes;
// DCMTK gave an error on each that it could not read. DCMTK comes with ITK as well. It is used at the level of data
// sets: its segmentation classes (3.6.7) do not know label maps (Supplement 243).
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace medvol::dicom {

/// Reads a whole file, pixels too, of which every length was held against the file's size. Pixels stay as encoded.
/// UserError (path, one line) for what is no DICOM file, or damaged.
std::unique_ptr<DcmFileFormat> read_data_set(const std::filesystem::path& path);

/// Makes RLE and JPEG-LS pixels native. UserError when they are encoded in another way, or damaged.
void decode_pixels(DcmFileFormat& file, const std::filesystem::path& path);

/// Writes the file whole or not at all, in its transfer syntax or that one.
void write_data_set(const std::filesystem::path& path, DcmFileFormat& file, E_TransferSyntax syntax = EXS_Unknown);

/// All values of an element as text without padding, backslashes between them; empty when absent.
std::string text_of(DcmItem& item, const DcmTagKey& tag);
/// A whole number, of whatever representation; none when absent or no number.
std::optional<int64_t> whole_number_of(DcmItem& item, const DcmTagKey& tag);
/// The items of a sequence; none when it is absent.
std::vector<DcmItem*> items_of(DcmItem& item, const DcmTagKey& tag);
/// The first item of a sequence; nullptr when there is none.
DcmItem* first_item_of(DcmItem* item, const DcmTagKey& tag);
/// All decimal numbers of an element; none when absent or when one of them is no finite number.
std::optional<std::vector<double>> decimals_of(DcmItem& item, const DcmTagKey& tag);
/// The first `count` of them, when there are as many.
template <size_t count>
std::optional<std::array<double, count>> numbers_of(DcmItem& item, const DcmTagKey& tag) {
  const auto all = decimals_of(item, tag);
  if (!all || all->size() < count) return std::nullopt;
  std::array<double, count> values;
  std::copy_n(all->begin(), count, values.begin());
  return values;
}

/// A unique identifier that is the same for the same text: 2.25 and a 128-bit hash (PS3.5, B.2).
std::string uid_of(std::string_view text);

/// The number of the one thing of this name among (name, number). UserError that lists the names, when none or several
/// `are_named` so ("regions are named").
int64_t number_of_name(const std::vector<std::pair<std::string, int64_t>>& things, const std::string& name,
                       const char* are_named, const std::filesystem::path& path);

/// Text on one line, without control characters.
std::string printable(std::string text);

}  // namespace medvol::dicom
