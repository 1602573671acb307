// A space cut into blocks: ranges of sizes on each axis, of one mode. Each is covered as soon as a
// bound says that nothing in it contradicts the claim; else it is cut in two. As the
// claim is known from the start, the order does not matter, and there is nothing to remember but
// how many candidates are covered.
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "proof/claim.h"
#include "proof/roofline.h"

namespace tilewright {
namespace {

/// Inclusive ranges of indices on the axes.
struct Block {
  std::size_t mode = 0;
  std::array<std::int64_t, kAxes> first{};
  std::array<std::int64_t, kAxes> last{};

  Int128 size() const {
    Int128 product = 1;
    for (std::size_t axis = 0; axis < kAxes; ++axis) {
      product *= last[axis] - first[axis] + 1;
    }
    return product;
  }
  bool is_candidate() const { return first == last; }
};

/// The sizes of an axis by class: sizes that make the same number of tiles.
class AxisClasses {
 public:
  explicit AxisClasses(const Axis& axis) {
    for (std::int64_t i = 0; i < axis.size();) {
      starts_.push_back(i);
      const std::int64_t tiles = ceil_div(axis.length(), axis.value(i));
      i = tiles == 1 ? axis.size() : axis.first_not_below(ceil_div(axis.length(), tiles - 1));
    }
  }

  /// The class of the size at `index`.
  std::int64_t of(std::int64_t index) const {
    return std::upper_bound(starts_.begin(), starts_.end(), index) - starts_.begin() - 1;
  }
  std::int64_t start(std::int64_t index_of_class) const {
    return starts_[static_cast<std::size_t>(index_of_class)];
  }

 private:
  std::vector<std::int64_t> starts_;  ///< index of the first size of each
};

/// Cuts blocks: between two classes as long as there are several.
class Cutter {
 public:
  explicit Cutter(const DesignSpace& space)
      : classes_{AxisClasses(space.axes[0]), AxisClasses(space.axes[1]),
                 AxisClasses(space.axes[2])} {}

  bool one_class(const Block& block) const {
    for (std::size_t axis = 0; axis < kAxes; ++axis) {
      if (classes_in(block, axis) > 1) {
        return false;
      }
    }
    return true;
  }

  /// In two, along the axis with the most classes or, within one class, the most sizes.
  std::array<Block, 2> halves(const Block& block) const {
    const auto extent = [&](std::size_t axis) {
      return std::pair(classes_in(block, axis), block.last[axis] - block.first[axis]);
    };
    std::size_t axis = 0;
    for (std::size_t other = 1; other < kAxes; ++other) {
      axis = extent(other) > extent(axis) ? other : axis;
    }
    const std::int64_t upper = upper_start(block, axis);
    std::array<Block, 2> parts{block, block};
    parts[0].last[axis] = upper - 1;
    parts[1].first[axis] = upper;
    return parts;
  }

 private:
  std::int64_t classes_in(const Block& block, std::size_t axis) const {
    return classes_[axis].of(block.last[axis]) - classes_[axis].of(block.first[axis]) + 1;
  }

  /// Index of the first size of the upper half.
  std::int64_t upper_start(const Block& block, std::size_t axis) const {
    const AxisClasses& classes = classes_[axis];
    const std::int64_t low = classes.of(block.first[axis]);
    const std::int64_t high = classes.of(block.last[axis]);
    return low < high ? classes.start(low + (high - low + 1) / 2)
                      : block.first[axis] + (block.last[axis] - block.first[axis] + 1) / 2;
  }

  std::array<AxisClasses, kAxes> classes_;
};

/// Covers one block and all that it is cut into.
class BlockSurvey {
 public:
  BlockSurvey(const SurveyTask& task, const Cutter& cutter, const Roofline& roofline,
              Evaluator& evaluator)
      : task_(task),
        claim_(task.claim),
        cutter_(cutter),
        roofline_(roofline),
        evaluator_(evaluator) {}

  Survey of(const Block& block) {
    cover(block);
    return found_;
  }

 private:
  void cover(const Block& block) {
    if (found_.refuted || task_.stopped()) {
      return;
    }
    if (covered_by_bounds(block)) {
      found_.covered += block.size();
      ++found_.blocks;
    } else if (block.is_candidate()) {
      evaluate(box_of(block));
      ++found_.covered;
      ++found_.evaluated;
    } else {
      for (const Block& half : cutter_.halves(block)) {
        cover(half);
      }
    }
  }

