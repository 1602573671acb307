// The fast analytic cost of candidates of one (machine, shape, schedule).
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "costmodel/l0_tiles.h"
#include "costmodel/merge.h"
#include "costmodel/objective.h"
#include "costmodel/online_cost.h"
#include "costmodel/op_costs.h"
#include "costmodel/phase_costs.h"
#include "costmodel/pipeline.h"
#include "costmodel/side_by_side.h"
#include "schedules/expand_epochs.h"
#include "schedules/schedule.h"

namespace tilewright {

/// The programs of a schedule by mode, made once.
class Plans {
 public:
  /// `array`: whether the matrix array can do what is done with single scores.
  Plans(const Schedule& schedule, const Shape& shape, std::string_view variant, bool array);
  template <typename Number>
  const Plan& of(const TilingOf<Number>& tiling) const {
    return plans_[index_of(tiling)];
  }
  /// Where only what all have in common is looked at.
  const Plan& any() const { return plans_.front(); }

  static constexpr std::size_t kKinds = 4;  ///< three of overwrite, and a split of keys and values
  static constexpr std::size_t kCount =
      kKinds * (kMaxLookahead + 1) * static_cast<std::size_t>(2 * kMaxBuffers);
  /// Place of a mode's program: all of the mode but whether heads or queries are split.
  template <typename Number>
  static std::size_t index_of(const TilingOf<Number>& tiling) {
    auto index = static_cast<std::size_t>(tiling.buffers - 1);
    index = 2 * index + (tiling.kv_resident ? 1 : 0);
    index = (kMaxLookahead + 1) * index + static_cast<std::size_t>(tiling.lookahead);
    // Of the core splits, programs know that of keys and values alone, which has no overwrite.
    const bool split_keys = tiling.core_split == CoreSplit::kKeyValue;
    return kKinds * index + (split_keys ? kKinds - 1 : static_cast<std::size_t>(tiling.overwrite));
  }

 private:
  std::array<Plan, kCount> plans_;
};

/// Everything that stays the same over a search. Referenced objects must outlive the users.
struct Problem {
  const Hardware& hardware;
  Workload workload;
  Shape shape;
  CoreLayout layout;
  const Schedule& schedule;
  bool serial = false;
  L0Tile pinned_qk;  ///< 0 x 0 x 0: free
  L0Tile pinned_pv;
  Int128 fixed_fj = 0;  ///< per layer and without a mask: compute_energy()
  Plans plans;
  Divisor alignment;                  ///< of slots in L1
  std::shared_ptr<L0Table> l0_table;  ///< of all evaluators
  // What an online softmax without a mask takes beyond fixed_fj: per layer; per layer and sub-tile
  // of a round.
  Int128 online_fj = 0;
  Int128 sub_tile_fj = 0;
  // Of a split of keys and values, where the schedule has it: what parts add to this, per layer and
  // by their number - 1; their merge.
  std::vector<Int128> parts_fj{};
  MergeCosts merges{};

