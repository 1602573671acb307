#include "search/space.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "common/error.h"
#include "common/text.h"

namespace tilewright {

Axis::Axis(std::int64_t length, TileSizes sizes) : length_(length), listed_(true) {
  if (sizes == TileSizes::kAll) {
    listed_ = false;
    return;
  }
  if (sizes == TileSizes::kPow2) {
    for (std::int64_t value = 1; value < length; value *= 2) {
      values_.push_back(value);
    }
    values_.push_back(length);
    return;
  }
  for (std::int64_t value = 1; value <= length / value; ++value) {
    if (length % value == 0) {
      values_.push_back(value);
      if (value != length / value) {
        values_.push_back(length / value);
      }
    }
  }
  std::sort(values_.begin(), values_.end());
}

Axis Axis::only(std::int64_t length, std::int64_t value) {
  Axis axis;
  axis.length_ = length;
  axis.listed_ = true;
  axis.values_ = {value};
  return axis;
}

std::int64_t Axis::first_not_below(std::int64_t value) const {
  if (!listed_) {
    return std::clamp<std::int64_t>(value - 1, 0, length_);
  }
  return std::lower_bound(values_.begin(), values_.end(), value) - values_.begin();
}

bool Axis::contains(std::int64_t value) const {
  const std::int64_t index = first_not_below(value);
  return value >= 1 && index < size() && this->value(index) == value;
}

const std::vector<std::string>& factor_names() {
  static const std::vector<std::string> names{"heads",   "q_rows",    "kv_cols",   "kv_resident",
                                              "buffers", "lookahead", "overwrite", "core_split",
                                              "l0.qk",   "l0.pv"};
  return names;
}

namespace {

std::optional<std::int64_t> to_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

InputError bad_factor(const std::string& name, const std::string& value,
                      const std::string& expected) {
  return InputError(
      fmt::format("{}: bad value '{}', expected {}", name, printable(value), expected));
}

std::int64_t integer_pin(const std::string& name, const std::string& text, std::int64_t low,
                         std::int64_t high) {
  const auto value = to_integer(text);
  if (!value || *value < low || *value > high) {
    throw bad_factor(name, text, fmt::format("an integer from {} to {}", low, high));
  }
  return *value;
}

L0Tile tile_pin(const std::string& name, const std::string& text) {
  std::array<std::int64_t, 3> sides{};
  std::string_view rest = text;
  for (std::size_t i = 0; i < sides.size(); ++i) {
    const std::size_t end = i + 1 < sides.size() ? rest.find('x') : rest.size();
    const auto side =
        end == std::string_view::npos ? std::nullopt : to_integer(rest.substr(0, end));
    if (!side || *side < 1 || *side > (std::int64_t{1} << 31)) {
      throw bad_factor(name, text, "an L0 tile MxNxK such as 16x16x64");
    }
    sides[i] = *side;
    rest.remove_prefix(std::min(rest.size(), end + 1));
  }
  return {sides[0], sides[1], sides[2]};
}

template <typename T>
void keep_only(std::vector<T>& values, const T& value, const std::string& name,
               const std::string& text, const std::string& expected) {
  if (std::find(values.begin(), values.end(), value) == values.end()) {
    throw bad_factor(name, text, expected);
  }
  values = {value};
}

template <typename T>
std::string listed(const std::vector<T>& values, const auto& to_text) {
  std::vector<std::string> words;
  for (const T& value : values) {
    words.push_back(to_text(value));
  }
  return "one of " + join(words);
}

/// Index of `text` among `words` or an error.
std::size_t word_pin(const std::string& name, const std::string& text,
                     const std::vector<std::string>& words) {
  const auto found = std::find(words.begin(), words.end(), text);
  if (found == words.end()) {
    throw bad_factor(name, text, "one of " + join(words));
  }
  return static_cast<std::size_t>(found - words.begin());
}

constexpr std::array kOverwrites{"none", "k", "v"};
constexpr std::array kCoreSplits{"heads", "q", "kv"};

void pin_core_split(ModeValues& values, const ModeValues& legal, const std::string& name,
                    const std::string& text) {
  const auto value = static_cast<CoreSplit>(
      word_pin(name, text, std::vector<std::string>(kCoreSplits.begin(), kCoreSplits.end())));
  if (values.core_split.size() == 1 && values.core_split[0] != value) {
    throw bad_factor(name, text, "heads: the machine has one core");
  }
  if (std::find(legal.core_split.begin(), legal.core_split.end(), value) ==
      legal.core_split.end()) {
    throw bad_factor(
        name, text,
        "heads or q: of the schedules, flash2 and flash3 alone have a softmax that can "
        "be merged from parts of the keys");
  }
  if (std::find(values.core_split.begin(), values.core_split.end(), value) ==
      values.core_split.end()) {
    throw bad_factor(
        name, text, "heads or q: kv needs mask: none, as a core might have no key that a row sees");
  }
  values.core_split = {value};
}

void pin_mode(ModeValues& values, const ModeValues& legal, const std::string& name,
              const std::string& text) {
  const auto number = [](std::int64_t value) { return std::to_string(value); };
  if (name == "kv_resident") {
    values.kv_resident = {word_pin(name, text, {"false", "true"}) == 1};
  } else if (name == "buffers") {
    const std::int64_t value = integer_pin(name, text, 1, 1 << 20);
    values.buffers = legal.buffers;
    keep_only(values.buffers, value, name, text, listed(legal.buffers, number));
  } else if (name == "lookahead") {
    const std::int64_t value = integer_pin(name, text, 0, 1 << 20);
    values.lookahead = legal.lookahead;
    keep_only(values.lookahead, value, name, text, listed(legal.lookahead, number));
  } else if (name == "overwrite") {
    const std::vector<std::string> words(kOverwrites.begin(), kOverwrites.end());
    const auto value = static_cast<Overwrite>(word_pin(name, text, words));
    values.overwrite = legal.overwrite;
    keep_only(values.overwrite, value, name, text, listed(legal.overwrite, [&](Overwrite o) {
                return words[static_cast<std::size_t>(o)];
              }));
  } else {
    pin_core_split(values, legal, name, text);
  }
}

/// Values of core_split without those that the machine or the mask leave no use for.
std::vector<CoreSplit> useful_splits(const Problem& problem, std::vector<CoreSplit> splits) {
  if (problem.layout.cores == 1) {
    return {CoreSplit::kHeads};
  }
  if (problem.shape.mask.causal) {
    std::erase(splits, CoreSplit::kKeyValue);
  }
  return splits;
}

std::vector<Mode> modes_of(const ModeValues& values) {
  std::vector<Mode> modes;
  for (const bool resident : values.kv_resident) {
    for (const std::int64_t buffers : values.buffers) {
      for (const std::int64_t lookahead : values.lookahead) {
        for (const Overwrite overwrite : values.overwrite) {
          for (const CoreSplit split : values.core_split) {
            const Mode mode{resident, buffers, lookahead, overwrite, split};
            // Anything else is no candidate, whatever the tile sizes (see is_legal()).
            const bool can_overwrite = resident && lookahead == 1 && split != CoreSplit::kKeyValue;
            if (overwrite == Overwrite::kNone || can_overwrite) {
              modes.push_back(mode);
            }
          }
        }
      }
    }
  }
  return modes;
}

}  // namespace

Pins parse_factors(const std::string& text) {
  Pins pins;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string item = text.substr(begin, end - begin);
    const std::size_t equals = item.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == item.size()) {
      throw InputError(
          fmt::format("bad factor '{}', expected factor=value, e.g. q_rows=64", printable(item)));
    }
    const std::string name = item.substr(0, equals);
    const auto& names = factor_names();
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      throw InputError(
          fmt::format("unknown factor '{}'{}", printable(name), suggestion(name, names)));
    }
    if (!pins.emplace(name, item.substr(equals + 1)).second) {
      throw InputError(fmt::format("factor '{}' is given twice", name));
    }
    begin = end + 1;
  }
  return pins;
}

