#pragma once
#include <string>
#include <vector>

namespace medvol::reports {

enum class Align { left, right };

struct Column {
  std::string header;
  Align align = Align::right;
};

/// A cell: its text, and what a sortable column sorts by where the text is no plain number.
struct Cell {
  std::string text;
  double order = 0;
  bool ordered = false;
  Cell(std::string text_) : text(std::move(text_)) {}  // NOLINT: a text is a cell
  Cell(const char* text_) : text(text_) {}              // NOLINT
  Cell(std::string text_, double order_) : text(std::move(text_)), order(order_), ordered(true) {}
};

/// A table as a person reads it. Rows are as long as `columns`; the first column is the row's heading.
struct Table {
  std::string caption;
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;
  std::vector<std::string> notes;  ///< lines below, the policy's first
  bool sortable = false;           ///< in HTML
};

/// GitHub-flavoured Markdown, columns padded so that the source reads as a table too.
std::string to_markdown(const Table& table);
std::string to_html(const Table& table);
/// A plain box for the terminal.
std::string to_text(const Table& table);

}  // namespace medvol::reports
