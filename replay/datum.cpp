#include "replay/datum.h"

#include <array>

#include <fmt/format.h>

#include "schedules/operation_names.h"

namespace tilewright {

std::string datum_text(const Datum& datum) {
  const bool is_stream = datum.operand == Operand::kK || datum.operand == Operand::kV;
  std::string text = fmt::format("{} of pair {}, {} {}", operand_name(datum.operand), datum.pair,
                                 is_stream ? "sub-tile" : "query tile", datum.tile);
  if (datum.operand == Operand::kO || datum.operand == Operand::kState) {
    text += fmt::format(" after {} sub-tiles", datum.added);
    text += datum.first > 0 ? fmt::format(" from {} on", datum.first) : "";
  } else if (datum.added > 0) {
    text += fmt::format(", sub-tile {}", datum.added - 1);
  }
  if (datum.figure != Figure::kAll) {
    constexpr std::array kFigures{"",         ", maximum",     ", sum",
                                  ", factor", ", own maximum", ", own sum"};
    text += kFigures[static_cast<std::size_t>(datum.figure)];
  }
  if (datum.adjusted != Adjusted::kNo) {
    text += datum.adjusted == Adjusted::kRescaled ? ", rescaled" : ", normalised";
  }
  return text;
}

std::uint32_t DatumTable::number(const Datum& datum) {
  const auto next = static_cast<std::uint32_t>(data_.size() + 1);
  const auto [found, is_new] = numbers_.try_emplace(datum, next);
  if (is_new) {
    data_.push_back(datum);
  }
  return found->second;
}

}  // namespace tilewright
