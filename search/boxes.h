// Boxes of candidates: what branch and bound cuts the design space into.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "search/space.h"

namespace tilewright {

/// A box of one mode, by inclusive ranges of indices on the axes.
struct Box {
  std::size_t mode = 0;
  std::array<std::int64_t, kAxes> first{};
  std::array<std::int64_t, kAxes> last{};

  Int128 size() const;
  bool is_candidate() const { return first == last; }
  auto operator<=>(const Box&) const = default;
};

/// The boxes of one space. Referenced objects must outlive it.
class BoxSpace {
 public:
  BoxSpace(const Problem& problem, const DesignSpace& space) : problem_(problem), space_(space) {}

  /// One box a mode: the whole space.
  std::vector<Box> roots() const;
  ClassBox values_of(const Box& box) const;
  /// Smallest heads, q_rows and kv_cols of the box, without L0 tiles.
  Tiling low_corner(const Box& box) const;
  /// Every candidate has the same numbers of tiles.
  bool one_class(const ClassBox& box) const;
  /// The same but for the columns.
  bool one_class_of_rows(const ClassBox& box) const;
  /// A necessary condition of is_legal() for any candidate of the box.
  bool may_be_legal(const ClassBox& box) const;
  /// Halves of a box that is no candidate: along the axis with the widest ratio of values, near the
  /// geometric mean, between two tile counts where there are several. `rows_first`: not along the
  /// columns while numbers of tiles differ along the others.
  std::array<Box, 2> split(const Box& box, bool rows_first) const;

 private:
  std::int64_t tiles(std::size_t axis, std::int64_t value) const;
  std::size_t widest_axis(const Box& box, std::size_t axes) const;
  std::int64_t cut_at(const Box& box, std::size_t axis) const;

  const Problem& problem_;
  const DesignSpace& space_;
};

}  // namespace tilewright
