#include "framework/config/override.h"

#include <cctype>
#include <optional>

#include <fmt/format.h>

#include "framework/config/decimal_range.h"
#include "framework/config/diagnostics.h"
#include "framework/config/override_cursor.h"
#include "framework/config/scalar.h"

namespace medvol::config {
namespace {

constexpr double most_range_values = 100000;

bool is_name_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-'; }

class Parser {
 public:
  explicit Parser(const std::string& text) : text_(text), cursor_(text) {}

  Override parse() {
    Override result;
    result.text = text_;
    result.kind = parse_kind();
    parse_key(result);
    if (!cursor_.accept('=')) {
      if (result.kind == Override::Kind::remove && cursor_.at_end()) return result;
      complain_about_key(result);
    }
    parse_values(result);
    if (!cursor_.at_end())
      cursor_.fail("unexpected " + cursor_.found(), "put quotes around text with , ( ) [ ] { } in it");
    if (result.kind == Override::Kind::remove && result.sweep)
      cursor_.fail_at(0, "a deletion cannot be swept, found several values", "write ~" + result.key);
    return result;
  }

 private:
  Override::Kind parse_kind() {
    if (cursor_.accept('~')) return Override::Kind::remove;
    if (!cursor_.accept('+')) return Override::Kind::change;
    return cursor_.accept('+') ? Override::Kind::force_add : Override::Kind::add;
  }

  void parse_key(Override& into) {
    into.key = parse_dotted("./");
    if (cursor_.accept('@')) into.package = parse_dotted(".");
  }

  std::string parse_dotted(const std::string& separators) {
    const size_t begin = cursor_.position();
    while (true) {
      if (!is_name_character(cursor_.peek())) {
        if (cursor_.at_end() && cursor_.position() == begin) cursor_.fail("a key is expected", "write a.b=value");
        cursor_.fail(fmt::format("expected a name, found {}", cursor_.found()), "a key is written a.b, a group a/b");
      }
      while (is_name_character(cursor_.peek())) cursor_.next();
      if (separators.find(cursor_.peek()) == std::string::npos || cursor_.at_end()) return cursor_.slice(begin);
      cursor_.next();
    }
  }

  [[noreturn]] void complain_about_key(const Override& so_far) const {
    const std::string key = so_far.prefix() + so_far.key;
    if (cursor_.at_end()) {
      cursor_.fail("'=' is missing", fmt::format("write {}=value; to delete a key write ~{}", key, so_far.key));
    }
    cursor_.fail(fmt::format("expected '=', found {}", cursor_.found()), fmt::format("write {}=value", key));
  }

  void parse_values(Override& into) {
    cursor_.skip_blanks();
    if (cursor_.at_end()) {
      into.values.push_back({Node::scalar("", place(), true), "''"});
      return;
    }
    if (const auto name = function_name()) return parse_function(*name, into);
    into.values = parse_elements(',', '\0');
    into.sweep = into.values.size() > 1;
  }

  /// `name(` ahead.
  std::optional<std::string> function_name() {
    const size_t begin = cursor_.position();
    while (is_name_character(cursor_.peek())) cursor_.next();
    const std::string name = cursor_.slice(begin);
    if (!name.empty() && cursor_.accept('(')) return name;
    cursor_.move_to(begin);
    return std::nullopt;
  }

  void parse_function(const std::string& name, Override& into) {
    into.sweep = true;
    if (name == "choice") {
      into.values = parse_elements(',', ')');
    } else if (name == "range") {
      into.values = parse_range();
    } else {
      cursor_.fail_at(text_.find(name + "("), fmt::format("unknown function '{}'", name),
                      "known are choice(a,b) and range(start,stop,step); put quotes around text with parentheses");
    }
    cursor_.skip_blanks();
  }

