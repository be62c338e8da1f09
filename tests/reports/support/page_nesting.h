#pragma once
#include <string>
#include <vector>

namespace medvol::tests {

/// Tags of a page nest; returns what is wrong with them, empty when nothing is.
inline std::string nesting_fault(const std::string& page) {
  std::vector<std::string> open;
  for (size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at)) {
    const size_t end = page.find('>', at);
    if (end == std::string::npos) return "no end of tag";
    const std::string tag = page.substr(at + 1, end - at - 1);
    at = end;
    if (tag.starts_with('!') || tag.ends_with('/')) continue;
    const bool closing = tag.starts_with('/');
    const std::string name = tag.substr(closing, tag.find_first_of(" /\n", 1) - closing);
    if (!closing) {
      open.push_back(name);
      if (name == "script" || name == "style") at = page.find("</" + name, end);
    } else if (open.empty() || open.back() != tag.substr(1)) {
      return "unexpected </" + tag.substr(1) + ">";
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : "open <" + open.back() + ">";
}

}  // namespace medvol::tests
