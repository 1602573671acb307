#include "costmodel/reference.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <ostream>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/graphml.hpp>
#include <boost/graph/topological_sort.hpp>

#include "common/error.h"
#include "costmodel/graph_names.h"
#include "schedules/operation_names.h"

namespace tilewright {
namespace {

struct Vertex {
  std::string operation;
  std::string queue;
  std::string reads;
  std::string writes;
  std::int64_t phase = 0;
  std::int64_t core = 0;
  std::int64_t round = 0;
  std::int64_t pair = 0;
  std::int64_t q_tile = 0;
  std::int64_t sub_tile = -1;
  std::int64_t bytes = 0;
  std::int64_t duration = 0;
  std::int64_t start = 0;
  std::int64_t end = 0;
  Unit unit = Unit::kLoad;
};

struct Edge {
  EdgeKind kind = EdgeKind::kQueue;
  std::int64_t lag = 0;  ///< cycles from the end of the source to the earliest start of the target
};

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS, Vertex, Edge>;
using VertexId = boost::graph_traits<Graph>::vertex_descriptor;

constexpr const char* kBarrierName = "barrier";
constexpr VertexId kNobody = static_cast<VertexId>(-1);

/// The newest operation of every core that did something to a slot.
class Users {
 public:
  void note(std::int64_t core, VertexId id) {
    const auto own = std::find_if(newest_.begin(), newest_.end(),
                                  [core](const auto& user) { return user.first == core; });
    if (own == newest_.end()) {
      newest_.emplace_back(core, id);
    } else {
      own->second = id;
    }
  }
  bool empty() const { return newest_.empty(); }
  auto begin() const { return newest_.begin(); }
  auto end() const { return newest_.end(); }

 private:
  std::vector<std::pair<std::int64_t, VertexId>> newest_;
};

/// What a slot holds and who has touched it.
struct SlotState {
  std::int64_t content = -1;
  Users writers;
  Users readers;  ///< of `content`
};

}  // namespace

class ReferenceGraph::Impl : public OperationSink {
 public:
  Impl(Evaluator& evaluator, const Tiling& tiling, Objective objective)
      : problem_(evaluator.problem()),
        sizes_(sizes_of(problem_.shape, tiling, problem_.layout)),
        costs_(evaluator.operation_costs(tiling, objective)) {
    const Plan& plan = problem_.plans.of(tiling);
    const double count = count_operations(problem_.shape, tiling, problem_.layout, plan.phases());
    if (count > kMaxOperations) {
      throw InputError(fmt::format(
          "the reference graph would have about {:.2g} operations, expected at most {:.2g}", count,
          kMaxOperations));
    }
    for (const PhasePlan& phase : plan.phases()) {
      slots_.clear();
      previous_.clear();
      transfer_ = phase.merges ? &costs_.merge_transfer : &costs_.transfer;
      expand(problem_.shape, tiling, problem_.layout, phase, *this);
      close_phase();
    }
    schedule();
    sum_overlap();
  }

  void take(const Operation& op) override {
    enter_epoch(op);
    const VertexId id = add(op);
    follow_queue(op, id);
    follow_leader(op, id);
    for (const SlotUse& use : op.reads) {
      SlotState& slot = slots_[key(use)];
      if (slot.content != use.content || slot.writers.empty()) {
        throw std::logic_error(fmt::format("{} of round {} reads slot {} which does not hold it",
                                           graph_[id].operation, op.round,
                                           graph_slots_text({&use, 1})));
      }
      wait_for(slot.writers, op, id, EdgeKind::kData);
      slot.readers.note(op.core, id);
    }
    for (const SlotUse& use : op.writes) {
      SlotState& slot = slots_[key(use)];
      if (slot.content != use.content) {
        wait_for(slot.readers.empty() ? slot.writers : slot.readers, op, id, EdgeKind::kSlot);
        slot = {use.content, {}, {}};
      }
      slot.writers.note(op.core, id);
    }
  }

