// The analytic makespan of one phase on one core, from one period of the schedule.
#pragma once

#include <array>
#include <cstdint>

#include "common/number.h"
#include "schedules/plan.h"

namespace tilewright {

class MaskedRounds;

/// Cycles of one matmul stage for one pair: `full` and `edge` sub-tiles, matmuls and loads.
template <typename Number>
struct StageTimesOf {
  Number matmul_full = 0;
  Number matmul_edge = 0;
  Number load_full = 0;
  Number load_edge = 0;
  /// All matmuls of a pair, one after the other: of full and edge sub-tiles as above. (In a lower
  /// bound it may be more: work is conserved, however the sub-tiles share it.)
  Number matmul_all = 0;

  template <typename Condition>
  void keep_edge(const Condition& kept) {
    matmul_edge = choose(kept, matmul_edge, matmul_full);
    load_edge = choose(kept, load_edge, load_full);
  }
};

using StageTimes = StageTimesOf<std::int64_t>;

/// Cycles of a round's operations, each for one pair.
template <typename Number>
struct RoundTimesOf {
  Number input = 0;
  StageTimesOf<Number> first;
  Number softmax = 0;  ///< online: of a full sub-tile
  StageTimesOf<Number> second;
  Number store = 0;
  // Online alone: the softmax of the edge sub-tile, O's adjustment after a sub-tile, after the
  // last; the softmax of sub-tiles that not every row sees whole.
  Number softmax_edge = 0;
  Number rescale = 0;
  Number normalise = 0;
  // Where a bias has slots of its own: of a round (online: of a full sub-tile), of the edge.
  Number bias = 0;
  Number bias_edge = 0;
  /// Epochs of one operator: of the edge sub-tile, where P is loaded or S stored by sub-tiles.
  Number input_edge = 0;
  Number store_edge = 0;
  // Online epochs alone: what the vector unit does beside P V for a full sub-tile, for the edge;
  // what the array does to scores after Q K^T and before P V of a full sub-tile, of the edge.
  Number beside = 0;
  Number beside_edge = 0;
  Number array_max = 0;
  Number array_max_edge = 0;
  Number array_exp = 0;
  Number array_exp_edge = 0;
  // The same where scores are masked first.
  Number masked_beside = 0;
  Number masked_beside_edge = 0;
  Number masked_array_max = 0;
  Number masked_array_max_edge = 0;
  Number masked_softmax = 0;
  Number masked_softmax_edge = 0;

  /// Unless it is kept, as on a core that does not have the narrow sub-tile at the end of the keys
  /// (online alone).
  template <typename Condition>
  void keep_edge_cols(const Condition& kept) {
    softmax_edge = choose(kept, softmax_edge, softmax);
    bias_edge = choose(kept, bias_edge, bias);
    first.keep_edge(kept);
    second.keep_edge(kept);
  }

  /// Leaves the loads of K and V: all that a core without a query tile takes part in.
  void keep_loads() {
    input = softmax = store = softmax_edge = rescale = normalise = 0;
    input_edge = store_edge = bias = bias_edge = 0;
    beside = beside_edge = array_max = array_max_edge = array_exp = array_exp_edge = 0;
    masked_beside = masked_beside_edge = masked_array_max = masked_array_max_edge = 0;
    masked_softmax = masked_softmax_edge = 0;
    for (StageTimesOf<Number>* stage : {&first, &second}) {
      stage->matmul_full = stage->matmul_edge = stage->matmul_all = 0;
    }
  }
};

using RoundTimes = RoundTimesOf<std::int64_t>;

/// One phase on one core as durations. `Number`: what candidates of one mode differ in.
template <typename Number>
struct PhaseTimesOf {
  Number heads = 1;
  Number full_groups = 0;
  Number edge_heads = 0;  ///< pairs of one more group, or 0
  Number positions = 1;   ///< rounds of a group
  Number sub_tiles = 1;
  bool last_differs = false;  ///< the last round of a group takes `last` instead of `full`
  RoundTimesOf<Number> full;
  RoundTimesOf<Number> last;
  /// Loads of a resident operand at the first round of a group (matmul times are not used).
  StageTimesOf<Number> resident_first;
  StageTimesOf<Number> resident_second;

  bool has_first = false;
  bool has_softmax = false;
  bool has_second = false;
  bool kv_resident = false;
  bool has_bias = false;        ///< is added to the scores
  bool values_in_keys = false;  ///< V is read from the slots of K: no loads of V
  /// With that and resident operands: slots of K, enough not to wait for P V that is issued later.
  std::int64_t key_slots = 1;
  bool shared_channel = false;
  bool store_first = false;
  bool serial = false;
  bool online = false;  ///< sub-tile by sub-tile; resident_... are not used
  bool epochs = false;  ///< all stages at once, then a barrier
  bool on_array = false;
  bool input_by_tile = false;  ///< epochs of one operator: P comes, S leaves by sub-tiles
  bool store_by_tile = false;
  std::int64_t buffers = 1;
  std::int64_t lookahead = 0;
  bool scores_ahead = false;
  std::int64_t latency = 0;  ///< DRAM: from the end of a load to its data being there
  Overwrite overwrite = Overwrite::kNone;
  Number overwritten = 0;  ///< sub-tiles
  /// How rounds differ under a mask; null: not beyond `full` and `last`.
  const MaskedRounds* masked = nullptr;
  /// For bounds: K and V are cut in any number of sub-tiles, `sub_tiles` at least. `full` times are
  /// then those of the first load and of the last matmul, `edge` times of all loads.
  bool any_cut = false;
  /// For bounds: the slot of a resident V is always free when its next load is due.
  bool value_slot_free = false;

  void drop_edge_cols(const CoreRoundsOf<Number>& rounds) {
    const auto& kept = rounds.has_edge_cols;
    if (!all(kept)) {
      full.keep_edge_cols(kept);
      last.keep_edge_cols(kept);
      resident_first.keep_edge(kept);
      resident_second.keep_edge(kept);
    }
  }
};

using PhaseTimes = PhaseTimesOf<std::int64_t>;

/// Cycles from the start of the phase to the end of its last operation; equals the longest path of
/// the reference graph. Cost: a few rounds, however many there are. No allocation.
std::int64_t phase_makespan(const PhaseTimes& times);

/// The same where everything runs in sequence (phase_makespan() calls it for `serial`).
std::int64_t serial_makespan(const PhaseTimes& times);

/// Cycles in which the matrix and the vector unit are both busy on a core that starts everything
/// when `leader` does and needs its `own` times for it: pass the same twice but for cores in
/// lock-step. `leader.last_differs` must be set if `own.last_differs` is. Walks transients round by
/// round and every sub-tile of a round: for the answer of a search, not for its inner loop.
std::int64_t phase_overlap(const PhaseTimes& leader, const PhaseTimes& own);

}  // namespace tilewright
