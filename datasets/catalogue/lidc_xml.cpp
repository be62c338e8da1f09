#include "datasets/catalogue/lidc_xml.h"

#include <expat.h>

#include <charconv>
#include <memory>
#include <optional>

#include "framework/core/error.h"
#include "framework/storage/file_error.h"

namespace medvol::datasets {
namespace {

/// Expat calls begin, text and end as it walks through the file; a fault is kept, because nothing may be thrown through
/// a C library.
class Reading {
 public:
  explicit Reading(const std::filesystem::path& file)
      : file_(file), parser_(XML_ParserCreate(nullptr), XML_ParserFree) {
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(
        parser_.get(), [](void* self, const char* name, const char**) { static_cast<Reading*>(self)->begin(name); },
        [](void* self, const char* name) { static_cast<Reading*>(self)->end(name); });
    XML_SetCharacterDataHandler(parser_.get(), [](void* self, const char* text, int length) {
      static_cast<Reading*>(self)->text_.append(text, static_cast<size_t>(length));
    });
  }

  LidcReadings run() {
    const std::string bytes = storage::read_bytes(file_);
    const XML_Status status = XML_Parse(parser_.get(), bytes.data(), static_cast<int>(bytes.size()), /*isFinal=*/1);
    if (!fault_.empty()) refuse(fault_, fault_line_);
    if (status != XML_STATUS_OK)
      refuse(std::string("is no XML here: ") + XML_ErrorString(XML_GetErrorCode(parser_.get())), line());
    if (!message_) refuse("is no <LidcReadMessage>", 1);
    if (found_.series_uid.empty()) refuse("names no series (SeriesInstanceUid)", 1);
    return std::move(found_);
  }

 private:
  size_t line() const { return XML_GetCurrentLineNumber(parser_.get()); }

  [[noreturn]] void refuse(const std::string& what, size_t at_line) const {
    throw core::UserError(what, core::Place{file_.string(), static_cast<int>(at_line), 0}.text(),
                          "expected an annotation of LIDC-IDRI");
  }

  void fail(const std::string& what) {
    if (fault_.empty()) {
      fault_ = what;
      fault_line_ = line();
    }
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  void begin(const std::string& name) {
    text_.clear();
    if (name == "LidcReadMessage") message_ = true;
    if (name == "readingSession") found_.readers.emplace_back();
    if (name == "unblindedReadNodule") nodule_.emplace();
    if (name == "roi" && nodule_) contour_.emplace();
    if (name == "edgeMap" && contour_) contour_->points.emplace_back();
  }

  void end(const std::string& name) {
    if (name == "SeriesInstanceUid") found_.series_uid = trimmed();
    if (contour_) end_in_contour(name);
    if (name == "unblindedReadNodule" && nodule_) {
      if (!nodule_->contours.empty()) {
        if (found_.readers.empty()) return fail("a nodule stands outside of every readingSession");
        found_.readers.back().push_back(std::move(*nodule_));
      }
      nodule_.reset();
    }
    text_.clear();
  }

  void end_in_contour(const std::string& name) {
    if (name == "imageSOP_UID") contour_->image_uid = trimmed();
    if (name == "imageZposition") contour_->z = number<double>(name);
    if (name == "inclusion") {
      const std::string value = trimmed();
      if (value != "TRUE" && value != "FALSE") return fail("<inclusion> is '" + value + "', neither TRUE nor FALSE");
      contour_->inclusion = value == "TRUE";
    }
    if (name == "xCoord" && !contour_->points.empty()) contour_->points.back()[0] = number<int64_t>(name);
    if (name == "yCoord" && !contour_->points.empty()) contour_->points.back()[1] = number<int64_t>(name);
    if (name == "roi") {
      if (contour_->points.size() > 2) nodule_->contours.push_back(std::move(*contour_));
      contour_.reset();
    }
  }

  std::string trimmed() const {
    const size_t first = text_.find_first_not_of(" \t\r\n");
    return first == std::string::npos ? "" : text_.substr(first, text_.find_last_not_of(" \t\r\n") - first + 1);
  }

  template <class Number>
  Number number(const std::string& name) {
    const std::string text = trimmed();
    Number value{};
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
      fail("<" + name + "> is '" + text + "', which is no number");
    return value;
  }

  const std::filesystem::path& file_;
  std::unique_ptr<XML_ParserStruct, void (*)(XML_Parser)> parser_;
  LidcReadings found_;
  std::optional<LidcNodule> nodule_;
  std::optional<LidcContour> contour_;
  std::string text_, fault_;
  size_t fault_line_ = 0;
  bool message_ = false;
};

}  // namespace

LidcReadings read_lidc_xml(const std::filesystem::path& file) { return Reading(file).run(); }

std::string lidc_series(const std::filesystem::path& file) {
  const std::string text = storage::read_bytes(file);
  const std::string open = "<SeriesInstanceUid>";
  const size_t at = text.find(open);
  if (text.find("<LidcReadMessage") == std::string::npos || at == std::string::npos) return "";
  const size_t begin = text.find_first_not_of(" \t\r\n", at + open.size());
  return text.substr(begin, text.find_first_of("< \t\r\n", begin) - begin);
}

}  // namespace medvol::datasets