  const ReferenceTotals& totals() const { return totals_; }

  std::vector<BusyTime> busy_times() const {
    std::vector<BusyTime> times;
    for (auto [v, end] = boost::vertices(graph_); v != end; ++v) {
      if (graph_[*v].operation != kBarrierName) {
        times.push_back({graph_[*v].start, graph_[*v].end});
      }
    }
    return times;
  }

  void write_graphml(std::ostream& out) const {
    Graph copy = graph_;
    boost::dynamic_properties properties;
    properties.property("operation", boost::get(&Vertex::operation, copy));
    properties.property("queue", boost::get(&Vertex::queue, copy));
    properties.property("reads", boost::get(&Vertex::reads, copy));
    properties.property("writes", boost::get(&Vertex::writes, copy));
    properties.property("phase", boost::get(&Vertex::phase, copy));
    properties.property("core", boost::get(&Vertex::core, copy));
    properties.property("round", boost::get(&Vertex::round, copy));
    properties.property("pair", boost::get(&Vertex::pair, copy));
    properties.property("q_tile", boost::get(&Vertex::q_tile, copy));
    properties.property("sub_tile", boost::get(&Vertex::sub_tile, copy));
    properties.property("bytes", boost::get(&Vertex::bytes, copy));
    properties.property("start", boost::get(&Vertex::start, copy));
    properties.property("end", boost::get(&Vertex::end, copy));
    std::map<boost::graph_traits<Graph>::edge_descriptor, std::string> kinds;
    for (auto [e, end] = boost::edges(copy); e != end; ++e) {
      kinds[*e] = graph_edge_name(copy[*e].kind);
    }
    properties.property("kind", boost::make_assoc_property_map(kinds));
    properties.property("lag", boost::get(&Edge::lag, copy));
    boost::write_graphml(out, copy, properties, true);
  }

 private:
  using SlotKey = std::tuple<std::int64_t, SlotUse::Pool, std::int64_t>;  ///< core, pool, index
  static SlotKey key(const SlotUse& use) { return {use.core, use.pool, use.index}; }

  VertexId add(const Operation& op) {
    Vertex vertex;
    vertex.operation = graph_operation_name(op);
    vertex.queue = queue_name(op.unit, problem_.hardware.dram.shared_channel);
    vertex.reads = graph_slots_text(op.reads);
    vertex.writes = graph_slots_text(op.writes);
    vertex.phase = phase_;
    vertex.core = op.core;
    vertex.round = op.round;
    vertex.pair = op.pair;
    vertex.q_tile = op.q_tile;
    vertex.sub_tile = is_per_sub_tile(op) ? op.sub_tile : -1;
    vertex.bytes = op.payload_bytes;
    vertex.unit = op.unit;
    vertex.duration = account(op);
    ++totals_.operations;
    return boost::add_vertex(vertex, graph_);
  }

  /// Duration of `op`; adds it to the totals.
  std::int64_t account(const Operation& op) {
    switch (op.unit) {
      case Unit::kLoad: {
        const std::int64_t cycles = transfer_->cycles(op.timed_bytes);
        totals_.load_busy_cycles += cycles;
        totals_.read_bytes += op.payload_bytes;
        return cycles;
      }
      case Unit::kStore: {
        const std::int64_t cycles = transfer_->cycles(op.timed_bytes);
        totals_.store_busy_cycles += cycles;
        totals_.write_bytes += op.payload_bytes;
        return cycles;
      }
      case Unit::kVector: {
        const std::int64_t cycles =
            costs_.vector_cycles({op.vector, op.rows, op.cols, op.masked_cols});
        totals_.vector_busy_cycles += cycles;
        if (op.operand == Operand::kP) {
          totals_.scores += op.rows * op.cols;
          totals_.masked_scores += op.rows * op.masked_cols;
        }
        return cycles;
      }
      case Unit::kMatrix:
        break;
    }
    if (is_elementwise(op)) {
      const std::int64_t cycles =
          costs_.array_cycles({op.vector, op.rows, op.cols, op.masked_cols});
      totals_.scores += op.vector == VectorKind::kExponentials ? op.rows * op.cols : 0;
      totals_.matrix_busy_cycles += cycles;
      return cycles;
    }
    const TileTime& cost =
        costs_.matmul(op.matmul, op.rows != sizes_.tiling.q_rows, op.cols != sizes_.tiling.kv_cols);
    totals_.matrix_busy_cycles += cost.cycles;
    totals_.l0_bytes += cost.l1_bytes;
    return cost.cycles;
  }

