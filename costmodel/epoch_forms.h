// epochs_makespan() for those who need it for a number of their own.
#pragma once

#include <cstddef>
#include <cstdint>

#include "costmodel/epoch_walk.h"

namespace tilewright {
namespace epochs {

/// What a step takes of each queue: all its pairs. Without initialisers, as few occur.
template <typename Number>
struct StepCycles {
  using Times = PhaseTimesOf<Number>;
  using Step = StepOf<Number>;

  StepCycles() = default;
  StepCycles(const Times& t, const Step& step)
      : first(matmuls(t, step, step.times->first)),
        second(t.has_second ? matmuls(t, step, step.times->second) : Number(0)),
        vector(step.heads * step.times->softmax),
        normalise(0),
        beside(0),
        key_loads(loads(t, step, step.times->first)),
        value_loads(t.has_second ? loads(t, step, step.times->second) : Number(0)),
        bias_loads(t.has_bias && !t.online ? step.heads * step.times->bias : Number(0)),
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
      key_loads += t.has_bias ? step.heads * bias_of(step) : Number(0);
      add_online(step);
    }
  }

  static StepCycles none() {
    StepCycles nothing;
    nothing.first = nothing.second = nothing.vector = nothing.normalise = nothing.beside = 0;
    nothing.key_loads = nothing.value_loads = nothing.bias_loads = nothing.store = 0;
    return nothing;
  }

  Number first;      ///< Q K^T with what the array does to its scores
  Number second;     ///< P V with what the array does for it
  Number vector;     ///< softmax; online beside Q K^T of the next step
  Number normalise;  ///< online, of a finished round
  Number beside;     ///< online, beside P V
  Number key_loads;  ///< with the input; online with the bias
  Number value_loads;
  Number bias_loads;  ///< of whole rows
  Number store;

 private:
  static Number matmuls(const Times& t, const Step& step, const StageTimesOf<Number>& times) {
    if (by_sub_tiles(t)) {
      return step.heads * (step.edge() ? times.matmul_edge : times.matmul_full);
    }
    return step.heads * times.matmul_all;
  }

  static Number loads(const Times& t, const Step& step, const StageTimesOf<Number>& times) {
    const Number last = step.narrow ? times.load_edge : times.load_full;
    if (by_sub_tiles(t)) {
      return step.loads ? step.heads * (step.last ? last : times.load_full) : Number(0);
    }
    return choose(step.due > 0, Number(step.heads * ((step.due - 1) * times.load_full + last)),
                  Number(0));
  }

  static Number bias_of(const Step& step) {
    return step.edge() ? step.times->bias_edge : step.times->bias;
  }

  void add_online(const Step& step) {
    const RoundTimesOf<Number>& times = *step.times;
    const bool edge = step.edge();
    vector = step.heads * ((edge ? times.softmax_edge : times.softmax) + times.rescale);
    normalise = step.last ? step.heads * times.normalise : Number(0);
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
template <typename Number>
struct Channel {
  explicit Channel(const PhaseTimesOf<Number>& t) : latency(t.latency), shared(t.shared_channel) {}
  Number cycles(const Number& loads, const Number& stores) const {
    const Number there = choose(loads > 0, Number(loads + latency), Number(0));
    return largest(there, shared ? Number(loads + stores) : stores);
  }

  std::int64_t latency;
  bool shared;
};

/// One operator alone.
template <typename N>
struct OperatorForm {
  using Number = N;
  using Item = StepCycles<N>;
  static constexpr std::size_t kBack = 1;
  static constexpr std::size_t kAhead = 1;
  static constexpr bool kOwn = false;

  explicit OperatorForm(const PhaseTimesOf<Number>& t) : channel(t), matmul(t.has_first) {}
  Number operator()(const Window<Item>& w) const {
    return largest(matmul ? w.at(0).first : w.at(0).vector,
                   channel.cycles(w.at(1).key_loads, w.at(-1).store));
  }

  Channel<Number> channel;
  bool matmul;
};

/// Three stages on whole rows.
template <typename N>
struct FusedForm {
  using Number = N;
  using Item = StepCycles<N>;
  static constexpr std::size_t kBack = 2;
  static constexpr std::size_t kAhead = 2;
  static constexpr bool kOwn = false;

  explicit FusedForm(const PhaseTimesOf<Number>& t) : channel(t) {}
  Number operator()(const Window<Item>& w) const {
    return largest(Number(w.at(-1).second + w.at(1).first), w.at(0).vector,
                   channel.cycles(w.at(2).key_loads + w.at(1).bias_loads + w.at(0).value_loads,
                                  w.at(-2).store));
  }

  Channel<Number> channel;
};

/// Two halves.
template <typename N>
struct OnlineForm {
  using Number = N;
  using Item = StepCycles<N>;
  static constexpr std::size_t kBack = 4;
  static constexpr std::size_t kAhead = 2;
  static constexpr bool kOwn = false;

  explicit OnlineForm(const PhaseTimesOf<Number>& t) : channel(t), beside(t.on_array ? -1 : 1) {}
  Number operator()(const Window<Item>& w) const {
    const Item& here = w.at(0);
    const Item& next = w.at(1);
    const Number half = largest(next.first, Number(here.vector + w.at(-2).normalise));
    const Number rest = largest(here.second, w.at(beside).beside);
    return largest(Number(half + rest),
                   channel.cycles(w.at(2).key_loads + next.value_loads, w.at(-4).store));
  }

  Channel<Number> channel;
  std::ptrdiff_t beside;  ///< the step whose figures the vector unit works on beside P V
};

template <typename Form, typename Number>
Number makespan(const PhaseTimesOf<Number>& times, const Accord<Number>& accord) {
  const Form form(times);
  return EpochSum<Form>(times, times, form, accord).all();
}

}  // namespace epochs

/// epochs_makespan()
template <typename Number>
Number epochs_makespan_of(const PhaseTimesOf<Number>& times, const Accord<Number>& accord) {
  if (!times.has_second) {
    return epochs::makespan<epochs::OperatorForm<Number>>(times, accord);
  }
  return times.online ? epochs::makespan<epochs::OnlineForm<Number>>(times, accord)
                      : epochs::makespan<epochs::FusedForm<Number>>(times, accord);
}

}  // namespace tilewright