  /// At least one value; up to and with `closing`, or to the end of the text.
  std::vector<OverrideValue> parse_elements(char separator, char closing) {
    std::vector<OverrideValue> values;
    do {
      cursor_.skip_blanks();
      const size_t begin = cursor_.position();
      Node node = parse_element();
      std::string text = cursor_.slice(begin);
      text.erase(text.find_last_not_of(" \t") + 1);
      values.push_back({std::move(node), std::move(text)});
      cursor_.skip_blanks();
    } while (cursor_.accept(separator));
    if (closing) expect(closing);
    return values;
  }

  void expect(char closing) {
    if (!cursor_.accept(closing))
      cursor_.fail(fmt::format("expected ',' or '{}', found {}", closing, cursor_.found()),
                   "put quotes around text with , ( ) [ ] { } in it");
  }

  Node parse_element() {
    cursor_.skip_blanks();
    switch (cursor_.peek()) {
      case '[':
        return parse_list();
      case '{':
        return parse_map();
      case '\'':
      case '"':
        return Node::scalar(parse_quoted(), place(), true);
      default:
        return parse_plain();
    }
  }

  Node parse_list() {
    Node list = Node::list(place());
    cursor_.next();
    cursor_.skip_blanks();
    if (cursor_.accept(']')) return list;
    for (OverrideValue& value : parse_elements(',', ']')) list.append(std::move(value.node));
    return list;
  }

  Node parse_map() {
    Node map = Node::map(place());
    cursor_.next();
    cursor_.skip_blanks();
    if (cursor_.accept('}')) return map;
    do {
      cursor_.skip_blanks();
      const size_t begin = cursor_.position();
      const std::string key = parse_map_key();
      if (map.find(key)) cursor_.fail_at(begin, fmt::format("the key '{}' stands twice", key), "keep one of them");
      if (!cursor_.accept(':')) cursor_.fail("expected ':', found " + cursor_.found(), "write {a: 1, b: 2}");
      map.set(key, parse_element());
      cursor_.skip_blanks();
    } while (cursor_.accept(','));
    expect('}');
    return map;
  }

  std::string parse_map_key() {
    if (cursor_.peek() == '\'' || cursor_.peek() == '"') return parse_quoted();
    const size_t begin = cursor_.position();
    while (!cursor_.at_end() && std::string(":,{}[]()'\"").find(cursor_.peek()) == std::string::npos) cursor_.next();
    std::string key = cursor_.slice(begin);
    key.erase(key.find_last_not_of(" \t") + 1);
    if (key.empty()) cursor_.fail("expected a key, found " + cursor_.found(), "write {a: 1, b: 2}");
    return key;
  }

  /// A backslash escapes the quote and itself; before anything else it stands for itself, as in Windows paths.
  std::string parse_quoted() {
    const size_t begin = cursor_.position();
    const char quote = cursor_.next();
    std::string result;
    while (!cursor_.at_end()) {
      const char c = cursor_.next();
      if (c == quote) return result;
      const bool escapes = c == '\\' && (cursor_.peek() == quote || cursor_.peek() == '\\');
      result += escapes ? cursor_.next() : c;
    }
    cursor_.fail_at(begin, fmt::format("the quote {} is not closed", quote), "end the text with the same quote");
  }

  /// Up to what ends a value. `${…}` is taken whole, and `\` makes the next character plain.
  Node parse_plain() {
    const size_t begin = cursor_.position();
    std::string result;
    bool escaped = false;
    size_t kept = 0;  // blanks after this do not count
    while (!cursor_.at_end() && std::string(",()[]{}'\"").find(cursor_.peek()) == std::string::npos) {
      const char c = cursor_.next();
      if (c == '$' && cursor_.peek() == '{') {
        result += parse_interpolation();
        kept = result.size();
      } else if (c == '\\' && std::string(",()[]{}'\"\\: \t=").find(cursor_.peek()) != std::string::npos &&
                 !cursor_.at_end()) {
        result += cursor_.next();
        escaped = true;
        kept = result.size();
      } else {
        result += c;
        if (c != ' ' && c != '\t') kept = result.size();
      }
    }
    result.resize(kept);
    if (cursor_.position() == begin || result.empty())
      cursor_.fail("expected a value, found " + cursor_.found(), "write null for nothing, '' for an empty text");
    if (!escaped && is_null_text(result)) {
      Node null;
      null.set_origin(place());
      return null;
    }
    return Node::scalar(result, place(), escaped);
  }

