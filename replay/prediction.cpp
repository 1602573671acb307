#include "replay/prediction.h"

#include <algorithm>
#include <array>

#include "common/math.h"
#include "costmodel/phase_costs.h"

namespace tilewright {
namespace {

constexpr std::array kOperands{Operand::kNone, Operand::kQ,    Operand::kK,
                               Operand::kV,    Operand::kS,    Operand::kP,
                               Operand::kO,    Operand::kPart, Operand::kBias};
static_assert(kOperands.size() == kDramOperands);

/// Sums up the traffic of each operand over the phases of a plan.
class Prediction {
 public:
  Prediction(const Problem& problem, const Tiling& tiling)
      : shape_(problem.shape),
        layout_(problem.layout),
        sizes_(sizes_of(problem.shape, tiling, problem.layout)) {
    for (const Operand operand : kOperands) {
      at(operand).operand = operand;
    }
    for (const PhasePlan& phase : problem.plans.of(tiling).phases()) {
      at(phase.input).loaded_predicted += shape_.pairs * input_bytes(shape_, sizes_, phase);
      at(Operand::kBias).loaded_predicted += shape_.pairs * bias_bytes(shape_, sizes_, phase);
      at(phase.output).stored_predicted += shape_.pairs * output_bytes(shape_, sizes_, phase);
      if (phase.has_first) {
        add_stream(phase.first_kind);
      }
      if (phase.loads_values()) {
        add_stream(MatmulKind::kPV);
      }
    }
  }

  std::vector<OperandTraffic> all() const { return {all_.begin(), all_.end()}; }

 private:
  OperandTraffic& at(Operand operand) { return all_[static_cast<std::size_t>(operand)]; }

  void add_stream(MatmulKind kind) {
    at(kind == MatmulKind::kQK ? Operand::kK : Operand::kV).loaded_predicted +=
        shape_.pairs * stream_bytes(shape_, sizes_, layout_, kind);
  }

  const Shape& shape_;
  const CoreLayout& layout_;
  const Sizes sizes_;
  std::array<OperandTraffic, kOperands.size()> all_{};
};

}  // namespace

std::vector<OperandTraffic> predicted_traffic(const Problem& problem, const Tiling& tiling) {
  return Prediction(problem, tiling).all();
}

double error_bound(const Problem& problem, const Elements& elements, const Tiling& tiling,
                   const AttentionScale& scale) {
  const Workload& workload = problem.workload;
  const PhasePlan& phase = problem.plans.of(tiling).phases().front();
  const bool online = phase.online;
  constexpr double kHalfUnit = 0x1p-11;       // largest relative error of rounding to a half
  constexpr double kHalfSubnormal = 0x1p-25;  // and largest absolute one below 2^-14
  constexpr double kSingle = 1e-5;
  // In a split of keys and values, those of one part: the merge adds as many roundings as the
  // division that it makes up for.
  const CoreRounds rounds =
      deal_rounds(count_tiles(problem.shape, tiling), tiling, problem.layout, 0);
  const double sub_tiles = static_cast<double>(rounds.sub_tiles);
  // In epochs, scores are stored once more with the bias.
  const double stored = phase.online && phase.epochs && phase.bias_row_bytes > 0 ? 2 : 1;
  const double score = elements.score.half ? 2 * stored * scale.score : 0;
  const double probability = elements.input.half ? 1 : 0;
  // Online: also O rescaled, factors, sums (in epochs also a sub-tile's own) and the division
  // (docs/replay.md).
  const double roundings = phase.online ? (phase.epochs ? 5 : 4) * sub_tiles - 1 : sub_tiles;
  const double sums = elements.accumulator.half ? roundings : 0;
  const double output = elements.input.half ? 1 : 0;
  const double tiny =
      static_cast<double>(workload.kv_len) * kHalfSubnormal *
      ((elements.input.half ? 1 : 0) + (online && elements.accumulator.half ? 1 : 0));
  const double halves = scale.value * ((score + probability + sums + output) * kHalfUnit + tiny);
  return kSingle * scale.output + (halves > 0 ? kSingle * scale.value + halves : 0);
}

}  // namespace tilewright
