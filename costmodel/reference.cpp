#include "costmodel/reference.h"

#include <algorithm>
#include <map>
#include <ostream>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/graphml.hpp>
#include <boost/graph/topological_sort.hpp>

#include "common/error.h"

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

constexpr VertexId kNobody = static_cast<VertexId>(-1);

const char* operand_name(Operand operand) {
  switch (operand) {
    case Operand::kQ:
      return "Q";
    case Operand::kK:
      return "K";
    case Operand::kV:
      return "V";
    case Operand::kS:
      return "S";
    case Operand::kP:
      return "P";
    case Operand::kO:
      return "O";
    case Operand::kNone:
      break;
  }
  return "-";
}

std::string operation_name(const Operation& op) {
  switch (op.unit) {
    case Unit::kLoad:
      return fmt::format("load_{}", operand_name(op.operand));
    case Unit::kStore:
      return fmt::format("store_{}", operand_name(op.operand));
    case Unit::kVector:
      return "softmax";
    case Unit::kMatrix:
      break;
  }
  return op.matmul == MatmulKind::kQK ? "matmul_qk" : "matmul_pv";
}

const char* pool_name(SlotUse::Pool pool) {
  constexpr std::array kNames{"in", "k", "v", "s", "p", "out", "landing"};
  return kNames[static_cast<std::size_t>(pool)];
}

std::string slots_text(std::span<const SlotUse> uses) {
  std::string text;
  for (const SlotUse& use : uses) {
    text += fmt::format("{}{}[{}]#{}", text.empty() ? "" : " ", pool_name(use.pool), use.index,
                        use.content);
  }
  return text;
}

const char* edge_name(EdgeKind kind) {
  constexpr std::array kNames{"queue", "data", "slot", "barrier", "sequence"};
  return kNames[static_cast<std::size_t>(kind)];
}

