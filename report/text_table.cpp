#include "report/text_table.h"

#include <algorithm>
#include <numeric>
#include <string_view>

#include "report/number_text.h"

namespace tilewright {
namespace {

constexpr std::string_view kGap = "  ";

std::string padded(const std::string& cell, std::size_t width, Align align) {
  const std::size_t used = display_width(cell);
  const std::string fill(width > used ? width - used : 0, ' ');
  return align == Align::kRight ? fill + cell : cell + fill;
}

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

void TextTable::add_row(std::vector<std::string> cells) {
  rows_.push_back({Kind::kCells, std::move(cells), ""});
}

void TextTable::add_note(std::vector<std::string> cells, std::string note) {
  rows_.push_back({Kind::kCells, std::move(cells), std::move(note)});
}

void TextTable::add_rule() {
  rows_.push_back({Kind::kRule, {}, ""});
}

void TextTable::add_blank() {
  rows_.push_back({Kind::kBlank, {}, ""});
}

std::vector<std::size_t> TextTable::widths() const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) {
    widths.push_back(std::max(display_width(column.title), display_width(column.unit)));
  }
  for (const Row& row : rows_) {
    const std::size_t count = std::min(row.cells.size(), widths.size());
    for (std::size_t i = 0; i < count; ++i) {
      widths[i] = std::max(widths[i], display_width(row.cells[i]));
    }
  }
  return widths;
}

std::string TextTable::line(const std::vector<std::string>& cells,
                            const std::vector<std::size_t>& widths) const {
  std::string text;
  for (std::size_t i = 0; i < std::min(cells.size(), widths.size()); ++i) {
    if (i > 0) text += kGap;
    text += padded(cells[i], widths[i], columns_[i].align);
  }
  return text;
}

std::string TextTable::render() const {
  const std::vector<std::size_t> columns = widths();
  const std::size_t total = std::accumulate(columns.begin(), columns.end(), std::size_t{0}) +
                            kGap.size() * (columns.size() - 1);
  std::string rule;
  for (std::size_t i = 0; i < total; ++i) rule += "─";

  std::vector<std::string> titles;
  std::vector<std::string> units;
  for (const Column& column : columns_) {
    titles.push_back(column.title);
    units.push_back(column.unit);
  }
  const bool has_units = std::any_of(units.begin(), units.end(),
                                     [](const std::string& unit) { return !unit.empty(); });
  std::string text = trimmed(line(titles, columns));
  if (has_units) text += trimmed(line(units, columns));
  text += rule + "\n";
  for (const Row& row : rows_) {
    if (row.kind == Kind::kBlank) {
      text += "\n";
    } else if (row.kind == Kind::kRule) {
      text += rule + "\n";
    } else {
      const std::string note = row.note.empty() ? "" : std::string(kGap) + row.note;
      text += trimmed(line(row.cells, columns) + note);
    }
  }
  return text;
}

}  // namespace tilewright
