// Lays out rows of text in aligned columns.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace tilewright {

enum class Align { kLeft, kRight };

/// A column's header has up to two lines: what, and its unit.
struct Column {
  std::string title;
  std::string unit;
  Align align = Align::kRight;
};

/// Collects rows, then renders them at the width of the widest cell of each column. Cells are
/// UTF-8; a row shorter than the columns leaves the rest blank.
class TextTable {
 public:
  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  void add_row(std::vector<std::string> cells);

  /// Cells of the first columns, then a note that runs on over all columns after them.
  void add_note(std::vector<std::string> cells, std::string note);

  /// A line across the table.
  void add_rule();
  void add_blank();

  /// Every line ends in a newline and has no trailing spaces.
  std::string render() const;

 private:
  enum class Kind { kCells, kRule, kBlank };
  struct Row {
    Kind kind;
    std::vector<std::string> cells;
    std::string note;
  };

  std::vector<std::size_t> widths() const;
  std::string line(const std::vector<std::string>& cells,
                   const std::vector<std::size_t>& widths) const;

  std::vector<Column> columns_;
  std::vector<Row> rows_;
};

}  // namespace tilewright
