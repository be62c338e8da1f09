#include "reports/tables/table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "framework/core/error.h"
#include "reports/figures/svg_canvas.h"

namespace medvol::reports {
namespace {

/// Characters, not bytes, of UTF-8.
size_t width_of(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char byte) { return (byte & 0xC0) != 0x80; }));
}

std::string padded(const std::string& text, size_t width, bool left) {
  const std::string space(width - std::min(width, width_of(text)), ' ');
  return left ? text + space : space + text;
}

/// A bar would end a Markdown cell, a line break the table.
std::string markdown_text(const std::string& text) {
  std::string safe;
  for (const char letter : text) {
    if (letter == '|')
      safe += "\\|";
    else if (letter == '\n' || letter == '\r')
      safe += ' ';
    else
      safe += letter;
  }
  return safe;
}

using Texts = std::vector<std::vector<std::string>>;

/// All cells as text with the header first.
template <class CellText>
Texts texts_of(const Table& table, CellText cell_text) {
  Texts texts{table.columns};
  for (const std::vector<Cell>& row : table.rows) {
    MEDVOL_CHECK(row.size() == table.columns.size(), "table '{}': a row has {} cells, not {}", table.caption,
                 row.size(), table.columns.size());
    std::vector<std::string> line;
    for (const Cell& cell : row) line.push_back(cell_text(cell));
    texts.push_back(std::move(line));
  }
  return texts;
}

std::vector<size_t> widths_of(const Texts& texts) {
  std::vector<size_t> widths(texts.front().size(), 3);
  for (const auto& line : texts)
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width_of(line[i]));
  return widths;
}

std::string html_cell(const Cell& cell, bool heading) {
  const std::string order = cell.order ? fmt::format(" data-order=\"{}\"", *cell.order) : "";
  std::string content = escape_xml(cell.text);
  for (const std::string& line : cell.detail) content += "<span class=\"detail\">" + escape_xml(line) + "</span>";
  return heading ? fmt::format("<th scope=\"row\"{}>{}</th>", order, content)
                 : fmt::format("<td{}>{}</td>", order, content);
}

}  // namespace

std::string to_markdown(const Table& table) {
  const Texts texts = texts_of(table, [](const Cell& cell) {
    std::string text = markdown_text(cell.text);
    for (const std::string& line : cell.detail) text += "<br>" + markdown_text(line);
    return text;
  });
  const std::vector<size_t> widths = widths_of(texts);
  std::string out = table.caption.empty() ? "" : "**" + markdown_text(table.caption) + "**\n\n";
  for (size_t line = 0; line < texts.size(); ++line) {
    out += '|';
    for (size_t i = 0; i < widths.size(); ++i) out += ' ' + padded(texts[line][i], widths[i], i == 0) + " |";
    out += '\n';
    if (line > 0) continue;
    out += '|';
    for (size_t i = 0; i < widths.size(); ++i)
      out += i == 0 ? ' ' + std::string(widths[i], '-') + " |" : ' ' + std::string(widths[i] - 1, '-') + ": |";
    out += '\n';
  }
  for (const std::string& note : table.notes) out += "\n" + note + "\n";
  return out;
}

std::string to_html(const Table& table) {
  std::string out = "<figure class=\"table\">\n";
  if (!table.caption.empty()) out += "<figcaption>" + escape_xml(table.caption) + "</figcaption>\n";
  out += fmt::format("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">\n<table{}>\n<thead><tr>",
                     escape_xml(table.caption), table.sortable ? " class=\"sortable\"" : "");
  for (const std::string& column : table.columns)
    out += table.sortable
               ? fmt::format("<th scope=\"col\"><button type=\"button\">{}</button></th>", escape_xml(column))
               : fmt::format("<th scope=\"col\">{}</th>", escape_xml(column));
  out += "</tr></thead>\n<tbody>\n";
  for (size_t row = 0; row < table.rows.size(); ++row) {
    out += row + table.emphasised_rows >= table.rows.size() ? "<tr class=\"total\">" : "<tr>";
    for (size_t i = 0; i < table.rows[row].size(); ++i) out += html_cell(table.rows[row][i], i == 0);
    out += "</tr>\n";
  }
  out += "</tbody>\n</table>\n</div>\n";
  for (const std::string& note : table.notes) out += "<p class=\"note\">" + escape_xml(note) + "</p>\n";
  return out + "</figure>\n";
}

std::string to_text(const Table& table) {
  const Texts texts = texts_of(table, [](const Cell& cell) {
    return cell.detail.empty() ? cell.text : fmt::format("{} {}", cell.text, fmt::join(cell.detail, " "));
  });
  const std::vector<size_t> widths = widths_of(texts);
  std::string out = table.caption.empty() ? "" : table.caption + "\n";
  for (size_t line = 0; line < texts.size(); ++line) {
    std::string row;
    for (size_t i = 0; i < widths.size(); ++i) row += (i == 0 ? "" : "  ") + padded(texts[line][i], widths[i], i == 0);
    row.erase(row.find_last_not_of(' ') + 1);
    out += row + '\n';
    if (line == 0) {
      size_t whole = 2 * (widths.size() - 1);
      for (const size_t width : widths) whole += width;
      out += std::string(whole, '-') + '\n';
    }
  }
  for (const std::string& note : table.notes) out += note + '\n';
  return out;
}

}  // namespace medvol::reports