/// What a slot holds and who has touched it.
struct SlotState {
  std::int64_t content = -1;
  VertexId writer = kNobody;   ///< newest
  VertexId reader = kNobody;   ///< newest, of `content`
  VertexId blocker = kNobody;  ///< last reader (else writer) of the content before
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
      for (std::int64_t core = 0; core < problem_.layout.cores; ++core) {
        slots_.clear();
        previous_ = barrier_;
        expand(problem_.shape, tiling, problem_.layout, phase, core, *this);
      }
      close_phase();
    }
    schedule();
    sum_overlap();
  }

  void take(const Operation& op) override {
    const VertexId id = add(op);
    const std::int64_t lag = problem_.hardware.dram.latency_cycles;
    follow_queue(op, id);
    for (const SlotUse& use : op.reads) {
      SlotState& slot = slots_[key(use)];
      if (slot.content != use.content || slot.writer == kNobody) {
        throw std::logic_error(fmt::format("{} of round {} reads slot {} which does not hold it",
                                           graph_[id].operation, op.round, slots_text({&use, 1})));
      }
      connect(slot.writer, id, EdgeKind::kData, graph_[slot.writer].unit == Unit::kLoad ? lag : 0);
      slot.reader = id;
    }
    for (const SlotUse& use : op.writes) {
      SlotState& slot = slots_[key(use)];
      if (slot.content != use.content) {
        slot.blocker = slot.reader != kNobody ? slot.reader : slot.writer;
        slot.content = use.content;
        slot.reader = kNobody;
        connect(slot.blocker, id, EdgeKind::kSlot, 0);
      }
      slot.writer = id;
    }
  }

  const ReferenceTotals& totals() const { return totals_; }

  std::vector<std::int64_t> start_cycles() const {
    std::vector<std::int64_t> starts;
    for (auto [v, end] = boost::vertices(graph_); v != end; ++v) {
      if (graph_[*v].operation != "barrier") {
        starts.push_back(graph_[*v].start);
      }
    }
    return starts;
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
      kinds[*e] = edge_name(copy[*e].kind);
    }
    properties.property("kind", boost::make_assoc_property_map(kinds));
    properties.property("lag", boost::get(&Edge::lag, copy));
    boost::write_graphml(out, copy, properties, true);
  }

 private:
  using SlotKey = std::pair<SlotUse::Pool, std::int64_t>;
  static SlotKey key(const SlotUse& use) { return {use.pool, use.index}; }

  VertexId add(const Operation& op) {
    Vertex vertex;
    vertex.operation = operation_name(op);
    vertex.queue = queue_name(op.unit);
    vertex.reads = slots_text(op.reads);
    vertex.writes = slots_text(op.writes);
    vertex.phase = phase_;
    vertex.core = op.core;
    vertex.round = op.round;
    vertex.pair = op.pair;
    vertex.q_tile = op.q_tile;
    const bool tiled =
        op.unit == Unit::kMatrix || op.operand == Operand::kK || op.operand == Operand::kV;
    vertex.sub_tile = tiled ? op.sub_tile : -1;
    vertex.bytes = op.payload_bytes;
    vertex.unit = op.unit;
    vertex.duration = account(op);
    ++totals_.operations;
    return boost::add_vertex(std::move(vertex), graph_);
  }

  const char* queue_name(Unit unit) const {
    if (unit == Unit::kMatrix) {
      return "matrix";
    }
    if (unit == Unit::kVector) {
      return "vector";
    }
    if (problem_.hardware.dram.shared_channel) {
      return "channel";
    }
    return unit == Unit::kLoad ? "load" : "store";
  }

  /// Duration of `op`; adds it to the totals.
  std::int64_t account(const Operation& op) {
    switch (op.unit) {
      case Unit::kLoad: {
        const std::int64_t cycles = costs_.transfer.cycles(op.timed_bytes);
        totals_.load_busy_cycles += cycles;
        totals_.read_bytes += op.payload_bytes;
        return cycles;
      }
      case Unit::kStore: {
        const std::int64_t cycles = costs_.transfer.cycles(op.timed_bytes);
        totals_.store_busy_cycles += cycles;
        totals_.write_bytes += op.payload_bytes;
        return cycles;
      }
      case Unit::kVector: {
        const std::int64_t cycles = costs_.vector.softmax_cycles(op.rows);
        totals_.vector_busy_cycles += cycles;
        return cycles;
      }
      case Unit::kMatrix:
        break;
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
    if (problem_.serial) {
      connect(previous_, id, EdgeKind::kSequence, 0);
      previous_ = id;
    }
  }

  void connect(VertexId from, VertexId to, EdgeKind kind, std::int64_t lag) {
    if (from != kNobody && from != to) {
      boost::add_edge(from, to, Edge{kind, lag}, graph_);
    }
  }

  /// The next phase reads from DRAM what this one wrote: it starts when all cores are done.
  void close_phase() {
    Vertex vertex;
    vertex.operation = "barrier";
    vertex.queue = "none";
    vertex.phase = phase_++;
    const VertexId barrier = boost::add_vertex(std::move(vertex), graph_);
    for (const auto& [queue, last] : queues_) {
      connect(last, barrier, EdgeKind::kBarrier, 0);
    }
    queues_.clear();
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
  std::map<SlotKey, SlotState> slots_;  ///< of the core that is being expanded
  std::map<std::pair<std::int64_t, Unit>, VertexId> queues_;
  VertexId barrier_ = kNobody;
  VertexId previous_ = kNobody;
  std::int64_t phase_ = 0;
};

ReferenceGraph::ReferenceGraph(Evaluator& evaluator, const Tiling& tiling, Objective objective)
    : impl_(std::make_unique<Impl>(evaluator, tiling, objective)) {}
ReferenceGraph::~ReferenceGraph() = default;
const ReferenceTotals& ReferenceGraph::totals() const {
  return impl_->totals();
}
std::vector<std::int64_t> ReferenceGraph::start_cycles() const {
  return impl_->start_cycles();
}
void ReferenceGraph::write_graphml(std::ostream& out) const {
  impl_->write_graphml(out);
}

}  // namespace tilewright
