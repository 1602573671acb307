// The rounds of a core under a mask as runs of neighbours that are alike.
#pragma once

#include <cstdint>

#include "costmodel/masked_rounds.h"
#include "costmodel/pipeline.h"

namespace tilewright {

/// Goes over the rounds of a core in order. Kinds are many, so that each is found when the walk
/// comes to it. The first position of a group and the last one are runs of their own.
class AlikeRounds {
 public:
  explicit AlikeRounds(const PhaseTimes& times) : t_(&times), groups_(times.full_groups) {
    if (groups_ == 0) {
      enter_edge_group();
    } else {
      enter_group();
    }
  }

  bool done() const { return groups_ == 0; }
  /// What all rounds of this run are; the position of the first of them; their pairs.
  const MaskedRound& round() const { return round_; }
  std::int64_t position() const { return first_; }
  std::int64_t heads() const { return in_edge_group_ ? t_->edge_heads : t_->heads; }
  bool in_edge_group() const { return in_edge_group_; }
  bool ends_group() const { return position_ == t_->positions; }
  /// Rounds of this run from here on; if done, more than there can be.
  std::int64_t left() const { return left_; }

  bool same_run_as(const AlikeRounds& other) const {
    return round_ == other.round_ && in_edge_group_ == other.in_edge_group_ &&
           ends_group() == other.ends_group() && (first_ == 0) == (other.first_ == 0);
  }

  /// Returns whether another run (or the end) has come.
  bool take(std::int64_t rounds) {
    left_ -= rounds;
    if (left_ > 0) {
      return false;
    }
    if (t_->positions == 1) {
      enter_edge_group();
    } else if (position_ < t_->positions) {
      enter_run();
    } else if (--groups_ > 0) {
      enter_group();
    } else {
      enter_edge_group();
    }
    return true;
  }

  /// Leaves out whole groups, all of the same size. Returns whether another run has come.
  bool skip_groups(std::int64_t groups) {
    groups_ -= groups;
    if (groups_ > 0) {
      return false;
    }
    enter_edge_group();
    return true;
  }

 private:
  void enter_group() {
    position_ = 0;
    next_ = t_->masked->next(0, there_);
    enter_run();
  }

  void enter_edge_group() {
    const bool there = !in_edge_group_ && t_->edge_heads > 0;
    in_edge_group_ = true;
    groups_ = there ? 1 : 0;
    if (there) {
      enter_group();
    } else {
      left_ = std::int64_t{1} << 62U;
    }
  }

  /// From position_ on, where next_ is; both then stand behind the run.
  void enter_run() {
    round_ = next_;
    first_ = position_++;
    if (position_ < t_->positions) {
      next_ = t_->masked->next(position_, there_);
      if (first_ > 0 && position_ < t_->positions - 1 && next_ == round_) {
        position_ = t_->masked->alike_until(first_, round_);
        next_ = t_->masked->at(position_, there_);
      }
    }
    left_ = t_->positions == 1 ? groups_ : position_ - first_;
  }

  const PhaseTimes* t_;
  std::int64_t groups_ = 0;  ///< this one and those of the same size after it
  bool in_edge_group_ = false;
  std::int64_t first_ = 0;     ///< position of the run
  std::int64_t position_ = 0;  ///< behind the run
  std::int64_t there_ = 0;     ///< sub-tiles that the position of next_ leaves
  MaskedRound round_;
  MaskedRound next_;
  std::int64_t left_ = 0;
};

}  // namespace tilewright
