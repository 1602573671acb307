#include "costmodel/l0_tiles.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/math.h"
#include "costmodel/op_costs.h"

namespace tilewright {
namespace {

constexpr std::size_t kOverflow = 1U << 15U;  // 2 MiB

/// The least x u + y v over whole u and v of at least 1 whose product is at least `product`. Where
/// that is large, 2 sqrt(x y product) is nearly as good, and a little less allows for rounding.
std::int64_t least_moves(std::int64_t x, std::int64_t y, std::int64_t product) {
  constexpr std::int64_t kFew = 64;
  if (product > kFew) {
    constexpr double kBelow = 1 - 1e-12;
    const double root =
        std::sqrt(static_cast<double>(x) * static_cast<double>(y) * static_cast<double>(product));
    return std::max(x + y, static_cast<std::int64_t>(2 * kBelow * root));
  }
  std::int64_t best = x * product + y;
  for (std::int64_t v = 2; v <= product && x + y * v < best; ++v) {
    best = std::min(best, x * ceil_div(product, v) + y * v);
  }
  return best;
}

/// Array passes along one dimension of `size` cut into pieces of `piece`, on an array of `width`.
std::int64_t passes(std::int64_t size, std::int64_t piece, std::int64_t width) {
  const std::int64_t whole = (size - 1) / piece;
  return whole * ceil_div(piece, width) + ceil_div(size - whole * piece, width);
}

}  // namespace

MatmulTile matmul_tile(const Shape& shape, MatmulKind kind, std::int64_t rows, std::int64_t cols) {
  return kind == MatmulKind::kQK ? MatmulTile{kind, rows, cols, shape.qk_dim}
                                 : MatmulTile{kind, rows, shape.v_dim, cols};
}

L0Tiles::L0Tiles(const Hardware& hardware, const Shape& shape)
    : L0Tiles(hardware, shape, std::make_shared<L0Table>(), false) {}

L0Tiles::L0Tiles(const Hardware& hardware, const Shape& shape, std::shared_ptr<L0Table> table,
                 bool scores_stay)
    : shape_(shape),
      unit_(hardware.matrix),
      buffers_(hardware.l0),
      bytes_(shape.bytes),
      pass_milli_(pass_millicycles(unit_, shape.bytes.input)),
      scores_stay_(scores_stay),
      bandwidth_(static_cast<std::uint64_t>(hardware.l0.bandwidth_bytes_per_cycle)),
      table_(std::move(table)) {}

std::optional<L0Tiles::Misfit> L0Tiles::misfit() const {
  for (const MatmulKind kind : {MatmulKind::kQK, MatmulKind::kPV}) {
    const ArraySides sides = array_sides(unit_, kind);
    const std::int64_t left = sides.m * sides.k * bytes_.input;
    const std::int64_t right = sides.k * sides.n * bytes_.kv;
    const std::int64_t accumulator = sides.m * sides.n * bytes_.accumulator;
    if (left > buffers_.left_bytes) {
      return Misfit{"L0 left", left, buffers_.left_bytes};
    }
    if (right > buffers_.right_bytes) {
      return Misfit{"L0 right", right, buffers_.right_bytes};
    }
    if (accumulator > buffers_.accumulator_bytes) {
      return Misfit{"L0 accumulator", accumulator, buffers_.accumulator_bytes};
    }
  }
  return std::nullopt;
}

L0Tiles::Moves L0Tiles::moves(const MatmulTile& t) const {
  const bool scores = t.kind == MatmulKind::kQK;
  Moves moves{};
  moves.left = scores_stay_ && !scores ? 0 : t.m * t.k * bytes_.input;
  moves.right = t.k * t.n * bytes_.kv;
  moves.partial = 2 * t.m * t.n * bytes_.accumulator;
  const std::int64_t written = scores_stay_ ? 0 : t.m * t.n * bytes_.score;
  moves.out = scores ? written : moves.partial;
  return moves;
}

/// Bytes between L1 and L0 when the tile loops run counts.m x counts.n x counts.k times, with the
/// best operand the array can keep stationary: output (A again per n, B again per m, C once),
/// left (A once, B again per m, C read and written per k) or right (B once, A again per n).
std::int64_t L0Tiles::traffic(const MatmulTile& t, const Counts& counts) const {
  const auto [left, right, out, partial] = moves(t);
  const std::int64_t spilled = out + (counts.k - 1) * partial;
  std::int64_t best = std::numeric_limits<std::int64_t>::max();
  if (unit_.output_stationary) {
    best = std::min(best, left * counts.n + right * counts.m + out);
  }
  if (unit_.left_stationary) {
    best = std::min(best, left + right * counts.m + spilled);
  }
  if (unit_.right_stationary) {
    best = std::min(best, left * counts.n + right + spilled);
  }
  return best;
}

std::int64_t L0Tiles::held_bytes(const MatmulTile& matmul, const L0Tile& tile) const {
  const std::int64_t m = std::min(tile.m, matmul.m);
  const std::int64_t n = std::min(tile.n, matmul.n);
  const std::int64_t k = std::min(tile.k, matmul.k);
  return m * k * bytes_.input + k * n * bytes_.kv + m * n * bytes_.accumulator;
}

std::optional<TileCost> L0Tiles::cost(const MatmulTile& matmul, const L0Tile& tile) const {
  const L0Tile t{std::min(tile.m, matmul.m), std::min(tile.n, matmul.n),
                 std::min(tile.k, matmul.k)};
  const std::int64_t left = t.m * t.k * bytes_.input;
  const std::int64_t right = t.k * t.n * bytes_.kv;
  const std::int64_t accumulator = t.m * t.n * bytes_.accumulator;
  if (left > buffers_.left_bytes || right > buffers_.right_bytes ||
      accumulator > buffers_.accumulator_bytes) {
    return std::nullopt;
  }
  const ArraySides sides = array_sides(unit_, matmul.kind);
  const std::int64_t array = passes(matmul.m, t.m, sides.m) * passes(matmul.n, t.n, sides.n) *
                             passes(matmul.k, t.k, sides.k);
  return cost_of(matmul, array,
                 {ceil_div(matmul.m, t.m), ceil_div(matmul.n, t.n), ceil_div(matmul.k, t.k)}, t);
}

TileCost L0Tiles::cost_of(const MatmulTile& matmul, std::int64_t array_passes, const Counts& counts,
                          const L0Tile& tile) const {
  const std::int64_t compute = ceil_div(array_passes * pass_milli_, kMilli) +
                               unit_.startup_cycles * counts.m * counts.n * counts.k;
  TileCost cost;
  cost.l1_bytes = traffic(matmul, counts);
  cost.cycles = std::max(compute, bandwidth_.ceil(cost.l1_bytes));
  cost.l0_bytes = held_bytes(matmul, tile);
  cost.tile = tile;
  return cost;
}

/// As traffic(), whatever the tile is: the loops that share a buffer run at least as often as its
/// operand is larger.
std::int64_t L0Tiles::least_traffic(const MatmulTile& t, const Overfull& times) const {
  const auto [left, right, out, partial] = moves(t);
  std::int64_t best = std::numeric_limits<std::int64_t>::max();
  if (unit_.output_stationary) {
    best = std::min(best, least_moves(left, right, times.accumulator) + out);
  }
  if (unit_.left_stationary) {
    best = std::min(best, left + least_moves(right, partial, times.left) + out - partial);
  }
  if (unit_.right_stationary) {
    best = std::min(best, least_moves(left, partial, times.right) + right + out - partial);
  }
  return best;
}

/// Every L0 tile holds at most a buffer's worth of each operand.
L0Tiles::Overfull L0Tiles::overfull(const MatmulTile& t) const {
  return {ceil_div(t.m * t.k * bytes_.input, buffers_.left_bytes),
          ceil_div(t.k * t.n * bytes_.kv, buffers_.right_bytes),
          ceil_div(t.m * t.n * bytes_.accumulator, buffers_.accumulator_bytes)};
}

std::int64_t L0Tiles::least_compute(const MatmulTile& t) const {
  const ArraySides sides = array_sides(unit_, t.kind);
  const std::int64_t array =
      ceil_div(t.m, sides.m) * ceil_div(t.n, sides.n) * ceil_div(t.k, sides.k);
  return ceil_div(array * pass_milli_, kMilli) + unit_.startup_cycles * overfull(t).most();
}

TileCost L0Tiles::least(const MatmulTile& t) const {
  const Overfull times = overfull(t);
  TileCost least;
  least.l1_bytes = times.most() == 1 ? traffic(t, {1, 1, 1}) : least_traffic(t, times);
  least.cycles =
      std::max(least_compute(t), ceil_div(least.l1_bytes, buffers_.bandwidth_bytes_per_cycle));
  return least;
}

/// The cuts of `size` into pieces up to `limit` that no smaller piece equals in both count and
/// passes, ascending. Any other integer piece costs at least as much as one of them and holds more.
/// (As pieces grow their count falls, so that only pieces of the same count can be equal to one in
/// both.)
const std::vector<L0Tiles::Cut>& L0Tiles::cuts(const CutSide& side, std::int64_t size,
                                               std::int64_t width, std::int64_t limit) {
  std::vector<Cut>& front = cuts_[index_of(side.kind)][static_cast<std::size_t>(side.side)][size];
  if (!front.empty()) {
    return front;
  }
  for (std::int64_t piece = 1; piece <= std::min(size, limit); ++piece) {
    const Cut cut{piece, ceil_div(size, piece), passes(size, piece, width)};
    if (front.empty() || cut.count < front.back().count || cut.passes < front.back().passes) {
      front.push_back(cut);
    }
  }
  return front;
}

/// All integer tiles, but those that a smaller one beats.
template <typename Visit>
void L0Tiles::for_each_tile(const MatmulTile& matmul, const Visit& visit) {
  const std::int64_t area = buffers_.accumulator_bytes / bytes_.accumulator;
  const std::int64_t left = buffers_.left_bytes / bytes_.input;
  const std::int64_t right = buffers_.right_bytes / bytes_.kv;
  const ArraySides sides = array_sides(unit_, matmul.kind);
  const auto& rows = cuts({matmul.kind, Side::kRows}, matmul.m, sides.m, std::min(area, left));
  const auto& cols = cuts({matmul.kind, Side::kCols}, matmul.n, sides.n, std::min(area, right));
  const auto& depths = cuts({matmul.kind, Side::kDepth}, matmul.k, sides.k, std::min(left, right));
  const std::int64_t least_cols = ceil_div(matmul.n, sides.n);
  const std::int64_t least_depths = ceil_div(matmul.k, sides.k);
  const auto end_at = [](const std::vector<Cut>& list, std::int64_t most) {
    return std::upper_bound(list.begin(), list.end(), most,
                            [](std::int64_t limit, const Cut& cut) { return limit < cut.piece; });
  };
  for (const Cut& m : rows) {
    // From the largest n and k that fit down, until a smaller one cannot be better in anything.
    bool better = true;
    for (auto n = end_at(cols, area / m.piece); better && n != cols.begin();) {
      --n;
      auto k = end_at(depths, std::min(left / m.piece, right / n->piece));
      for (bool deeper = true; deeper && k != depths.begin();) {
        --k;
        visit(cost_of(matmul, m.passes * n->passes * k->passes, {m.count, n->count, k->count},
                      {m.piece, n->piece, k->piece}));
        deeper = k->passes > least_depths;
        better = deeper || k->count > 1 || n->passes > least_cols;
      }
    }
  }
}

std::vector<TileCost> L0Tiles::pareto(const MatmulTile& matmul) {
  // A tile that fits whole has the least passes, start-ups and traffic.
  if (const auto whole = cost(matmul, {matmul.m, matmul.n, matmul.k})) {
    return {*whole};
  }
  std::vector<TileCost> all;
  for_each_tile(matmul, [&all](const TileCost& tile) { all.push_back(tile); });
  std::sort(all.begin(), all.end());
  std::vector<TileCost> front;
  for (const TileCost& point : all) {
    if (front.empty() || point.l1_bytes < front.back().l1_bytes) {
      front.push_back(point);
    }
  }
  return front;
}

const L0Answer& L0Tiles::compute(std::int64_t rows, std::int64_t cols) {
  const std::uint64_t key = L0Table::key_of(rows, cols);
  Overflow* place = nullptr;
  if (!overflow_.empty()) {
    place = &overflow_[L0Table::hash_of(key) % kOverflow];
    if (place->key == key) {
      return place->answer;
    }
  }
  L0Answer answer;
  compute(MatmulKind::kQK, rows, cols, answer);
  compute(MatmulKind::kPV, rows, cols, answer);
  if (place == nullptr) {
    if (const L0Answer* kept = table_->insert(key, answer)) {
      return *kept;
    }
    overflow_.resize(kOverflow);
    place = overflow_.data();
  }
  *place = {key, answer};
  return place->answer;
}

void L0Tiles::compute(MatmulKind kind, std::int64_t rows, std::int64_t cols, L0Answer& answer) {
  const MatmulTile matmul = matmul_tile(shape_, kind, rows, cols);
  TileCost best;
  std::int64_t least_bytes = 0;
  if (const auto whole = cost(matmul, {matmul.m, matmul.n, matmul.k})) {
    best = *whole;
    least_bytes = best.l1_bytes;
  } else {
    best.cycles = least_bytes = std::numeric_limits<std::int64_t>::max();
    for_each_tile(matmul, [&](const TileCost& tile) {
      least_bytes = std::min(least_bytes, tile.l1_bytes);
      if (tile < best) {
        best = tile;
      }
    });
  }
  const std::size_t at = L0Answer::at(kind);
  answer.cycles_of[at] = best.cycles;
  answer.l1_bytes_of[at] = best.l1_bytes;
  // 31 bits suffice: make_problem() limits the rows.
  constexpr std::uint32_t kDimension = 0x7FFF'FFFFU;
  answer.piece_of[at] = {static_cast<std::uint32_t>(best.tile.m) & kDimension,
                         least_bytes < best.l1_bytes, static_cast<std::uint32_t>(best.tile.n),
                         static_cast<std::uint32_t>(best.tile.k)};
}

}  // namespace tilewright