  /// The array does what is done with single scores: they never leave it.
  bool on_array() const { return plans.any().phase_table.front().on_array; }
  bool online() const { return plans.any().phase_table.front().online; }
};

/// Throws InputError if the schedule cannot run the workload, the machine cannot compute with its
/// element sizes, or the variant is unknown (empty: the default one).
Problem make_problem(const Hardware& hardware, const Workload& workload, const Schedule& schedule,
                     std::string_view variant);

/// Bytes of the accumulators that scores take which never leave the array: of the rows that it
/// works on at once, those of the steps in flight. 0 if scores leave it.
template <typename Number>
Number array_bytes(const Problem& problem, const TilingOf<Number>& tiling) {
  if (!problem.on_array()) {
    return 0;
  }
  const PhasePlan& phase = problem.plans.of(tiling).phases().front();
  const Number rows = least(tiling.q_rows, Number(problem.hardware.matrix.rows));
  return epoch_score_slots(phase) * rows * tiling.kv_cols * problem.shape.bytes.accumulator;
}

/// Femtojoules of the MACs, the vector operations and the softmax's L1 accesses of `scores` scores,
/// `masked` of which are masked first.
Int128 compute_energy(const Hardware& hardware, const Shape& shape, Int128 scores, Int128 masked);

/// compute_energy() with all that an online softmax takes beyond it.
Int128 masked_energy(const Problem& problem, const LayerWork& work);

/// Femtojoules of the MACs and the vector operations of one layer of a candidate, with the vector
/// unit's accesses to L1.
Int128 layer_compute_energy(const Problem& problem, const Sizes& sizes);

/// The same without a mask, by the cores with any work and the sub-tiles of a round.
Int128 unmasked_energy(const Problem& problem, CoreSplit split, std::int64_t active,
                       std::int64_t sub_tiles);

/// What parts of a split of keys and values add to that.
Int128 parts_energy(const Problem& problem, CoreSplit split, std::int64_t active);

/// Figures of all layers with the launch from those of one layer.
Figures total_figures(const Problem& problem, Int128 compute_fj, std::int64_t layer_cycles,
                      std::int64_t dram_bytes, std::int64_t l0_bytes, std::int64_t peak);

/// A set of candidates of one mode with the same tile counts along every axis.
struct ClassBox {
  Mode mode;
  std::array<std::int64_t, 3> low{};   ///< heads, q_rows, kv_cols
  std::array<std::int64_t, 3> high{};  ///< inclusive
};

/// What a matmul tile costs under its L0 tile.
template <typename Number>
struct TileTimeOf {
  Number cycles;
  Number l1_bytes;
};
using TileTime = TileTimeOf<std::int64_t>;

/// L0 answers for the tiles of one matmul: full rows and columns, full rows and edge columns, edge
/// rows and full columns, both edges.
template <typename Number>
struct TileChoiceOf {
  std::array<TileTimeOf<Number>, 4> tile;
  L0Tile full;  ///< L0 tile of the first, if of one candidate
};
using TileChoice = TileChoiceOf<std::int64_t>;

/// An operation of the vector unit.
struct VectorTile {
  VectorKind kind = VectorKind::kSoftmax;
  std::int64_t rows = 0;
  std::int64_t cols = 0;         ///< of the row or, in an online softmax, of the sub-tile
  std::int64_t masked_cols = 0;  ///< softmax: in sub-tiles with masked scores
};

/// What single operations of a candidate cost: all that the analytic model and the reference share.
struct OperationCosts {
  std::array<TileChoice, 2> choices;  ///< by MatmulKind
  TransferCost transfer;
  TransferCost merge_transfer;  ///< in the phase that merges
  VectorCost vector;
  OnlineCost online;

  std::int64_t vector_cycles(const VectorTile& tile) const;
  /// Where the array does it.
  std::int64_t array_cycles(const VectorTile& tile) const;
  const TileTime& matmul(MatmulKind kind, bool edge_rows, bool edge_cols) const {
    return choices[kind == MatmulKind::kQK ? 0 : 1]
        .tile[(edge_rows ? 2U : 0U) + (edge_cols ? 1U : 0U)];
  }
};

/// Not thread-safe (it remembers L0 answers); one per thread. Its answers depend on nothing else.
class Evaluator {
 public:
  /// `side_by_side`: how evaluate_each() goes about it; its answers are the same.
  explicit Evaluator(const Problem& problem,
                     const SideBySide& side_by_side = SideBySide::of_processor());

  /// Cost of a legal candidate under the L0 tiles that are best for `objective` by the documented
  /// order; empty if it does not fit. L0 tiles of `tiling` are ignored in favour of the pinned
  /// ones.
  std::optional<Candidate> evaluate(const Tiling& tiling, Objective objective);

  /// Calls sink(index, evaluate(tilings[index])) for each, in any order. Faster than one at a time,
  /// and the more so the more there are: those of one mode go side by side where the processor can
  /// (side_by_side.h), else one after the other, so that branches are foreseen, and the L0 answers
  /// of the next ones are fetched from memory meanwhile. The sink must not call this evaluator.
  template <typename Sink>
  void evaluate_each(std::span<const Tiling> tilings, Objective objective, const Sink& sink) {
    for (std::size_t first = 0; first < tilings.size(); first += kBlock) {
      const auto block = tilings.subspan(first, std::min(kBlock, tilings.size() - first));
      evaluate_block(block, objective, [&](std::size_t i, const std::optional<Candidate>& found) {
        sink(first + i, found);
      });
    }
  }

  /// A lower bound of every figure over all candidates in the box; empty if none of them fits. A
  /// bound above `enough_cycles` is not made any tighter.
  std::optional<Figures> lower_bound(
      const ClassBox& box,
      std::int64_t enough_cycles = std::numeric_limits<std::int64_t>::max()) const;

  /// Whether a legal candidate fits L1 and the accumulators; L0 tiles are not looked at.
  bool fits(const Tiling& tiling) const;

