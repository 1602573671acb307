// A hardware profile as plain values. docs/hardware_profiles.md explains every figure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace tilewright {

/// Fractions of a cycle are kept in thousandths, so that all arithmetic stays in integers.
inline constexpr std::int64_t kMilli = 1000;

/// The operand whose two dimensions lie across the rows and columns of the array; the third one
/// goes through its depth.
enum class Spatial : std::uint8_t { kOutput, kLeft };

/// rows x cols x depth multiply-accumulates a cycle (one "pass"), one per core.
struct MatrixUnit {
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t depth = 0;
  std::int64_t startup_cycles = 0;  ///< per L0 tile
  bool output_stationary = false;
  bool left_stationary = false;
  bool right_stationary = false;
  /// Thousandths of a cycle a pass takes at 1-, 2- and 4-byte inputs; 0: not supported.
  std::array<std::int64_t, 3> pass_millicycles{};
  Spatial qk_spatial = Spatial::kOutput;
  Spatial pv_spatial = Spatial::kOutput;
  /// Element-wise work on the scores that the array holds, thousandths of a cycle per rows x cols
  /// of them; if it cannot, all 0.
  std::int64_t max_millicycles = 0;
  std::int64_t sub_millicycles = 0;
  std::int64_t exp_millicycles = 0;
  std::int64_t sum_millicycles = 0;

  bool does_elements() const { return max_millicycles > 0; }
};

/// One per core. Costs are thousandths of a cycle per element and lane.
struct VectorUnit {
  std::int64_t lanes = 0;
  std::int64_t startup_cycles = 0;            ///< per operation
  std::int64_t reduction_latency_cycles = 0;  ///< per reduction (maximum, sum) of an operation
  std::int64_t max_millicycles = 0;
  std::int64_t sub_millicycles = 0;
  std::int64_t exp_millicycles = 0;
  std::int64_t sum_millicycles = 0;
  std::int64_t mul_millicycles = 0;
  std::int64_t div_millicycles = 0;
  std::int64_t cast_millicycles = 0;
};

/// Operand and accumulator buffers of one core's matrix unit.
struct L0Buffers {
  std::int64_t left_bytes = 0;
  std::int64_t right_bytes = 0;
  std::int64_t accumulator_bytes = 0;
  std::int64_t bandwidth_bytes_per_cycle = 0;  ///< L1 <-> L0, per core
};

struct L1Memory {
  std::int64_t capacity_bytes = 0;  ///< of the one shared L1, or of each core's own
  bool shared = false;
  std::int64_t alignment_bytes = 1;  ///< every slot is rounded up to a multiple
};

struct Dram {
  std::int64_t bandwidth_bytes_per_s = 0;
  std::int64_t latency_cycles = 0;  ///< delays the data, not the queue
  std::int64_t burst_bytes = 1;     ///< transfers take the time of whole bursts
  std::int64_t setup_cycles = 0;    ///< per transfer, occupies the queue
  bool shared_channel = false;      ///< loads and stores share one in-order queue
};

/// Energies in femtojoules.
struct EnergyTable {
  std::int64_t mac_fj = 0;        ///< per multiply-accumulate at 2-byte inputs
  std::int64_t vector_op_fj = 0;  ///< per element and elementary operation
  std::int64_t l0_fj_per_byte = 0;
  std::int64_t l1_fj_per_byte = 0;
  std::int64_t dram_fj_per_byte = 0;
  std::int64_t static_fj_per_cycle = 0;  ///< whole chip
};

/// Where a figure comes from: every figure of a profile has one.
struct FigureSource {
  std::string key;     ///< e.g. "memory.l1.capacity_kib"
  std::string value;   ///< as written
  std::string source;  ///< datasheet, paper, measured, assumed
  std::string note;
};

struct Hardware {
  std::string name;
  std::string description;
  std::int64_t clock_hz = 0;
  std::int64_t cores = 0;
  std::int64_t launch_cycles = 0;
  MatrixUnit matrix;
  VectorUnit vector;
  L0Buffers l0;
  L1Memory l1;
  Dram dram;
  EnergyTable energy;
  std::vector<FigureSource> sources;
};

}  // namespace tilewright
