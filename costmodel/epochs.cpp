#include "costmodel/epochs.h"

#include <algorithm>

#include "costmodel/epoch_walk.h"

namespace tilewright {
namespace epochs {
namespace {

/// What a step takes of each queue: all its pairs. Without initialisers, as few occur.
struct StepCycles {
  StepCycles() = default;
  StepCycles(const PhaseTimes& t, const Step& step)
      : first(matmuls(t, step, step.times->first)),
        second(t.has_second ? matmuls(t, step, step.times->second) : 0),
        vector(step.heads * step.times->softmax),
        normalise(0),
        beside(0),
        key_loads(loads(t, step, step.times->first)),
        value_loads(t.has_second ? loads(t, step, step.times->second) : 0),
        bias_loads(t.has_bias && !t.online ? step.heads * step.times->bias : 0),
        store(0) {
    if (t.input_by_tile) {
      key_loads += step.heads * (step.edge() ? step.times->input_edge : step.times->input);
    } else if (step.first) {
      key_loads += step.heads * step.times->input;
    }
    if (t.store_by_tile) {
      store = step.heads * (step.edge() ? step.times->store_edge : step.times->store);
    } else if (step.last) {
      store = step.heads * step.times->store;
    }
    if (t.online) {
      key_loads += t.has_bias ? step.heads * bias_of(step) : 0;
      add_online(step);
    }
  }

  static StepCycles none() {
    StepCycles nothing;
    nothing.first = nothing.second = nothing.vector = nothing.normalise = nothing.beside = 0;
    nothing.key_loads = nothing.value_loads = nothing.bias_loads = nothing.store = 0;
    return nothing;
  }

  std::int64_t first;      ///< Q K^T with what the array does to its scores
  std::int64_t second;     ///< P V with what the array does for it
  std::int64_t vector;     ///< softmax; online beside Q K^T of the next step
  std::int64_t normalise;  ///< online, of a finished round
  std::int64_t beside;     ///< online, beside P V
  std::int64_t key_loads;  ///< with the input; online with the bias
  std::int64_t value_loads;
  std::int64_t bias_loads;  ///< of whole rows
  std::int64_t store;

 private:
  static std::int64_t matmuls(const PhaseTimes& t, const Step& step, const StageTimes& times) {
    if (by_sub_tiles(t)) {
      return step.heads * (step.edge() ? times.matmul_edge : times.matmul_full);
    }
    return step.heads * times.matmul_all;
  }

  static std::int64_t loads(const PhaseTimes& t, const Step& step, const StageTimes& times) {
    const std::int64_t last = step.narrow ? times.load_edge : times.load_full;
    if (by_sub_tiles(t)) {
      return step.loads ? step.heads * (step.last ? last : times.load_full) : 0;
    }
    return step.due > 0 ? step.heads * ((step.due - 1) * times.load_full + last) : 0;
  }

  static std::int64_t bias_of(const Step& step) {
    return step.edge() ? step.times->bias_edge : step.times->bias;
  }

  void add_online(const Step& step) {
    const RoundTimes& times = *step.times;
    const bool edge = step.edge();
    vector = step.heads * ((edge ? times.softmax_edge : times.softmax) + times.rescale);
    normalise = step.last ? step.heads * times.normalise : 0;
    second += step.heads * (edge ? times.array_exp_edge : times.array_exp);
    if (step.masked) {
      beside = step.heads * (edge ? times.masked_beside_edge : times.masked_beside);
      first += step.heads * (edge ? times.masked_array_max_edge : times.masked_array_max);
    } else {
      beside = step.heads * (edge ? times.beside_edge : times.beside);
      first += step.heads * (edge ? times.array_max_edge : times.array_max);
    }
  }
};

/// Loads, their latency, and stores: on one channel or on two.
struct Channel {
  explicit Channel(const PhaseTimes& t) : latency(t.latency), shared(t.shared_channel) {}
  std::int64_t cycles(std::int64_t loads, std::int64_t stores) const {
    const std::int64_t there = loads > 0 ? loads + latency : 0;
    return std::max(there, shared ? loads + stores : stores);
  }

  std::int64_t latency;
  bool shared;
};

/// One operator alone.
struct OperatorForm {
  using Item = StepCycles;
  static constexpr std::size_t kBack = 1;
  static constexpr std::size_t kAhead = 1;
  static constexpr bool kOwn = false;

  explicit OperatorForm(const PhaseTimes& t) : channel(t), matmul(t.has_first) {}
  std::int64_t operator()(const Window<StepCycles>& w) const {
    return std::max(matmul ? w.at(0).first : w.at(0).vector,
                    channel.cycles(w.at(1).key_loads, w.at(-1).store));
  }

  Channel channel;
  bool matmul;
};

/// Three stages on whole rows.
struct FusedForm {
  using Item = StepCycles;
  static constexpr std::size_t kBack = 2;
  static constexpr std::size_t kAhead = 2;
  static constexpr bool kOwn = false;

  explicit FusedForm(const PhaseTimes& t) : channel(t) {}
  std::int64_t operator()(const Window<StepCycles>& w) const {
    return std::max(std::max(w.at(-1).second + w.at(1).first, w.at(0).vector),
                    channel.cycles(w.at(2).key_loads + w.at(1).bias_loads + w.at(0).value_loads,
                                   w.at(-2).store));
  }

  Channel channel;
};

/// Two halves.
struct OnlineForm {
  using Item = StepCycles;
  static constexpr std::size_t kBack = 4;
  static constexpr std::size_t kAhead = 2;
  static constexpr bool kOwn = false;

  explicit OnlineForm(const PhaseTimes& t) : channel(t), beside(t.on_array ? -1 : 1) {}
  std::int64_t operator()(const Window<StepCycles>& w) const {
    const StepCycles& here = w.at(0);
    const StepCycles& next = w.at(1);
    const std::int64_t half = std::max(next.first, here.vector + w.at(-2).normalise);
    const std::int64_t rest = std::max(here.second, w.at(beside).beside);
    return std::max(half + rest,
                    channel.cycles(w.at(2).key_loads + next.value_loads, w.at(-4).store));
  }

  Channel channel;
  std::ptrdiff_t beside;  ///< the step whose figures the vector unit works on beside P V
};

template <typename Form>
std::int64_t makespan(const PhaseTimes& times) {
  const Form form(times);
  return EpochSum<Form>(times, times, form).all();
}

}  // namespace
}  // namespace epochs

std::int64_t epochs_makespan(const PhaseTimes& times) {
  if (!times.has_second) {
    return epochs::makespan<epochs::OperatorForm>(times);
  }
  return times.online ? epochs::makespan<epochs::OnlineForm>(times)
                      : epochs::makespan<epochs::FusedForm>(times);
}

}  // namespace tilewright