  bool covered_by_bounds(const Block& block) const {
    const ClassBox box = box_of(block);
    if (nothing_legal_in(box)) {
      return true;
    }
    const auto coarse = roofline_.least(box);
    if (!coarse || holds_above(*coarse, box)) {
      return true;
    }
    if (!cutter_.one_class(block)) {
      return false;
    }
    const auto fine = evaluator_.lower_bound(box, claim_.enough_cycles);
    return !fine || holds_above(larger(*coarse, *fine), box);
  }

  /// A necessary condition of is_legal(): P fits the sub-tiles, which hold less than all columns
  /// and one sub-tile more.
  bool nothing_legal_in(const ClassBox& box) const {
    const Shape& shape = claim_.problem.shape;
    if (box.mode.overwrite == Overwrite::kNone) {
      return false;
    }
    const std::int64_t column =
        box.mode.overwrite == Overwrite::kKey ? key_col_bytes(shape) : value_col_bytes(shape);
    return shape.mask.causal || box.low[0] > 1 ||
           box.low[1] * shape.cols * shape.bytes.input >= (shape.cols + box.high[2]) * column;
  }

  bool holds_above(const Figures& least, const ClassBox& box) const {
    return claim_.holds_above(least, tiling_of(box.mode, box.low[0], box.low[1], box.low[2]));
  }

  void evaluate(const ClassBox& box) {
    const Tiling tiling = tiling_of(box.mode, box.low[0], box.low[1], box.low[2]);
    if (!is_legal(claim_.problem.shape, tiling)) {
      return;
    }
    found_.refuted = claim_.refutation(evaluator_, tiling);
  }

  ClassBox box_of(const Block& block) const {
    ClassBox box;
    box.mode = claim_.space.modes[block.mode];
    for (std::size_t axis = 0; axis < kAxes; ++axis) {
      box.low[axis] = claim_.space.axes[axis].value(block.first[axis]);
      box.high[axis] = claim_.space.axes[axis].value(block.last[axis]);
    }
    return box;
  }

  const SurveyTask& task_;
  const Claim& claim_;
  const Cutter& cutter_;
  const Roofline& roofline_;
  Evaluator& evaluator_;
  Survey found_;
};

/// One block a mode, then cut often enough to share the work out and to show progress.
std::vector<Block> first_blocks(const DesignSpace& space, const Cutter& cutter) {
  constexpr std::size_t kBlocks = 1024;
  std::vector<Block> blocks;
  for (std::size_t mode = 0; mode < space.modes.size(); ++mode) {
    Block block;
    block.mode = mode;
    for (std::size_t axis = 0; axis < kAxes; ++axis) {
      block.last[axis] = space.axes[axis].size() - 1;
    }
    blocks.push_back(block);
  }
  for (bool cut = true; cut && blocks.size() < kBlocks;) {
    cut = false;
    std::vector<Block> finer;
    for (const Block& block : blocks) {
      if (cutter.one_class(block)) {
        finer.push_back(block);
        continue;
      }
      cut = true;
      for (const Block& half : cutter.halves(block)) {
        finer.push_back(half);
      }
    }
    blocks = std::move(finer);
  }
  return blocks;
}

}  // namespace

Survey survey_blocks(const SurveyTask& task) {
  constexpr std::size_t kAtOnce = 64;
  const Cutter cutter(task.claim.space);
  const Roofline roofline(task.claim.problem);
  const std::vector<Block> blocks = first_blocks(task.claim.space, cutter);
  Survey survey;
  for (std::size_t from = 0; from < blocks.size() && !survey.refuted && !task.stopped();
       from += kAtOnce) {
    const std::size_t count = std::min(kAtOnce, blocks.size() - from);
    std::vector<Survey> parts(count);
    task.executor.for_each(
        static_cast<std::int64_t>(count), [&](std::int64_t i, Evaluator& evaluator) {
          const auto at = static_cast<std::size_t>(i);
          parts[at] = BlockSurvey(task, cutter, roofline, evaluator).of(blocks[from + at]);
        });
    for (const Survey& part : parts) {
      survey.covered += part.covered;
      survey.evaluated += part.evaluated;
      survey.blocks += part.blocks;
      if (!survey.refuted) {
        survey.refuted = part.refuted;
      }
    }
    task.covered(survey.covered);
  }
  return survey;
}

}  // namespace tilewright
