#include "costmodel/masked_rounds.h"

#include <algorithm>

#include "common/math.h"
#include "costmodel/l0_tiles.h"
#include "costmodel/sight_lines.h"

namespace tilewright {
namespace {

/// The keys that the tiles at a position see in every candidate of a set, and in any.
struct Reach {
  KeyRange least;
  KeyRange most;
};

Reach reach_of(const Shape& shape, const Tiling& low, const MaskedBox& high,
               const TileCounts& counts, const CoreRounds& rounds, std::int64_t position) {
  const std::int64_t first_tile = rounds.first_tile + position * rounds.tile_stride;
  const std::int64_t end_tile = first_tile + rounds.share;
  const bool to_the_end = end_tile >= counts.q_tiles;
  const auto from = [&](std::int64_t q_rows) {
    return keys_of(shape, std::min(shape.rows - 1, first_tile * q_rows)).first;
  };
  const auto to = [&](std::int64_t q_rows) {
    const std::int64_t end_row = to_the_end ? shape.rows : std::min(shape.rows, end_tile * q_rows);
    return keys_of(shape, end_row - 1).end;
  };
  // From where the latest tile begins to see to where the earliest one ends.
  return {{from(high.q_rows), to(low.q_rows)}, {from(low.q_rows), to(high.q_rows)}};
}

/// Where `holds`, which is true at `from` and once false stays so, ends; `end` if it does not.
template <typename Holds>
std::int64_t first_after(std::int64_t from, std::int64_t end, const Holds& holds) {
  std::int64_t good = from;
  std::int64_t bad = end;
  for (std::int64_t step = 1; good + step < bad; step *= 2) {
    if (!holds(good + step)) {
      bad = good + step;
      break;
    }
    good += step;
  }
  while (bad - good > 1) {
    const std::int64_t middle = good + (bad - good) / 2;
    (holds(middle) ? good : bad) = middle;
  }
  return bad;
}

Visible least_visible(const Reach& reach, const Tiling& low, const MaskedBox& high,
                      const TileCounts& counts) {
  const KeyRange& keys = reach.least;
  Visible visible;
  visible.sub_tiles =
      std::max<std::int64_t>(1, ceil_div(keys.end, high.kv_cols) - keys.first / low.kv_cols);
  // The last one is the narrow one if it is for any candidate.
  const bool narrow = reach.most.end > (counts.sub_tiles - 1) * low.kv_cols;
  visible.first = (narrow ? counts.sub_tiles : counts.sub_tiles - 1) - visible.sub_tiles;
  // Keys beyond the fewest sub-tiles count in pieces of one, so that few positions differ.
  const std::int64_t length =
      (keys.end / low.kv_cols - ceil_div(keys.first, low.kv_cols)) * low.kv_cols;
  visible.cols = std::max(
      length, (visible.sub_tiles - 1) * low.kv_cols + (narrow ? counts.edge_cols : low.kv_cols));
  visible.whole_first = visible.first;
  visible.whole_end = visible.end();
  return visible;
}

/// The same in sub-tiles: those that every candidate sees, and those that any does.
Reach in_sub_tiles(const Reach& keys, const Tiling& low, const MaskedBox& high,
                   const TileCounts& counts) {
  return {{keys.least.first / low.kv_cols, ceil_div(keys.least.end, high.kv_cols)},
          {keys.most.first / high.kv_cols,
           std::min(counts.sub_tiles, ceil_div(keys.most.end, low.kv_cols))}};
}

}  // namespace

Visible least_visible(const Shape& shape, const Tiling& low, const MaskedBox& high,
                      const TileCounts& counts, const CoreRounds& rounds, std::int64_t position) {
  return least_visible(reach_of(shape, low, high, counts, rounds, position), low, high, counts);
}

/// Where there are many positions, loads of single ones matter less than that neighbours are alike.
bool MaskedRounds::knows_loads() const {
  constexpr std::int64_t kFew = 64;
  return tiling_.kv_resident && rounds_.positions <= kFew;
}

/// Sub-tiles up to the last one that has been loaded with a position (of a set: by any candidate).
std::int64_t MaskedRounds::left_by(std::int64_t position) const {
  if (high_ == nullptr) {
    return see(position).end();
  }
  const Reach keys = reach_of(shape_, tiling_, *high_, *counts_, rounds_, position);
  return in_sub_tiles(keys, tiling_, *high_, *counts_).most.end;
}

Visible MaskedRounds::see(std::int64_t position) const {
  return high_ == nullptr ? visible_at(shape_, tiling_, rounds_, position)
                          : least_visible(shape_, tiling_, *high_, *counts_, rounds_, position);
}

/// A later position up to which what is seen at `position` is the same.
std::int64_t MaskedRounds::seen_until(std::int64_t position) const {
  const std::int64_t c = tiling_.kv_cols;
  const SightLines lines(shape_, rounds_, tiling_.q_rows);
  std::int64_t until = rounds_.positions - 1;
  const auto stay = [&](const FloorLine& line) {
    until = std::min(until, line.first_not_below(line.at(position) + 1, until));
  };
  const auto stay_below = [&](const FloorLine& line, std::int64_t value) {
    until = line.at(position) < value ? line.first_not_below(value, until) : until;
  };
  if (high_ == nullptr) {
    stay(lines.first(c));
    stay(lines.end(c));
    stay(lines.whole_first(c));
    stay(lines.whole_end(c));
    stay_below(FloorLine{lines.step(), lines.top(), 1}, shape_.rows - shape_.mask.sharing);
    return until;
  }
  const SightLines late(shape_, rounds_, high_->q_rows);
  stay(lines.end(high_->kv_cols));
  stay(late.first(c));
  stay(lines.filled_end(c));
  stay(late.filled_first(c));
  stay_below(late.end(1), (counts_->sub_tiles - 1) * c + 1);
  if (phase_.online || knows_loads()) {
    stay(late.end(c));
  }
  if (phase_.online) {
    stay(lines.first(high_->kv_cols));
  }
  return until;
}

std::int64_t MaskedRounds::alike_until(std::int64_t position, const MaskedRound& round) const {
  const std::int64_t last = rounds_.positions - 1;
  const std::int64_t still = seen_until(position);
  if (still > position + 1) {
    return still;
  }
  const std::int64_t rows = rounds_.tile_stride * tiling_.q_rows;
  const std::int64_t tile_rows = shape_.mask.sharing * tiling_.kv_cols;
  if (high_ == nullptr && rows % tile_rows == 0) {
    // What is seen moves at an even pace until an end of the keys comes in its way.
    const Visible here = see(position);
    return first_after(position + 1, last, [&](std::int64_t at) {
      const std::int64_t by = (at - position) * (rows / tile_rows);
      Visible moved = here;
      moved.first += by;
      moved.whole_first += by;
      moved.whole_end += by;
      return see(at) == moved;
    });
  }
  std::int64_t end = position + 1;
  std::int64_t there = left_by(position);
  while (end < last && next(end, there) == round) {
    ++end;
  }
  return end;
}

MaskedRound MaskedRounds::at(std::int64_t position) const {
  std::int64_t there = 0;
  return at(position, there);
}

MaskedRound MaskedRounds::at(std::int64_t position, std::int64_t& there) const {
  there = position > 0 ? left_by(position - 1) : 0;
  return next(position, there);
}

MaskedRound MaskedRounds::next(std::int64_t position, std::int64_t& there) const {
  return high_ == nullptr ? next_exact(position, there) : next_least(position, there);
}

MaskedRound MaskedRounds::round_of(const Visible& visible, std::int64_t position) const {
  MaskedRound round;
  round.rows = position == rounds_.positions - 1 ? rounds_.rows_last : rounds_.rows_full;
  round.sub_tiles = round.due = visible.sub_tiles;
  round.cols = visible.cols;
  round.masked_cols = visible.masked_cols;
  if (phase_.online) {
    round.lead = visible.whole_first - visible.first;
    round.whole = visible.whole_end - visible.whole_first;
  }
  return round;
}

MaskedRound MaskedRounds::next_exact(std::int64_t position, std::int64_t& there) const {
  const Visible visible = see(position);
  MaskedRound round = round_of(visible, position);
  if (position > 0 && tiling_.kv_resident) {
    round.due = visible.end() - std::max(visible.first, there);
  }
  round.narrow = visible.cols < visible.sub_tiles * tiling_.kv_cols;
  there = visible.end();
  return round;
}

/// Of a set of candidates. What is left out of a long round with look-ahead L are inner steps among
/// 2 L + 3 alike; the program stays the same around them, and shorter (docs/search.md). Where a
/// round is short, or not alike as loads differ, candidates must not have more steps than the
/// least.
MaskedRound MaskedRounds::next_least(std::int64_t position, std::int64_t& there) const {
  const Reach keys = reach_of(shape_, tiling_, *high_, *counts_, rounds_, position);
  const Reach tiles = in_sub_tiles(keys, tiling_, *high_, *counts_);
  const Visible visible = least_visible(keys, tiling_, *high_, *counts_);
  MaskedRound round = round_of(visible, position);
  round.narrow = visible.end() == counts_->sub_tiles;
  const bool ordered = phase_.online && phase_.lookahead > 0;
  const bool may_grow = ordered && tiles.most.end - tiles.most.first > round.sub_tiles;
  round.loose = may_grow && round.sub_tiles < 2 * phase_.lookahead + 2;
  if (position > 0 && tiling_.kv_resident) {
    // Those that no candidate has loaded before, and every one loads now.
    const std::int64_t loads = tiles.least.end - std::max(tiles.least.first, there);
    round.due = knows_loads() && !may_grow ? std::max<std::int64_t>(0, loads) : 0;
  }
  there = tiles.most.end;
  return round;
}

RoundTimes MaskedRounds::times(const MaskedRound& round, const RoundTimes& base) const {
  RoundTimes times = base;
  for (StageTimes* stage : {&times.first, &times.second}) {
    stage->matmul_edge = round.narrow ? stage->matmul_edge : stage->matmul_full;
    stage->load_edge = round.narrow ? stage->load_edge : stage->load_full;
    stage->matmul_all = (round.sub_tiles - 1) * stage->matmul_full + stage->matmul_edge;
  }
  if (round.rows == 0) {
    times.keep_loads();
    return times;
  }
  if (high_ != nullptr) {
    const auto conserve = [&](MatmulKind kind, StageTimes& stage) {
      const std::int64_t all =
          least_matmuls(*unit_, shape_, kind, round.rows, round.cols, round.sub_tiles);
      stage.matmul_all = std::max(stage.matmul_all, all);
    };
    conserve(phase_.first_kind, times.first);
    conserve(MatmulKind::kPV, times.second);
  }
  const auto transfer = [&](Operand operand, std::int64_t full) {
    return transfer_.cycles(round.rows * row_bytes(shape_, operand, full, round.cols));
  };
  times.input = transfer(phase_.input, phase_.input_row_bytes);
  times.store = transfer(phase_.output, phase_.output_row_bytes);
  if (phase_.bias_in_input()) {
    times.input += transfer(Operand::kBias, phase_.bias_row_bytes);
  } else if (phase_.bias_apart() && !phase_.online) {
    times.bias = transfer(Operand::kBias, phase_.bias_row_bytes);
  }
  if (!phase_.online) {
    times.softmax =
        phase_.has_softmax ? vector_.softmax_cycles(round.rows, round.cols, round.masked_cols) : 0;
  }
  return times;
}

}  // namespace tilewright