  std::string parse_interpolation() {
    const size_t begin = cursor_.position() - 1;
    int depth = 0;
    while (!cursor_.at_end()) {
      const char c = cursor_.next();
      if (c == '{') ++depth;
      if (c == '}' && --depth == 0) return cursor_.slice(begin);
    }
    cursor_.fail_at(begin, "'${' is not closed",
                    "write ${a.b} or ${env:NAME,default}; mind the shell: put it in single quotes");
  }

  std::vector<OverrideValue> parse_range() {
    const std::vector<std::string> names{"start", "stop", "step"};
    std::vector<std::optional<Decimal>> arguments(3);
    std::vector<Decimal> unnamed;
    do {
      cursor_.skip_blanks();
      size_t slot = names.size();
      for (size_t i = 0; i < names.size(); ++i)
        if (text_.compare(cursor_.position(), names[i].size() + 1, names[i] + "=") == 0) slot = i;
      if (slot < names.size()) cursor_.move_to(cursor_.position() + names[slot].size() + 1);
      const Decimal value = parse_argument();
      if (slot < names.size()) {
        arguments[slot] = value;
      } else {
        unnamed.push_back(value);
      }
      cursor_.skip_blanks();
    } while (cursor_.accept(','));
    expect(')');
    if (unnamed.size() > 3) cursor_.fail("range() takes at most three numbers, ending", "write range(start,stop,step)");
    // One number alone is the stop, as in Python.
    const size_t first = unnamed.size() == 1 && !arguments[1] ? 1 : 0;
    for (size_t i = 0; i < unnamed.size(); ++i) arguments[first + i] = unnamed[i];
    if (!arguments[1]) cursor_.fail("range() has no stop, ending", "write range(start,stop,step)");
    return range_values({arguments[0].value_or(Decimal{0, 0}), *arguments[1], arguments[2].value_or(Decimal{1, 0})});
  }

  Decimal parse_argument() {
    const size_t begin = cursor_.position();
    while (!cursor_.at_end() && cursor_.peek() != ',' && cursor_.peek() != ')' && cursor_.peek() != ' ') cursor_.next();
    const std::string text = cursor_.slice(begin);
    const auto value = parse_decimal(text);
    if (!value) cursor_.fail_at(begin, fmt::format("'{}' is no number", text), "write range(start,stop,step)");
    return *value;
  }

  std::vector<OverrideValue> range_values(const DecimalRange& range) {
    if (range.step.value == 0) cursor_.fail("range() with a step of 0, ending", "write range(start,stop,step)");
    const double count = range.count();
    if (!(count >= 1))
      cursor_.fail("range() is empty, ending", "write range(start,stop,step); stop itself is not reached");
    if (count > most_range_values)
      cursor_.fail(fmt::format("range() has {:.0f} values, ending", count), "use a larger step");
    std::vector<OverrideValue> values;
    for (const std::string& text : range.texts()) values.push_back({Node::scalar(text, place()), text});
    return values;
  }

  core::Place place() const { return {"override '" + text_ + "'"}; }

  const std::string& text_;
  OverrideCursor cursor_;
};

}  // namespace

std::string Override::prefix() const {
  switch (kind) {
    case Kind::change:
      return "";
    case Kind::add:
      return "+";
    case Kind::force_add:
      return "++";
    case Kind::remove:
      return "~";
  }
  return "";
}

Override parse_override(const std::string& text) { return Parser(text).parse(); }

std::vector<Override> parse_overrides(const std::vector<std::string>& texts) {
  std::vector<Override> result;
  Diagnostics found;
  for (const std::string& text : texts) {
    try {
      result.push_back(parse_override(text));
    } catch (const ConfigError& error) {
      found.add(error);
    }
  }
  found.throw_if_any();
  return result;
}

}  // namespace medvol::config