  /// Whether least_of_any_cut() knows the mode's schedule.
  bool bounds_any_cut(const Mode& mode) const;

  /// A lower bound of the cycles over a box with the same tile counts along heads and query rows,
  /// however the columns are cut.
  std::int64_t least_of_any_cut(const ClassBox& box, std::int64_t enough_cycles) const;

  /// The largest footprint over the phases; the L0 is not looked at.
  Footprint peak_footprint(const Tiling& tiling) const;

  /// Bytes between L1 and L0, per layer.
  std::int64_t l0_traffic(const Tiling& tiling, const OperationCosts& costs) const;

  const Problem& problem() const { return problem_; }

  /// Costs of the operations of a candidate that fits, under the L0 tiles that evaluate() chooses.
  OperationCosts operation_costs(const Tiling& tiling, Objective objective);

  /// Durations of a phase on a core of `rounds`.
  PhaseTimes phase_times(const Tiling& tiling, const OperationCosts& costs, const PhasePlan& phase,
                         const CoreRounds& rounds) const;

 private:
  template <typename Number = std::int64_t>
  using Choices = std::array<TileChoiceOf<Number>, 2>;  // by MatmulKind
  static constexpr std::size_t kBlock = 16384;
  static constexpr std::size_t kSplits = 3;
  static constexpr std::size_t kModes = kSplits * Plans::kCount;
  /// Of a block: the places of its candidates, mode after mode.
  struct BlockOrder {
    std::array<std::uint16_t, kBlock> places;
    std::array<std::uint16_t, kModes> end{};  ///< of each mode
    std::span<const std::uint16_t> of(std::size_t mode) const {
      const std::uint16_t begin = mode == 0 ? std::uint16_t{0} : end[mode - 1];
      return {places.data() + begin, static_cast<std::size_t>(end[mode] - begin)};
    }
  };

  template <typename Sink>
  void evaluate_block(std::span<const Tiling> tilings, Objective objective, const Sink& sink) {
    const BlockOrder order = by_mode(tilings);
    for (std::size_t mode = 0; mode < kModes; ++mode) {
      const std::span<const std::uint16_t> of_mode = order.of(mode);
      if (of_mode.empty()) {
        continue;
      }
      if (goes_side_by_side(tilings[of_mode.front()])) {
        evaluate_together(tilings, of_mode, objective, sink);
      } else {
        evaluate_apart(tilings, of_mode, objective, sink);
      }
    }
  }

  template <typename Sink>
  void evaluate_apart(std::span<const Tiling> tilings, std::span<const std::uint16_t> chosen,
                      Objective objective, const Sink& sink) {
    constexpr std::size_t kAhead = 8;
    std::array<std::optional<Sized>, kAhead> sized;
    for (std::size_t i = 0; i < chosen.size() + kAhead; ++i) {
      std::optional<Sized>& place = sized[i % kAhead];
      if (place) {
        Choices<> choices;
        sink(chosen[i - kAhead], evaluate(*place, objective, choices));
        place.reset();
      }
      if (i < chosen.size()) {
        place.emplace(*this, tilings[chosen[i]]);
      }
    }
  }

  /// Of one mode: those whose rounds seem to take the same course go side by side.
  template <typename Sink>
  void evaluate_together(std::span<const Tiling> tilings, std::span<const std::uint16_t> chosen,
                         Objective objective, const Sink& sink) {
    bins_.for_each_used([](SideBySide::Bin& bin) { bin.count = 0; });  // a sink may have thrown
    const auto empty = [&](SideBySide::Bin& bin) { empty_bin(bin, tilings, objective, sink); };
    while (!chosen.empty()) {
      const auto now = chosen.first(std::min(side_by_side_.width, chosen.size()));
      const SideBySide::Survey survey = survey_of(tilings, now);
      for (std::size_t i = 0; i < now.size(); ++i) {
        if ((survey.fitting >> i & 1U) == 0) {
          sink(now[i], std::optional<Candidate>());
          continue;
        }
        SideBySide::Bin& bin = bins_.of(survey.keys[i], empty);
        bin.members[bin.count++] = now[i];
        if (bin.count == side_by_side_.width) {
          empty(bin);
        }
      }
      chosen = chosen.subspan(now.size());
    }
    bins_.for_each_used(empty);
  }
  SideBySide::Survey survey_of(std::span<const Tiling> tilings,
                               std::span<const std::uint16_t> chosen) const;

