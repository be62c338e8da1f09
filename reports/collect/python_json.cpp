#include "reports/collect/python_json.h"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <cmath>
#include <limits>
#include <string_view>

#include "framework/core/error.h"
#include "framework/storage/file_error.h"

namespace medvol::reports {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Bare words travel through the strict parser as strings that begin with a byte no text of ours holds.
struct BareWord {
  const char* word;
  const char* carrier;
  double value;
};
constexpr std::array<BareWord, 3> bare_words{{{"NaN", "\u0001NaN", std::numeric_limits<double>::quiet_NaN()},
                                              {"-Infinity", "\u0001-Infinity", -infinity},
                                              {"Infinity", "\u0001Infinity", infinity}}};

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

void write_value(std::string& out, const nlohmann::json& value, int depth) {
  const auto new_line = [&out](int indent) { out += '\n' + std::string(static_cast<size_t>(indent) * 4, ' '); };
  const auto separate = [&](bool& first) {
    if (!first) out += ',';
    first = false;
    new_line(depth + 1);
  };
  if (value.is_number_float()) {
    out += number_text(value.get<double>());
  } else if (!value.is_structured()) {
    out += value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  } else if (value.empty()) {
    out += value.is_object() ? "{}" : "[]";
  } else {
    out += value.is_object() ? '{' : '[';
    bool first = true;
    for (const auto& [key, entry] : value.items()) {
      separate(first);
      if (value.is_object())
        out += nlohmann::json(key).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + ": ";
      write_value(out, entry, depth + 1);
    }
    new_line(depth);
    out += value.is_object() ? '}' : ']';
  }
}

/// Puts every bare word outside a string into quotes.
std::string carry_bare_words(const std::string& text) {
  std::string carried;
  carried.reserve(text.size() + 64);
  bool inside = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    if (inside && letter == '\\' && i + 1 < text.size()) {
      carried += letter;
      carried += text[++i];
      continue;
    }
    if (letter == '"') inside = !inside;
    bool replaced = false;
    if (!inside && (letter == 'N' || letter == 'I' || letter == '-'))
      for (const BareWord& word : bare_words)
        if (text.compare(i, std::string_view(word.word).size(), word.word) == 0) {
          carried += fmt::format("\"\\u0001{}\"", word.word);
          i += std::string_view(word.word).size() - 1;
          replaced = true;
          break;
        }
    if (!replaced) carried += letter;
  }
  return carried;
}

void restore_bare_words(nlohmann::json& value) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text.empty() || text.front() != '\x01') return;
    for (const BareWord& word : bare_words)
      if (text == word.carrier) {
        value = word.value;
        return;
      }
  }
  if (value.is_structured())
    for (nlohmann::json& entry : value) restore_bare_words(entry);
}

}  // namespace

std::string python_json(const nlohmann::json& value) {
  std::string text;
  write_value(text, value, 0);
  return text + '\n';
}

nlohmann::json parse_python_json(const std::string& text, const std::string& where) {
  try {
    nlohmann::json value = nlohmann::json::parse(carry_bare_words(text));
    restore_bare_words(value);
    return value;
  } catch (const nlohmann::json::parse_error& error) {
    // The library's message carries line and column behind its own prefix: "[json…] parse error at line 3, column 1:
    // …".
    std::string reason = error.what();
    if (const size_t at = reason.find("parse error"); at != std::string::npos) reason.erase(0, at);
    throw core::UserError("the file is torn or no JSON: " + reason, where,
                          "write it again (evaluate), or restore it from a copy");
  }
}

nlohmann::json read_python_json(const std::filesystem::path& path) {
  return parse_python_json(storage::read_bytes(path), path.string());
}

}  // namespace medvol::reports
