#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace medvol::reports {

/// A cell: its text, lines of detail below it, and what a sortable column sorts by.
struct Cell {
  std::string text;
  std::vector<std::string> detail = {};
  std::optional<double> order = std::nullopt;
};

/// A table as a person reads it. Rows are as long as `columns`; the first column holds the rows' headings.
struct Table {
  std::string caption;
  std::vector<std::string> columns;
  std::vector<std::vector<Cell>> rows;
  std::vector<std::string> notes;  ///< lines below, the policy's first
  bool sortable = false;           ///< in HTML: a click on a column's head sorts
  size_t emphasised_rows = 0;      ///< so many last rows are set off (means)
};

/// GitHub-flavoured Markdown, columns padded so that the source reads as a table too; detail on lines of its own.
std::string to_markdown(const Table& table);
/// A <figure> with a <table>; all text escaped.
std::string to_html(const Table& table);
/// Plain aligned columns for the terminal; detail behind the text in the same line.
std::string to_text(const Table& table);

}  // namespace medvol::reports
