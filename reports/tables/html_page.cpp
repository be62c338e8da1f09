#include "reports/tables/html_page.h"

#include <fmt/format.h>

#include "reports/figures/svg_canvas.h"
#include "reports/tables/base64.h"

namespace medvol::reports {
namespace {

constexpr const char* style = R"(
:root{color-scheme:light dark;
  --paper:#ffffff;--back:#f6f7f9;--ink:#1c2430;--quiet:#566173;--grid:#e1e5ea;--accent:#0067a5}
@media (prefers-color-scheme:dark){:root{
  --paper:#171c23;--back:#0f1318;--ink:#e6eaf0;--quiet:#9aa6b6;--grid:#2c343f;--accent:#63b6ee}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);
  font:16px/1.55 system-ui,-apple-system,"Segoe UI","Helvetica Neue",Arial,sans-serif}
header,main,footer{max-width:72rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:2.75rem}
h1{font-size:1.9rem;line-height:1.2;letter-spacing:-.015em;margin:0 0 .5rem}
h2{font-size:1.2rem;margin:0 0 1rem}
.lead{color:var(--quiet);font-size:1.05rem;margin:0;max-width:60rem}
section{background:var(--paper);border:1px solid var(--grid);border-radius:10px;padding:1.5rem;margin:1.5rem 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(10rem,1fr));gap:1rem;margin:1.75rem 0 0}
.tile{background:var(--paper);border:1px solid var(--grid);border-radius:10px;padding:.9rem 1.1rem}
.tile .label{color:var(--quiet);font-size:.85rem;margin:0}
.tile .value{font-size:1.75rem;font-weight:650;line-height:1.25;font-variant-numeric:tabular-nums;margin:0}
.tile .small{color:var(--quiet);font-size:.8rem;margin:0;font-variant-numeric:tabular-nums}
figure{margin:0 0 1.75rem}figure:last-child{margin-bottom:0}
figcaption{font-weight:600;margin:0 0 .5rem}
.picture figcaption,.chart figcaption{font-weight:400;color:var(--quiet);margin:.5rem 0 0;font-size:.92rem}
img,svg{display:block;max-width:100%;height:auto}
img{border-radius:6px}
.scroll{overflow-x:auto}
.scroll:focus-visible,button:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
table{border-collapse:collapse;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums}
th,td{padding:.5rem 0 .5rem 1.1rem;text-align:right;white-space:nowrap;
  vertical-align:top;border-bottom:1px solid var(--grid)}
th:first-child{text-align:left;padding-left:0}
thead th{color:var(--quiet);font-weight:600;font-size:.85rem;white-space:normal;
  border-bottom:2px solid var(--grid);vertical-align:bottom}
tbody th{font-weight:500}
tr.total th,tr.total td{font-weight:650;border-bottom:0}
tr.total .detail{font-weight:400}
.sortable tbody tr:hover{background:var(--back)}
.detail{display:block;color:var(--quiet);font-size:.8rem}
.note{color:var(--quiet);font-size:.85rem;margin:.6rem 0 0;max-width:60rem}
.sortable button{all:unset;cursor:pointer;font-weight:600}
.sortable th[aria-sort=ascending] button::after{content:" \25B4"}
.sortable th[aria-sort=descending] button::after{content:" \25BE"}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.35rem 1.5rem;margin:0;font-size:.92rem}
dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
footer{color:var(--quiet);font-size:.85rem;padding-bottom:2.5rem}
@media (max-width:40rem){header,main,footer{padding-left:1rem;padding-right:1rem}
  section{padding:1rem}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}}
@media print{body{background:#fff}section{border:0;padding:0;break-inside:avoid-page}}
)";

constexpr const char* script = R"(
for (const table of document.querySelectorAll("table.sortable"))
  table.querySelectorAll("thead th").forEach((head, column) => head.firstChild.addEventListener("click", () => {
    const up = head.getAttribute("aria-sort") !== "ascending", body = table.tBodies[0];
    const key = row => row.cells[column].dataset.order ?? row.cells[column].textContent;
    const compare = (a, b) => {
      const x = Number(key(a)), y = Number(key(b));
      if (!isNaN(x) || !isNaN(y)) return isNaN(x) ? 1 : isNaN(y) ? -1 : up ? x - y : y - x;
      return (up ? 1 : -1) * key(a).localeCompare(key(b), undefined, {numeric: true});
    };
    [...body.rows].sort(compare).forEach(row => body.append(row));
    table.querySelectorAll("thead th").forEach(other => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
  }));
)";

}  // namespace

HtmlPage::HtmlPage(std::string title, std::string lead) : title_(std::move(title)), lead_(std::move(lead)) {}

void HtmlPage::add_tiles(const std::vector<Tile>& tiles) {
  body_ += "<div class=\"tiles\">\n";
  for (const Tile& tile : tiles) {
    body_ += fmt::format("<div class=\"tile\"><p class=\"label\">{}</p><p class=\"value\">{}</p>",
                         escape_xml(tile.label), escape_xml(tile.value));
    for (const std::string& line : tile.detail) body_ += "<p class=\"small\">" + escape_xml(line) + "</p>";
    body_ += "</div>\n";
  }
  body_ += "</div>\n";
}

void HtmlPage::begin_section(const std::string& heading) {
  if (in_section_) body_ += "</section>\n";
  body_ += "<section>\n<h2>" + escape_xml(heading) + "</h2>\n";
  in_section_ = true;
}

void HtmlPage::add_html(const std::string& html) { body_ += html; }

void HtmlPage::add_paragraph(const std::string& text) { body_ += "<p>" + escape_xml(text) + "</p>\n"; }

void HtmlPage::add_svg(const std::string& svg, const std::string& caption) {
  // Inside HTML an <svg> needs no namespace, and the page then holds no address at all.
  std::string inner = svg;
  const std::string name_space = " xmlns=\"http://www.w3.org/2000/svg\"";
  if (const size_t at = inner.find(name_space); at != std::string::npos) inner.erase(at, name_space.size());
  body_ += "<figure class=\"chart\">\n" + inner + "<figcaption>" + escape_xml(caption) + "</figcaption>\n</figure>\n";
}

void HtmlPage::add_png(const std::string& png, const std::string& caption, const std::string& alt) {
  body_ += fmt::format(
      "<figure class=\"picture\">\n<img alt=\"{}\" src=\"data:image/png;base64,{}\" "
      "/>\n<figcaption>{}</figcaption>\n</figure>\n",
      escape_xml(alt.empty() ? caption : alt), base64(png), escape_xml(caption));
}

void HtmlPage::add_pairs(const std::vector<std::pair<std::string, std::string>>& pairs) {
  body_ += "<dl>\n";
  for (const auto& [key, value] : pairs)
    body_ += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escape_xml(key), escape_xml(value));
  body_ += "</dl>\n";
}

std::string HtmlPage::document() const {
  const std::string title = escape_xml(title_);
  std::string page =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\" />\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n<title>" +
      title + "</title>\n<style>";
  page += style;
  page += "</style>\n</head>\n<body>\n<header>\n<h1>" + title + "</h1>\n<p class=\"lead\">" + escape_xml(lead_) +
          "</p>\n</header>\n<main>\n" + body_ + (in_section_ ? "</section>\n" : "") +
          "</main>\n<footer>Written by medvol.</footer>\n<script>";
  page += script;
  return page + "</script>\n</body>\n</html>\n";
}

}  // namespace medvol::reports