  void follow_queue(const Operation& op, VertexId id) {
    Unit unit = op.unit;
    if (unit == Unit::kStore && problem_.hardware.dram.shared_channel) {
      unit = Unit::kLoad;
    }
    auto [last, inserted] = queues_.try_emplace({op.core, unit}, barrier_);
    connect(last->second, id, EdgeKind::kQueue, 0);
    last->second = id;
    if (op.epoch >= 0) {
      in_epochs_.insert(op.core);
      if (op.unit == Unit::kLoad) {
        loads_[op.core] = id;
      }
    }
    if (problem_.serial) {
      auto [before, first] = previous_.try_emplace(op.core, barrier_);
      connect(before->second, id, EdgeKind::kSequence, 0);
      before->second = id;
    }
  }

  /// Cores in lock-step go from epoch to epoch together; others come one after the other.
  void enter_epoch(const Operation& op) {
    const std::pair place{op.epoch, op.second_half};
    if (op.follows || op.epoch < 0 || place == epoch_) {
      return;
    }
    if (place < epoch_) {
      in_epochs_.clear();
      loads_.clear();
    } else if (op.epoch == epoch_.first) {
      await({Unit::kMatrix, Unit::kVector});
    } else {
      await({Unit::kLoad, Unit::kStore, Unit::kMatrix, Unit::kVector});
    }
    epoch_ = place;
  }

  /// All later operations of these queues start when all that is in them is done, loaded data
  /// being there.
  void await(std::initializer_list<Unit> units) {
    if (in_epochs_.empty()) {
      return;
    }
    const VertexId barrier = add_barrier();
    for (const std::int64_t core : in_epochs_) {
      for (const Unit unit : units) {
        const auto last = queues_.find({core, unit});
        if (last != queues_.end()) {
          connect(last->second, barrier, EdgeKind::kBarrier, 0);
        }
        queues_[{core, unit}] = barrier;
      }
    }
    if (units.size() > 2) {
      for (const auto& [core, load] : loads_) {
        connect(load, barrier, EdgeKind::kBarrier, problem_.hardware.dram.latency_cycles);
      }
      loads_.clear();
    }
  }

  VertexId add_barrier() {
    Vertex vertex;
    vertex.operation = kBarrierName;
    vertex.queue = "none";
    vertex.phase = phase_;
    return boost::add_vertex(vertex, graph_);
  }

  /// From start to start: the lag takes the leader's duration back.
  void follow_leader(const Operation& op, VertexId id) {
    if (op.follows) {
      connect(leader_, id, EdgeKind::kLockStep, -graph_[leader_].duration);
    } else {
      leader_ = id;
    }
  }

  /// Who follows waits for its own core's alone: the leader, with which it starts, for all.
  void wait_for(const Users& users, const Operation& op, VertexId id, EdgeKind kind) {
    for (const auto& [core, user] : users) {
      if (!op.follows || core == op.core) {
        const bool loaded = kind == EdgeKind::kData && graph_[user].unit == Unit::kLoad;
        connect(user, id, kind, loaded ? problem_.hardware.dram.latency_cycles : 0);
      }
    }
  }

