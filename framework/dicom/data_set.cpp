#include "framework/dicom/data_set.h"

#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmjpls/djdecode.h>
#include <dcmtk/oflog/oflog.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include "framework/core/error.h"
#include "framework/core/nearest.h"
#include "framework/dicom/header_parser.h"
#include "framework/dicom/series.h"
#include "framework/storage/checksum.h"
#include "framework/storage/temporary_name.h"

namespace medvol::dicom {
namespace {

/// DCMTK's own state: silent, with the decoders and the dictionary of attributes.
void prepare_dcmtk() {
  static const bool done = [] {
    OFLog::configure(OFLogger::OFF_LOG_LEVEL);
    // Elements that a program between did not know (UN) get their kind back: a sequence among them is looked into.
    dcmEnableUnknownVRConversion.set(OFTrue);
    DcmRLEDecoderRegistration::registerCodecs();
    DJLSDecoderRegistration::registerCodecs();
    return true;
  }();
  static_cast<void>(done);
  if (!dcmDataDict.isDictionaryLoaded()) {
    throw core::UserError("DCMTK finds no dictionary of DICOM attributes", "",
                          "install dcmtk's data files, or name them in DCMDICTPATH");
  }
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view padding(" \t\0", 3);
  const size_t begin = text.find_first_not_of(padding);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(padding) - begin + 1);
}

std::optional<double> decimal(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace

std::unique_ptr<DcmFileFormat> read_data_set(const std::filesystem::path& path) {
  prepare_dcmtk();
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) throw core::UserError("no such file", path.string());
  if (!is_dicom_file(path)) {
    throw core::UserError("is no DICOM file", path.string(), "expected the mark DICM after 128 bytes");
  }
  const core::UserError refusal("damaged or truncated DICOM file", path.string(), "copy it again, or take it out");
  try {
    parse_header(path, {});
  } catch (const std::runtime_error&) {
    throw refusal;
  }
  auto file = std::make_unique<DcmFileFormat>();
  if (file->loadFile(path.c_str()).bad() || file->loadAllDataIntoMemory().bad()) throw refusal;
  return file;
}

void decode_pixels(DcmFileFormat& file, const std::filesystem::path& path) {
  DcmDataset& data = *file.getDataset();
  const DcmXfer syntax(data.getOriginalXfer());
  if (!syntax.isEncapsulated()) return;
  if (data.chooseRepresentation(EXS_LittleEndianExplicit, nullptr).bad()) {
    throw core::UserError(fmt::format("its pixels ({}) cannot be decoded", syntax.getXferName()), path.string(),
                          "native, deflated, RLE and JPEG-LS are read here: convert it with gdcmconv --raw");
  }
}

void write_data_set(const std::filesystem::path& path, DcmFileFormat& file, E_TransferSyntax syntax) {
  storage::make_folder(path.parent_path());
  const storage::TemporaryName temporary(path);
  const E_TransferSyntax target = syntax == EXS_Unknown ? file.getDataset()->getOriginalXfer() : syntax;
  const OFCondition written = file.saveFile(temporary.path().c_str(), target, EET_ExplicitLength, EGL_recalcGL);
  if (written.bad()) {
    throw core::UserError(fmt::format("cannot write the DICOM file: {}", written.text()), path.string());
  }
  storage::replace_file(temporary.path(), path);
}

std::string text_of(DcmItem& item, const DcmTagKey& tag) {
  OFString text;
  if (item.findAndGetOFStringArray(tag, text).bad()) return "";
  return std::string(trimmed({text.data(), text.size()}));
}

std::optional<std::vector<double>> decimals_of(DcmItem& item, const DcmTagKey& tag) {
  const std::string text = text_of(item, tag);
  if (text.empty()) return std::nullopt;
  std::vector<double> values;
  values.reserve(static_cast<size_t>(std::count(text.begin(), text.end(), '\\')) + 1);
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\\', begin), text.size());
    const auto value = decimal(std::string_view(text).substr(begin, end - begin));
    if (!value) return std::nullopt;
    values.push_back(*value);
    begin = end + 1;
  }
  return values;
}

std::optional<int64_t> whole_number_of(DcmItem& item, const DcmTagKey& tag) {
  const auto value = numbers_of<1>(item, tag);
  constexpr double largest = 1e15;
  if (!value || (*value)[0] != std::round((*value)[0]) || std::abs((*value)[0]) > largest) return std::nullopt;
  return static_cast<int64_t>((*value)[0]);
}

std::vector<DcmItem*> items_of(DcmItem& item, const DcmTagKey& tag) {
  DcmSequenceOfItems* sequence = nullptr;
  std::vector<DcmItem*> items;
  if (item.findAndGetSequence(tag, sequence).bad() || sequence == nullptr) return items;
  for (DcmObject* next = sequence->nextInContainer(nullptr); next; next = sequence->nextInContainer(next)) {
    items.push_back(static_cast<DcmItem*>(next));
  }
  return items;
}

DcmItem* first_item_of(DcmItem* item, const DcmTagKey& tag) {
  if (item == nullptr) return nullptr;
  const std::vector<DcmItem*> items = items_of(*item, tag);
  return items.empty() ? nullptr : items.front();
}

std::string uid_of(std::string_view text) {
  const std::string hex = storage::checksum(text);
  unsigned __int128 value = 0;
  for (const char digit : hex) {
    value = value * 16 + static_cast<unsigned>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
  }
  std::string decimal;
  for (; value > 0; value /= 10) decimal += static_cast<char>('0' + static_cast<int>(value % 10));
  std::reverse(decimal.begin(), decimal.end());
  return "2.25." + (decimal.empty() ? "0" : decimal);
}

int64_t number_of_name(const std::vector<std::pair<std::string, int64_t>>& things, const std::string& name,
                       const char* are_named, const std::filesystem::path& path) {
  std::vector<std::string> names;
  std::vector<int64_t> found;
  for (const auto& [known, number] : things) {
    names.push_back(known);
    if (known == name) found.push_back(number);
  }
  if (found.size() == 1) return found.front();
  throw core::UserError(fmt::format("{} {} '{}'", found.empty() ? "no" : "several", are_named, name), path.string(),
                        core::did_you_mean(name, names));
}

std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 32 || c == 127; }, ' ');
  return text;
}

}  // namespace medvol::dicom