Pins factors_of(const Tiling& t) {
  Pins pins{{"heads", std::to_string(t.heads)},
            {"q_rows", std::to_string(t.q_rows)},
            {"kv_cols", std::to_string(t.kv_cols)},
            {"kv_resident", t.kv_resident ? "true" : "false"},
            {"buffers", std::to_string(t.buffers)},
            {"lookahead", std::to_string(t.lookahead)},
            {"overwrite", kOverwrites[static_cast<std::size_t>(t.overwrite)]},
            {"core_split", kCoreSplits[static_cast<std::size_t>(t.core_split)]}};
  const auto add = [&pins](const char* name, const L0Tile& tile) {
    if (tile.m > 0) {
      pins[name] = fmt::format("{}x{}x{}", tile.m, tile.n, tile.k);
    }
  };
  add("l0.qk", t.l0_qk);
  add("l0.pv", t.l0_pv);
  return pins;
}

Tiling tiling_of_factors(const Pins& factors) {
  constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
  Tiling tiling;
  const auto take = [&](const char* name, const auto& read) {
    if (const auto found = factors.find(name); found != factors.end()) {
      read(name, found->second);
    }
  };
  const auto integer = [&](const char* name, std::int64_t low, std::int64_t& factor) {
    take(name, [&](const std::string& key, const std::string& text) {
      factor = integer_pin(key, text, low, kLargest);
    });
  };
  const auto word = [&](const char* name, const auto& words, auto& factor) {
    take(name, [&](const std::string& key, const std::string& text) {
      const std::vector<std::string> known(words.begin(), words.end());
      factor = static_cast<std::remove_reference_t<decltype(factor)>>(word_pin(key, text, known));
    });
  };
  integer("heads", 1, tiling.heads);
  integer("q_rows", 1, tiling.q_rows);
  integer("kv_cols", 1, tiling.kv_cols);
  integer("buffers", 1, tiling.buffers);
  integer("lookahead", 0, tiling.lookahead);
  word("kv_resident", std::array{"false", "true"}, tiling.kv_resident);
  word("overwrite", kOverwrites, tiling.overwrite);
  word("core_split", kCoreSplits, tiling.core_split);
  return tiling;
}