  void connect(VertexId from, VertexId to, EdgeKind kind, std::int64_t lag) {
    if (from != kNobody && from != to) {
      boost::add_edge(from, to, Edge{kind, lag}, graph_);
    }
  }

  /// The next phase reads from DRAM what this one wrote: it starts when all cores are done.
  void close_phase() {
    const VertexId barrier = add_barrier();
    ++phase_;
    for (const auto& [queue, last] : queues_) {
      connect(last, barrier, EdgeKind::kBarrier, 0);
    }
    queues_.clear();
    in_epochs_.clear();
    loads_.clear();
    epoch_ = {-1, false};
    barrier_ = barrier;
  }

  void schedule() {
    std::vector<VertexId> order;
    order.reserve(boost::num_vertices(graph_));
    boost::topological_sort(graph_, std::back_inserter(order));
    for (auto id = order.rbegin(); id != order.rend(); ++id) {
      std::int64_t start = 0;
      for (auto [e, end] = boost::in_edges(*id, graph_); e != end; ++e) {
        start = std::max(start, graph_[boost::source(*e, graph_)].end + graph_[*e].lag);
      }
      graph_[*id].start = start;
      graph_[*id].end = start + graph_[*id].duration;
      totals_.cycles = std::max(totals_.cycles, graph_[*id].end);
    }
  }

  /// Cycles in which the matrix and the vector unit of a core are both busy.
  void sum_overlap() {
    using Interval = std::pair<std::int64_t, std::int64_t>;
    std::map<std::int64_t, std::array<std::vector<Interval>, 2>> busy;
    for (auto [v, end] = boost::vertices(graph_); v != end; ++v) {
      const Vertex& vertex = graph_[*v];
      if (vertex.queue == "matrix" || vertex.queue == "vector") {
        busy[vertex.core][vertex.queue == "vector" ? 1 : 0].emplace_back(vertex.start, vertex.end);
      }
    }
    for (auto& [core, units] : busy) {
      std::size_t v = 0;
      std::sort(units[0].begin(), units[0].end());
      std::sort(units[1].begin(), units[1].end());
      for (const auto& [start, end] : units[0]) {
        while (v < units[1].size() && units[1][v].second <= start) {
          ++v;
        }
        for (std::size_t w = v; w < units[1].size() && units[1][w].first < end; ++w) {
          totals_.overlap_cycles +=
              std::min(end, units[1][w].second) - std::max(start, units[1][w].first);
        }
      }
    }
  }

  const Problem& problem_;
  const Sizes sizes_;
  const OperationCosts costs_;
  Graph graph_;
  ReferenceTotals totals_;
  std::map<SlotKey, SlotState> slots_;  ///< of the phase that is being expanded
  std::map<std::pair<std::int64_t, Unit>, VertexId> queues_;
  VertexId barrier_ = kNobody;
  std::map<std::int64_t, VertexId> previous_;  ///< serial: by core
  VertexId leader_ = kNobody;
  std::set<std::int64_t> in_epochs_;        ///< cores that are in an epoch
  std::map<std::int64_t, VertexId> loads_;  ///< the newest one of an epoch, by core
  std::pair<std::int64_t, bool> epoch_{-1, false};
  std::int64_t phase_ = 0;
  const TransferCost* transfer_ = nullptr;  ///< of the phase
};

ReferenceGraph::ReferenceGraph(Evaluator& evaluator, const Tiling& tiling, Objective objective)
    : impl_(std::make_unique<Impl>(evaluator, tiling, objective)) {}
ReferenceGraph::~ReferenceGraph() = default;
const ReferenceTotals& ReferenceGraph::totals() const {
  return impl_->totals();
}
std::vector<BusyTime> ReferenceGraph::busy_times() const {
  return impl_->busy_times();
}
void ReferenceGraph::write_graphml(std::ostream& out) const {
  impl_->write_graphml(out);
}

}  // namespace tilewright
