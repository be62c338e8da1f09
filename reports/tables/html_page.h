#pragma once
#include <string>
#include <utility>
#include <vector>

namespace medvol::reports {

/// One HTML page that needs nothing but itself: no network, style and script inside, pictures as data URIs; follows the
/// reader's light or dark theme, prints well. Text is escaped; `html` parts are taken as they are.
class HtmlPage {
 public:
  /// `lead`: one sentence under the title.
  HtmlPage(std::string title, std::string lead);

  struct Tile {
    std::string label, value;
    std::vector<std::string> detail;
  };
  /// Big figures at the top.
  void add_tiles(const std::vector<Tile>& tiles);
  void begin_section(const std::string& heading);
  void add_html(const std::string& html);
  void add_paragraph(const std::string& text);
  /// An SVG document as part of the page.
  void add_svg(const std::string& svg, const std::string& caption);
  void add_png(const std::string& png, const std::string& caption, const std::string& alt);
  void add_pairs(const std::vector<std::pair<std::string, std::string>>& pairs);
  /// Ends the page.
  std::string document() const;

 private:
  std::string title_, lead_, body_;
  bool in_section_ = false;
};

}  // namespace medvol::reports