DesignSpace make_space(Problem& problem, std::string_view variant, TileSizes sizes,
                       const Pins& pins) {
  const std::string_view chosen = variant.empty() ? problem.schedule.variants().front() : variant;
  const ModeValues legal = problem.schedule.legal(chosen);
  ModeValues values = problem.schedule.searched(chosen);
  values.core_split = useful_splits(problem, std::move(values.core_split));
  const std::array<std::int64_t, kAxes> lengths{problem.shape.pairs, problem.shape.rows,
                                                problem.shape.cols};
  DesignSpace space;
  for (std::size_t axis = 0; axis < kAxes; ++axis) {
    space.axes[axis] = Axis(lengths[axis], sizes);
  }
  for (const auto& [name, text] : pins) {
    const auto& names = factor_names();
    const auto index =
        static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    if (index >= names.size()) {
      throw InputError(
          fmt::format("unknown factor '{}'{}", printable(name), suggestion(name, names)));
    }
    if (index < kAxes) {
      space.axes[index] = Axis::only(lengths[index], integer_pin(name, text, 1, lengths[index]));
    } else if (name == "l0.qk") {
      problem.pinned_qk = tile_pin(name, text);
    } else if (name == "l0.pv") {
      problem.pinned_pv = tile_pin(name, text);
    } else {
      pin_mode(values, legal, name, text);
    }
  }
  space.modes = modes_of(values);
  if (space.modes.empty()) {
    throw InputError(
        "the given factors exclude each other: overwrite needs kv_resident=true and "
        "lookahead=1");
  }
  return space;
}

}  // namespace tilewright
