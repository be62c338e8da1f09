#include "framework/config/help.h"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "framework/config/values.h"

namespace medvol::config {
namespace {

constexpr const char* flags_text = R"(FLAGS
  --help, -h         this page; with a choice (network=NAME --help) that choice's options
  --cfg job          print the configuration and end; with --origin where each value is from
  --info             print the search path, the config groups and what was chosen
  --multirun, -m     run once for each combination of swept values: a=1,2 b=range(1,4)
  --config-dir DIR   a second folder of configuration files
  --debug            a backtrace with an error

OVERRIDES
  a.b=c    change a value              +a.b=c   add a key
  ~a.b     delete a key                ++a.b=c  change or add
  group=option   choose an option of a config group
  Values: 3, text, 'quoted text', [1,2], {a: 1}, null, ${a.b}, ${env:NAME,default}
)";

size_t display_width(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xc0) != 0x80; }));
}

/// "number, above 0, required"
std::string type_text(const FieldDoc& field) {
  std::string text = field.type;
  const Constraint& constraint = field.constraint;
  if (!constraint.choices.empty()) {
    const bool list = field.type.starts_with("list") || field.type.starts_with("map");
    text = fmt::format("{}one of: {}", list ? field.type + ", each " : "", fmt::join(constraint.choices, ", "));
  }
  if (const std::string range = range_text(constraint); !range.empty()) text += ", " + range;
  if (constraint.required) text += ", required";
  return text;
}

std::string field_text(const FieldDoc& field) {
  const std::string head = "  " + field.path + "=" + field.value;
  const std::string type = "(" + type_text(field) + ")";
  std::string text = head;
  if (display_width(head) + 2 + display_width(type) <= 100) {
    text += "  " + type + "\n";
  } else {
    text += "\n" + wrapped(type, 6);
  }
  return field.doc.empty() ? text : text + wrapped(field.doc, 6);
}

/// The innermost section that a field stands in; "" for the top.
std::string section_of(const FieldDoc& field, const std::vector<const FieldDoc*>& sections) {
  std::string best;
  for (const FieldDoc* section : sections)
    if (field.path.starts_with(section->path + ".") && section->path.size() > best.size()) best = section->path;
  return best;
}

std::string fields_text(const std::vector<FieldDoc>& fields) {
  const FieldDoc top{"", "section", "", "", {}};
  std::vector<const FieldDoc*> sections{&top};
  for (const FieldDoc& field : fields)
    if (field.type == "section") sections.push_back(&field);
  std::string text;
  for (const FieldDoc* section : sections) {
    std::string body;
    for (const FieldDoc& field : fields)
      if (field.type != "section" && section_of(field, sections) == section->path) body += field_text(field);
    if (body.empty()) continue;
    std::string title = section->path.empty() ? "OPTIONS" : "OPTIONS of " + section->path;
    if (!section->doc.empty()) title += ": " + section->doc;
    text += wrapped(title, 0) + body + "\n";
  }
  return text;
}

std::string groups_text(const SearchPath& search_path) {
  std::string text;
  for (const std::string& group : search_path.groups())
    text += wrapped(fmt::format("{}={}", group, fmt::join(search_path.options(group), " | ")), 2);
  return text.empty() ? "" : "CONFIG GROUPS\n" + text + "\n";
}

bool is_chosen(const Composition& composition, const std::string& group, const std::string& option) {
  return std::any_of(composition.files.begin(), composition.files.end(), [&](const DefaultsFile& file) {
    return file.group == group && file.config == group + "/" + option;
  });
}

}  // namespace

std::string wrapped(const std::string& text, size_t indent, size_t columns) {
  std::istringstream words(text);
  std::string result, line;
  size_t width = 0;
  for (std::string word; words >> word;) {
    const size_t word_width = display_width(word);
    if (!line.empty() && width + 1 + word_width > columns) {
      result += line + "\n";
      line.clear();
    }
    if (line.empty()) {
      line = std::string(indent, ' ') + word;
      width = indent + word_width;
    } else {
      line += " " + word;
      width += 1 + word_width;
    }
  }
  return line.empty() ? result : result + line + "\n";
}

std::string help_text(const HelpPage& page, const std::vector<FieldDoc>& fields, const SearchPath& search_path) {
  std::string text = wrapped(fmt::format("medvol {}: {}", page.command, page.summary), 0);
  text += fmt::format("\nUSAGE\n  medvol {} [name=value …] [flags]\n\n", page.command);
  if (!page.examples.empty()) {
    text += "EXAMPLES\n";
    for (const std::string& example : page.examples) text += "  " + example + "\n";
    text += "\n";
  }
  return text + fields_text(fields) + groups_text(search_path) + flags_text;
}

std::string info_text(const SearchPath& search_path, const Composition& composition,
                      const std::vector<Override>& overrides) {
  std::string text = "SEARCH PATH\n";
  for (const auto& folder : search_path.folders()) text += "  " + folder.string() + "\n";
  text += "\nCONFIG GROUPS (* chosen)\n";
  for (const std::string& group : search_path.groups()) {
    text += "  " + group + "\n";
    for (const std::string& option : search_path.options(group))
      text += fmt::format("    {} {}\n", is_chosen(composition, group, option) ? "*" : " ", option);
  }
  text += "\nDEFAULTS LIST (later files win)\n";
  for (const DefaultsFile& file : composition.files)
    text +=
        fmt::format("  {:<32} {:<20} {}\n", file.config, file.package.empty() ? "_global_" : file.package, file.file);
  text += "\nOVERRIDES\n";
  for (const Override& override : overrides) text += "  " + override.text + "\n";
  return text;
}

}  // namespace medvol::config
