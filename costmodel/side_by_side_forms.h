// SideBySide for a kind of register: for the file that is compiled for it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "common/lanes.h"
#include "costmodel/epoch_forms.h"
#include "costmodel/evaluator_forms.h"
#include "costmodel/lanes_walk.h"
#include "costmodel/online_kinds.h"
#include "costmodel/pipeline_kinds.h"
#include "costmodel/side_by_side.h"
#include "costmodel/stage_forms.h"

namespace tilewright {

/// What the functions of SideBySide do, with `Number` in a register. Works on Evaluator from
/// inside.
template <typename Number>
struct SideBySideOf {
  using Mask = ConditionOf<Number>;
  using Tilings = std::array<const Tiling*, SideBySide::kMostWidth>;
  static constexpr std::size_t kWidth = Number::size();
  static_assert(kWidth <= SideBySide::kMostWidth);

  /// A number of each candidate, in memory.
  struct alignas(64) Column {
    std::int64_t of[kWidth];
    Number number() const { return Number(of, std::experimental::vector_aligned); }
    explicit Column(const Number& number) { number.copy_to(of, std::experimental::vector_aligned); }
    Column() = default;
  };

  /// Lanes beyond the last candidate are copies of the first.
  static TilingOf<Number> together(const Tilings& tilings, std::size_t count) {
    Column heads;
    Column q_rows;
    Column kv_cols;
    for (std::size_t i = 0; i < kWidth; ++i) {
      const Tiling& tiling = *tilings[i < count ? i : 0];
      heads.of[i] = tiling.heads;
      q_rows.of[i] = tiling.q_rows;
      kv_cols.of[i] = tiling.kv_cols;
    }
    const Tiling& mode = *tilings[0];
    TilingOf<Number> all;
    all.heads = heads.number();
    all.q_rows = q_rows.number();
    all.kv_cols = kv_cols.number();
    all.kv_resident = mode.kv_resident;
    all.buffers = mode.buffers;
    all.lookahead = mode.lookahead;
    all.overwrite = mode.overwrite;
    all.core_split = mode.core_split;
    return all;
  }

  /// A digit for each number that makes a difference to the course of a walk, cut off where it
  /// makes none any more; and the cores, on which the time of a transfer depends.
  static Number keys(const Evaluator& evaluator, const SizesOf<Number>& sizes, const Plan& plan) {
    const CoreRoundsOf<Number>& rounds = sizes.busiest;
    const PhasePlan& phase = plan.phases().front();
    // Layerwise has a phase without K and V.
    const auto stays = [](const PhasePlan& p) { return p.has_first || p.has_second || p.merges; };
    const Mask resident(sizes.tiling.kv_resident);
    const Mask all_resident(sizes.tiling.kv_resident &&
                            std::all_of(plan.phases().begin(), plan.phases().end(), stays));
    const Number one(1);
    const Number none(0);
    // How many steps a step sees, and how many rounds with them.
    const bool by_sub_tiles = phase.online || (phase.epochs && !phase.has_second);
    constexpr std::int64_t kEpochs = 6;
    const std::int64_t steps = phase.epochs ? kEpochs : phase.lookahead + 1;
    const Number ahead = by_sub_tiles ? divided_up(Number(steps), rounds.sub_tiles) : Number(steps);
    Number key = sizes.active;
    const auto add = [&key](const Number& value, const Number& most) {
      constexpr std::int64_t kRoom = 16;
      key = key * kRoom + least(value, most);
    };
    const Mask differs =
        !all_resident && rounds.positions > 1 && rounds.rows_last != rounds.rows_full;
    add(choose(differs, one, none) + 2 * least(rounds.edge_heads, one) +
            4 * choose(evaluator.may_be_slower(sizes), one, none),
        Number(7));
    // Where all rounds are alike, only how many there are counts. A group has a first, a last and
    // inner rounds.
    const Mask alike = rounds.positions == 1 || !(differs || resident);
    add(choose(alike && rounds.edge_heads == 0, least(rounds.positions, Number(2)),
               rounds.positions),
        ahead + 3);
    const Number groups(phase.epochs ? 5 : 4);
    add(choose(alike, Number(rounds.positions * rounds.full_groups), rounds.full_groups),
        choose(alike, ahead + 2, groups));
    if (by_sub_tiles) {
      add(rounds.sub_tiles, Number(steps + 3));
    }
    return key;
  }

