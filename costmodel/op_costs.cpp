#include "costmodel/op_costs.h"

#include <limits>
#include <numeric>

namespace tilewright {

std::int64_t pass_millicycles(const MatrixUnit& unit, std::int64_t bytes) {
  return unit.pass_millicycles[bytes == 1 ? 0 : (bytes == 2 ? 1 : 2)];
}

TransferCost::TransferCost(const Hardware& hardware, std::int64_t active_cores)
    : setup_(hardware.dram.setup_cycles),
      burst_(static_cast<std::uint64_t>(hardware.dram.burst_bytes)) {
  const std::int64_t bandwidth = hardware.dram.bandwidth_bytes_per_s;
  const std::int64_t common = std::gcd(hardware.clock_hz, bandwidth);
  const std::int64_t clock = hardware.clock_hz / common;
  const std::int64_t rate = bandwidth / common;
  const std::int64_t shared = std::gcd(active_cores, rate);
  numerator_ = clock * (active_cores / shared);
  divisor_ = Divisor(static_cast<std::uint64_t>(rate / shared));
  fast_limit_ = (std::numeric_limits<std::int64_t>::max() - rate / shared) / numerator_;
}

std::int64_t least_matmuls(const MatrixUnit& unit, const Shape& shape, MatmulKind kind,
                           std::int64_t rows, std::int64_t cols, std::int64_t sub_tiles) {
  const ArraySides sides = array_sides(unit, kind);
  const std::int64_t passes =
      ceil_div(rows, sides.m) * (kind == MatmulKind::kQK
                                     ? ceil_div(cols, sides.n) * ceil_div(shape.qk_dim, sides.k)
                                     : ceil_div(shape.v_dim, sides.n) * ceil_div(cols, sides.k));
  return ceil_div(passes * pass_millicycles(unit, shape.bytes.input), kMilli) +
         unit.startup_cycles * sub_tiles;
}

std::int64_t TransferCost::slow_cycles(std::int64_t bytes) const {
  const auto scaled = static_cast<UInt128>(bytes) * static_cast<UInt128>(numerator_);
  return static_cast<std::int64_t>((scaled + divisor_.value() - 1) / divisor_.value());
}

VectorCost::VectorCost(const Hardware& hardware, const Shape& shape)
    : cols_(shape.cols), lanes_(static_cast<std::uint64_t>(hardware.vector.lanes)) {
  const VectorUnit& unit = hardware.vector;
  element_milli_ = unit.max_millicycles + unit.sub_millicycles + unit.exp_millicycles +
                   unit.sum_millicycles + unit.div_millicycles;
  operations_ = 5;
  if (shape.bytes.score != shape.bytes.input) {
    element_milli_ += unit.cast_millicycles;
    ++operations_;
  }
  if (shape.softcap) {
    element_milli_ += softcap_millicycles(unit);
    operations_ += kSoftcapOperations;
  }
  if (shape.bias_bytes > 0) {
    element_milli_ += unit.sum_millicycles;
    ++operations_;
  }
  element_cycles_ = element_milli_ % kMilli == 0 ? element_milli_ / kMilli : 0;
  mask_milli_ = unit.sub_millicycles;
  constexpr std::int64_t kReductions = 2;  // maximum and sum
  fixed_ = unit.startup_cycles + kReductions * unit.reduction_latency_cycles;
}

}  // namespace tilewright