  template <typename Sink>
  void empty_bin(SideBySide::Bin& place, std::span<const Tiling> tilings, Objective objective,
                 const Sink& sink) {
    const SideBySide::Bin bin = place;
    place.count = 0;
    SideBySide::Found found(bin, tilings);
    const std::uint32_t known = bin.few() ? 0 : side_by_side_.evaluate(*this, objective, found);
    for (std::size_t i = 0; i < bin.count; ++i) {
      const bool is_known = (known >> i & 1U) != 0;
      sink(bin.members[i], is_known ? found.candidates[i] : evaluate(*found.tilings[i], objective));
    }
  }

  /// Whether that can be done in this mode.
  bool goes_side_by_side(const Tiling& tiling) const;
  template <typename Number>
  friend struct SideBySideOf;
  static BlockOrder by_mode(std::span<const Tiling> tilings);
  static constexpr std::int64_t kLineUnit = 1 << 16;

  /// A candidate of which only the sizes are known yet.
  struct Sized {
    /// Has the L0 answers fetched from memory if it fits.
    Sized(const Evaluator& evaluator, const Tiling& tiling);
    Sizes sizes;
    const Plan& plan;
    std::int64_t peak = 0;
    bool fits = false;
  };
  // evaluator_forms.h.
  /// A condition: sets the peak, and is true if it fits.
  template <typename Number>
  ConditionOf<Number> fits(const SizesOf<Number>& sizes, const Plan& plan, Number* peak) const;
  template <typename Number>
  void times_of(const SizesOf<Number>& sizes, const CoreRoundsOf<Number>& rounds,
                const PhasePlan& phase, const Choices<Number>& choices, PhaseTimesOf<Number>& out,
                const Accord<Number>& accord = {}) const;
  /// Loads of a full and an edge sub-tile of K or V.
  template <typename Number>
  struct LoadTimes {
    Number full = 0;
    Number edge = 0;
  };
  template <typename Number>
  LoadTimes<Number> load_times(const SizesOf<Number>& sizes, MatmulKind kind,
                               const Number& share) const;
  template <typename Number>
  std::array<LoadTimes<Number>, 2> load_times(const SizesOf<Number>& sizes, const PhasePlan& phase,
                                              const Number& share) const;
  template <typename Number>
  void round_times(const SizesOf<Number>& sizes, const PhasePlan& phase,
                   const Choices<Number>& choices, const Number& rows,
                   const std::array<LoadTimes<Number>, 2>& loads, RoundTimesOf<Number>& out) const;
  std::int64_t merge_cycles(const Sizes& sizes) const {
    return problem_.merges.cycles(sizes.active, sizes.tiling.buffers);
  }
  template <typename Number>
  void online_times(const SizesOf<Number>& sizes, const PhasePlan& phase, const Number& rows,
                    RoundTimesOf<Number>& out) const;
  template <typename Number>
  void bias_transfers(const SizesOf<Number>& sizes, const PhasePlan& phase, const Number& rows,
                      RoundTimesOf<Number>& out) const;
  template <typename Number>
  void tile_transfers(const SizesOf<Number>& sizes, const PhasePlan& phase, const Number& rows,
                      RoundTimesOf<Number>& out) const;
  std::int64_t own_rows_makespan(const Sizes& sizes, const PhasePlan& phase,
                                 const Choices<>& choices) const;
  /// Of all epochs on all cores: the longer unit of each half, and by how much transfers take
  /// longer.
  struct EpochSums {
    std::int64_t work = 0;
    std::int64_t waits = 0;
  };
  EpochSums least_epochs(const Sizes& sizes, const PhasePlan& phase, const Choices<>& choices,
                         std::int64_t pairs) const;
  std::int64_t least_waits(const Sizes& sizes, const PhasePlan& phase, std::int64_t work) const;
  std::int64_t least_own_rows_cycles(const Sizes& sizes, const PhasePlan& phase) const;
  template <typename Number>
  void epoch_times(const SizesOf<Number>& sizes, const PhasePlan& phase, const Number& rows,
                   RoundTimesOf<Number>& out) const;
  void matmuls_along_rows(const Sizes& sizes, std::int64_t rows, RoundTimes& out) const;
  void epochs_along_rows(const Sizes& sizes, const PhasePlan& phase, std::int64_t rows,
                         RoundTimes& out) const;
  void online_along_rows(const Sizes& sizes, const PhasePlan& phase, std::int64_t rows,
                         RoundTimes& out) const;
  PhaseTimes online_along_cols(const Sizes& sizes, const PhaseTimes& least,
                               std::int64_t cols) const;
  std::int64_t matmul_line(const MatmulTile& tile, std::int64_t MatmulTile::*along) const;
  std::int64_t makespan(const Sizes& sizes, const Plan& plan, const Choices<>& choices) const;
  template <typename Number>
  ConditionOf<Number> may_be_slower(const SizesOf<Number>& sizes) const;
  std::int64_t masked_makespan(const Sizes& sizes, const Plan& plan,
                               const Choices<>& choices) const;
  template <typename Number>
  Number l0_traffic(const SizesOf<Number>& sizes, const Choices<Number>& choices) const;
  template <typename Number>
  Number dram_traffic(const SizesOf<Number>& sizes, const Plan& plan) const;
  /// Of candidates side by side all have the same number of active cores.
  template <typename Number>
  const TransferCost& transfer_of(const SizesOf<Number>& sizes) const {
    return transfers_[static_cast<std::size_t>(any_one(sizes.active) - 1)];
  }
  std::array<MatmulTile, 4> tiles_of(const Sizes& sizes, MatmulKind kind) const;
  std::int64_t least_cycles(const Sizes& sizes, const Plan& plan, const Choices<>& choices,
                            const ClassBox& box, std::int64_t enough) const;
  std::int64_t least_along_rows(const Sizes& sizes, std::span<const PhasePlan> plans,
                                const std::array<PhaseTimes, kMaxPhases>& phases,
                                const ClassBox& box) const;
  /// Fewest sub-tiles and least columns of a set of cuts.
  struct CutRange {
    std::int64_t sub_tiles = 1;
    std::int64_t kv_cols = 1;
  };
  std::int64_t least_of_any_cut(MatmulKind kind, std::int64_t rows, const CutRange& cut) const;
  void cut_anyhow(const Sizes& sizes, const PhasePlan& phase, const CutRange& cut,
                  PhaseTimes& times) const;
  void conserve_resident(const Sizes& sizes, const PhasePlan& phase, PhaseTimes& times) const;
  void conserve_matmuls(const Sizes& sizes, const PhasePlan& phase, PhaseTimes& times) const;
  VectorSums least_masked_vector(const Sizes& sizes) const;
  std::int64_t least_masked_cycles(Sizes& sizes, const Plan& plan, const Choices<>& choices,
                                   const MaskedBox& high, std::int64_t enough) const;
  std::int64_t least_masked_sums(const Sizes& sizes, const Plan& plan,
                                 const Choices<>& choices) const;
  std::int64_t least_around(const Sizes& sizes, const PhasePlan& phase) const;
  std::int64_t least_channel_cycles(const Sizes& sizes, const PhasePlan& phase) const;
  struct PhaseWork;
  std::int64_t least_slot_cycles(const Sizes& sizes, const PhasePlan& phase,
                                 const PhaseWork& work) const;
  std::int64_t least_masked_walk(const Sizes& sizes, const Plan& plan, const Choices<>& choices,
                                 const MaskedBox& high) const;
  std::int64_t all_sub_tiles_line(MatmulKind kind, std::int64_t rows, std::int64_t sub_tiles) const;
  PhaseTimes on_line(const Sizes& sizes, const PhasePlan& phase, const PhaseTimes& least,
                     std::int64_t rows) const;
  TileChoice least_of(const Sizes& sizes, MatmulKind kind) const;
  bool fastest(const Sizes& sizes, Choices<>& choices, bool* several);
  bool pin(const Sizes& sizes, MatmulKind kind, const L0Tile& pinned, TileChoice& choice) const;
  std::optional<Candidate> evaluate(const Tiling& tiling, Objective objective, Choices<>& choices);
  std::optional<Candidate> evaluate(const Sized& sized, Objective objective, Choices<>& choices);
  void cost(const Sizes& sizes, const Plan& plan, const Choices<>& choices, std::int64_t dram,
            Candidate& out) const;
  void try_all(const Sizes& sizes, const Plan& plan, Objective objective, std::int64_t dram,
               Candidate& best, Choices<>& best_choices);
  std::vector<TileCost> options_at(const Sizes& sizes, std::size_t index, std::size_t* same_as);

  const Problem& problem_;
  L0Tiles l0_;
  VectorCost vector_;
  OnlineCost online_;
  std::vector<TransferCost> transfers_;  ///< by number of active cores - 1
  SideBySide side_by_side_;
  SideBySide::Bins bins_;  ///< of evaluate_together()
};

}  // namespace tilewright