  static void survey(const Evaluator& evaluator, SideBySide::Survey& survey) {
    const Problem& problem = evaluator.problem_;
    const Plan& plan = problem.plans.of(*survey.tilings[0]);
    const auto tiling = together(survey.tilings, survey.count);
    const auto sizes = sizes_of(problem.shape, tiling, problem.layout);
    Number peak;
    const Mask fits = evaluator.fits(sizes, plan, &peak);
    const Column keys_of(keys(evaluator, sizes, plan));
    std::copy_n(keys_of.of, survey.count, survey.keys.begin());
    survey.fitting = bits_of(fits);
  }

  static std::uint32_t bits_of(const Mask& condition) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < kWidth; ++i) {
      bits |= (condition[i] ? 1U : 0U) << i;
    }
    return bits;
  }

  /// L0 answers: as Evaluator::fastest(), a lane each.
  struct Answers {
    std::array<std::array<Column, 4>, 2> cycles;
    std::array<std::array<Column, 4>, 2> l1_bytes;
    std::array<std::array<L0Tile, 2>, kWidth> full;
    Column several{Number(0)};  ///< not 0: more than the fastest

    typename Evaluator::template Choices<Number> choices() const {
      typename Evaluator::template Choices<Number> all;
      for (std::size_t kind = 0; kind < 2; ++kind) {
        for (std::size_t tile = 0; tile < 4; ++tile) {
          all[kind].tile[tile] = {cycles[kind][tile].number(), l1_bytes[kind][tile].number()};
        }
      }
      return all;
    }
  };

  /// Rows and columns of a matmul tile of each candidate: full or edge.
  struct TileSides {
    explicit TileSides(const SizesOf<Number>& sizes)
        : rows{Column(sizes.tiling.q_rows), Column(sizes.counts.edge_rows)},
          cols{Column(sizes.tiling.kv_cols), Column(sizes.counts.edge_cols)} {}
    template <typename Visit>
    void for_each(std::size_t lane, const Visit& visit) const {
      for (std::size_t tile = 0; tile < 4; ++tile) {
        visit(tile, rows[tile / 2].of[lane], cols[tile % 2].of[lane]);
      }
    }
    void prefetch(const Evaluator& evaluator) const {
      for (std::size_t i = 0; i < kWidth; ++i) {
        for_each(
            i, [&](std::size_t, std::int64_t m, std::int64_t n) { evaluator.l0_.prefetch(m, n); });
      }
    }
    std::array<Column, 2> rows;
    std::array<Column, 2> cols;
  };

  static void ask(Evaluator& evaluator, const TileSides& sides, Answers& answers) {
    for (std::size_t i = 0; i < kWidth; ++i) {
      sides.for_each(i, [&](std::size_t tile, std::int64_t rows, std::int64_t cols) {
        const L0Answer& best = evaluator.l0_.fastest(rows, cols);
        for (const MatmulKind kind : {MatmulKind::kQK, MatmulKind::kPV}) {
          answers.cycles[index_of(kind)][tile].of[i] = best.cycles(kind);
          answers.l1_bytes[index_of(kind)][tile].of[i] = best.l1_bytes(kind);
          answers.several.of[i] |= best.several(kind) ? 1 : 0;
          if (tile == 0) {
            answers.full[i][index_of(kind)] = best.tile(kind);
          }
        }
      });
    }
  }

  static Number phase_makespan(const PhaseTimesOf<Number>& times, const Accord<Number>& accord) {
    if (!any(accord.together())) {
      return Number(0);
    }
    if (times.epochs) {
      return epochs_makespan_of(times, accord);
    }
    NoRecorder nothing;
    return times.online
               ? online::walk_phase<Number, NoRecorder, false, false>(times, nothing, accord)
               : pipeline::walk_phase<Number, NoRecorder, false>(times, nothing, accord);
  }

  /// As Evaluator::makespan().
  static Number makespan(const Evaluator& evaluator, const SizesOf<Number>& sizes, const Plan& plan,
                         const typename Evaluator::template Choices<Number>& choices,
                         Mask& together) {
    const Accord<Number> accord(together);
    const Mask uneven = evaluator.may_be_slower(sizes);
    Number cycles = 0;
    PhaseTimesOf<Number> times;
    for (const PhasePlan& phase : plan.phases()) {
      if (phase.merges) {
        cycles += evaluator.problem_.merges.cycles(any_one(sizes.active), sizes.tiling.buffers);
        continue;
      }
      evaluator.times_of(sizes, sizes.busiest, phase, choices, times, accord);
      Number slowest = phase_makespan(times, accord);
      if (any(uneven && together)) {
        const CoreLayout& layout = evaluator.problem_.layout;
        const auto shorter = deal_rounds(sizes.counts, sizes.tiling, layout, layout.cores - 1);
        Mask those = uneven && together;
        const Accord<Number> they(those);
        evaluator.times_of(sizes, shorter, phase, choices, times, they);
        slowest = choose(uneven, largest(slowest, phase_makespan(times, they)), slowest);
        together = together && (those || !uneven);
      }
      cycles += slowest;
    }
    return cycles;
  }

  static std::uint32_t evaluate(Evaluator& evaluator, Objective objective,
                                SideBySide::Found& found) {
    const Problem& problem = evaluator.problem_;
    const Plan& plan = problem.plans.of(*found.tilings[0]);
    const auto tiling = together(found.tilings, found.count);
    const auto sizes = sizes_of(problem.shape, tiling, problem.layout);
    const TileSides sides(sizes);
    sides.prefetch(evaluator);
    // Meanwhile what does not depend on the L0 answers.
    const Column dram(evaluator.dram_traffic(sizes, plan));
    const Column peak(
        peak_bytes(problem.shape, sizes, problem.layout, problem.alignment, plan.phases()));
    const Column sub_tiles(sizes.counts.sub_tiles);
    Answers answers;
    ask(evaluator, sides, answers);
    const auto choices = answers.choices();
    Mask along = sizes.active == any_one(sizes.active);
    if (objective == Objective::kEnergy || objective == Objective::kEdp) {
      along = along && answers.several.number() == 0;  // others may choose slower L0 tiles
    }
    const Column cycles(makespan(evaluator, sizes, plan, choices, along));
    const Column l0(evaluator.l0_traffic(sizes, choices));
    const std::uint32_t known = bits_of(along);
    for (std::size_t i = 0; i < found.count; ++i) {
      if ((known >> i & 1U) != 0) {
        Candidate& candidate = found.candidates[i].emplace();
        candidate.tiling = *found.tilings[i];
        candidate.tiling.l0_qk = answers.full[i][0];
        candidate.tiling.l0_pv = answers.full[i][1];
        const Int128 compute_fj =
            unmasked_energy(problem, tiling.core_split, any_one(sizes.active), sub_tiles.of[i]);
        candidate.figures =
            total_figures(problem, compute_fj, cycles.of[i], dram.of[i], l0.of[i], peak.of[i]);
      }
    }
    return known;
  }
};

namespace side_by_side {

template <typename Number>
SideBySide forms() {
  using Forms = SideBySideOf<Number>;
  return {Forms::kWidth, &Forms::survey, &Forms::evaluate};
}

}  // namespace side_by_side
}  // namespace tilewright
