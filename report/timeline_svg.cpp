#include "report/timeline_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "report/names.h"
#include "report/number_text.h"
#include "schedules/operation_names.h"

namespace tilewright {
namespace {

constexpr std::int64_t kMargin = 16;
constexpr std::int64_t kLaneHeight = 24;
constexpr std::int64_t kLanePitch = 28;
constexpr std::int64_t kCoreGap = 8;
constexpr std::int64_t kLabelWidth = 100;
constexpr std::int64_t kHeaderHeight = 56;
constexpr std::int64_t kPhaseTitleHeight = 24;
constexpr std::int64_t kAxisHeight = 34;
constexpr std::int64_t kLegendHeight = 54;
constexpr std::int64_t kLeastPlotWidth = 900;
constexpr std::int64_t kMostPlotWidth = 4000;
constexpr std::int64_t kBoxWidth = 38;      ///< at least, of three boxes in four
constexpr std::int64_t kPairBoxWidth = 50;  ///< where labels number pairs, too
constexpr std::int64_t kTickDistance = 90;  ///< at least
constexpr std::int64_t kCharWidth = 7;      ///< of text, at most
constexpr std::int64_t kLabelChar = 620;    ///< of a label on average, in hundredths of a pixel

/// By operand; light, for dark text on them.
constexpr std::string_view kStyle =
    "text{font-family:Helvetica,Arial,sans-serif;font-size:12px;fill:#222}"
    ".t{font-size:15px;font-weight:bold}"
    ".b{font-size:11px;text-anchor:middle}"
    ".a{font-size:11px;text-anchor:middle;fill:#555}"
    "rect{stroke:#555;stroke-width:.5}"
    ".bg{fill:#fff;stroke:#ccc}"
    ".lane{fill:#f3f3f3;stroke:none}"
    ".grid{stroke:#ccc;stroke-width:1}"
    ".epoch{stroke:#000;stroke-width:1;stroke-dasharray:4 3}"
    ".Q{fill:#a6d3f2}.K{fill:#9fdca8}.V{fill:#f4e38a}"
    ".S{fill:#ffc48a}.P{fill:#e3b3dd}.O{fill:#ffa59b}.state{fill:#c4c4c4}"
    ".pale.Q{fill:#e4f2fb}.pale.K{fill:#e2f4e5}.pale.V{fill:#fbf6dc}"
    ".pale.S{fill:#ffeddc}.pale.P{fill:#f6e7f5}.pale.O{fill:#ffe3e0}"
    ".pale.state{fill:#e8e8e8}";

/// From cycles of a window to a place.
class Axis {
 public:
  Axis(BusyTime window, std::int64_t width) : window_(window), width_(width) {}

  /// Of a cycle, cut off at the ends of the window, in hundredths of a pixel.
  std::int64_t place(std::int64_t cycle) const {
    const Int128 from_start = std::clamp(cycle, window_.start, window_.end) - window_.start;
    const Int128 span = std::max<std::int64_t>(window_.end - window_.start, 1);
    return 100 * (kMargin + kLabelWidth) +
           static_cast<std::int64_t>(from_start * 100 * width_ / span);
  }

  /// The least of 1, 2, 5, 10, ... cycles that keeps ticks apart.
  std::int64_t tick() const {
    const Int128 least = Int128{window_.end - window_.start} * kTickDistance;
    Int128 decade = 1;
    for (;; decade *= 10) {
      for (const std::int64_t digit : {1, 2, 5}) {
        if (decade * digit * width_ >= least) return static_cast<std::int64_t>(decade * digit);
      }
    }
  }

  BusyTime window() const { return window_; }

 private:
  BusyTime window_;
  std::int64_t width_;
};

std::string pixels(std::int64_t hundredths) {
  return fmt::format("{}.{:02}", hundredths / 100, hundredths % 100);
}

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&') {
      safe += "&amp;";
    } else if (c == '<') {
      safe += "&lt;";
    } else if (c == '>') {
      safe += "&gt;";
    } else {
      safe += c;
    }
  }
  return safe;
}

std::string text_at(std::string_view style, std::int64_t x, std::int64_t y, std::string_view text) {
  const std::string place = fmt::format("x=\"{}\" y=\"{}\"", pixels(x), y);
  const std::string kind = style.empty() ? "" : fmt::format("class=\"{}\" ", style);
  return fmt::format("<text {}{}>{}</text>\n", kind, place, escaped(text));
}

struct Lane {
  std::int64_t core = 0;
  std::string_view queue;
  std::vector<TimedOperation> operations;
};

/// Four lanes a core, three where loads and stores share a channel.
std::vector<Lane> lanes_of(const PhaseTimeline& part, bool shared_channel) {
  constexpr std::array kUnits{Unit::kLoad, Unit::kMatrix, Unit::kVector, Unit::kStore};
  using Key = std::pair<std::int64_t, std::size_t>;
  std::map<Key, Lane> lanes;
  for (const TimedOperation& item : part.operations) {
    const std::int64_t core = item.operation.core;
    for (std::size_t i = 0; i < (shared_channel ? 3 : 4); ++i) {
      lanes.try_emplace({core, i}, Lane{core, queue_name(kUnits[i], shared_channel), {}});
    }
    const Unit unit =
        shared_channel && item.operation.unit == Unit::kStore ? Unit::kLoad : item.operation.unit;
    const auto place = std::find(kUnits.begin(), kUnits.end(), unit) - kUnits.begin();
    lanes.at({core, static_cast<std::size_t>(place)}).operations.push_back(item);
  }
  std::vector<Lane> list;
  list.reserve(lanes.size());
  for (auto& [key, lane] : lanes) list.push_back(std::move(lane));
  return list;
}

using EpochOfCore = std::pair<std::int64_t, std::int64_t>;  ///< core, epoch

/// When the epochs of each core begin; empty where there are none.
std::map<EpochOfCore, std::int64_t> epoch_starts(const PhaseTimeline& part) {
  std::map<EpochOfCore, std::int64_t> starts;
  for (const auto& [operation, time] : part.operations) {
    if (operation.epoch < 0) continue;
    const auto start = starts.try_emplace({operation.core, operation.epoch}, time.start).first;
    start->second = std::min(start->second, time.start);
  }
  return starts;
}

/// Room for the labels of most boxes.
std::int64_t plot_width(const PhaseTimeline& part, bool has_pairs) {
  std::vector<std::int64_t> durations;
  for (const TimedOperation& item : part.operations) {
    durations.push_back(item.time.end - item.time.start);
  }
  if (durations.empty()) return kLeastPlotWidth;
  const auto quartile = durations.begin() + static_cast<std::ptrdiff_t>(durations.size() / 4);
  std::nth_element(durations.begin(), quartile, durations.end());
  const Int128 span = part.window.end - part.window.start;
  return static_cast<std::int64_t>(std::clamp<Int128>(
      span * (has_pairs ? kPairBoxWidth : kBoxWidth) / *quartile, kLeastPlotWidth, kMostPlotWidth));
}

std::string_view work_name(const Operation& operation) {
  constexpr std::array<std::string_view, 11> kVector{"P", "P", "O×", "O÷",   "max", "exp",
                                                     "P", "m", "l",  "m, l", "Σ"};
  if (operation.unit == Unit::kVector || is_elementwise(operation)) {
    return kVector.at(static_cast<std::size_t>(operation.vector));
  }
  if (operation.unit == Unit::kMatrix) {
    return operation.matmul == MatmulKind::kQK ? "QK" : "PV";
  }
  return operand_name(operation.operand);
}

/// A part of O looks like O, a bias like what it is added to.
std::string_view style_of(Operand operand) {
  if (operand == Operand::kBias) {
    return operand_name(Operand::kS);
  }
  return operand_name(operand == Operand::kPart ? Operand::kO : operand);
}

/// Pictures of one timeline have all the same width and way to number.
class Chart {
 public:
  Chart(const Timeline& timeline, const Result& result)
      : timeline_(timeline), result_(result), has_pairs_(result.tiling->heads > 1) {
    for (const PhaseTimeline& part : timeline.parts) {
      parts_.push_back(lanes_of(part, timeline.shared_channel));
      width_ = std::max(width_, plot_width(part, has_pairs_));
    }
  }

  std::string svg() {
    std::string body = header();
    for (std::size_t i = 0; i < parts_.size(); ++i) body += phase(timeline_.parts[i], parts_[i]);
    body += legend();
    const std::int64_t width = 2 * kMargin + kLabelWidth + width_;
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
        "viewBox=\"0 0 {0} {1}\">\n<style>{2}</style>\n"
        "<rect class=\"bg\" width=\"{0}\" height=\"{1}\"/>\n{3}</svg>\n",
        width, y_, kStyle, body);
  }

 private:
  std::string header() {
    std::string factors;
    for (const FactorText& factor : factor_texts(*result_.tiling)) {
      factors += fmt::format("{}{}={}", factors.empty() ? "" : ", ", factor.name, factor.value);
    }
    y_ = kHeaderHeight;
    const std::string title =
        fmt::format("{} on {}, {}: rounds {} to {} of a layer of {} cycles", schedule_text(result_),
                    result_.hw, result_.workload, timeline_.rounds.first, timeline_.rounds.last,
                    with_separators(timeline_.cycles));
    return text_at("t", 100 * kMargin, 24, title) + text_at("", 100 * kMargin, 43, factors);
  }

  std::string phase(const PhaseTimeline& part, const std::vector<Lane>& lanes) {
    std::string text;
    if (timeline_.phases > 1) {
      text += text_at("", 100 * kMargin, y_ + 15,
                      fmt::format("Phase {} of {}", part.phase + 1, timeline_.phases));
      y_ += kPhaseTitleHeight;
    }
    const Axis axis(part.window, width_);
    const std::int64_t top = y_;
    const std::map<EpochOfCore, std::int64_t> epochs = epoch_starts(part);
    std::string backs;
    std::string boxes;
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      if (i > 0 && lanes[i].core != lanes[i - 1].core) y_ += kCoreGap;
      backs += back();
      boxes += lane(lanes[i], axis, epochs);
    }
    return text + backs + grid(axis, top) + boxes;
  }

  std::string vertical(std::string_view style, std::int64_t x, std::int64_t top) const {
    return fmt::format("<line class=\"{0}\" x1=\"{1}\" y1=\"{2}\" x2=\"{1}\" y2=\"{3}\"/>\n", style,
                       pixels(x), top, y_);
  }

  std::string back() const {
    return fmt::format("<rect class=\"lane\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n",
                       kMargin + kLabelWidth, y_, width_, kLaneHeight);
  }

  std::string lane(const Lane& lane, const Axis& axis,
                   const std::map<EpochOfCore, std::int64_t>& epochs) {
    const bool one_core = parts_.front().back().core == 0;
    const std::string name =
        one_core ? std::string(lane.queue) : fmt::format("core {} {}", lane.core, lane.queue);
    std::string text = text_at("", 100 * kMargin, y_ + 16, name);
    for (const TimedOperation& item : lane.operations) text += box(item, axis);
    const std::int64_t top = y_;
    y_ += kLanePitch;
    for (const auto& [place, start] : epochs) {
      const bool inside = start > axis.window().start;
      if (inside && place.first == lane.core) text += vertical("epoch", axis.place(start), top);
    }
    return text;
  }

  std::string box(const TimedOperation& item, const Axis& axis) const {
    const auto [start, end] = item.time;
    const std::int64_t x = axis.place(start);
    const std::int64_t width = axis.place(end) - x;
    std::string text = fmt::format(
        "<rect class=\"{}{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{}: cycles {} to "
        "{}</title></rect>\n",
        style_of(item.operation.operand),
        timeline_.rounds.contains(item.operation.round) ? "" : " pale", pixels(x), y_,
        pixels(width), kLaneHeight, operation_text(item.operation), with_separators(start),
        with_separators(end));
    const std::string words = fitting_label(item.operation, width);
    return words.empty() ? text : text + text_at("b", x + width / 2, y_ + 16, words);
  }

  /// All numbers, else none, else nothing.
  std::string fitting_label(const Operation& operation, std::int64_t width) const {
    const std::string name(work_name(operation));
    for (const std::string& words : {name + " " + numbers(operation), name}) {
      if (static_cast<std::int64_t>(display_width(words)) * kLabelChar <= width) return words;
    }
    return "";
  }

  std::string numbers(const Operation& operation) const {
    std::string text = std::to_string(operation.round);
    if (has_pairs_) text += fmt::format(".{}", operation.pair);
    if (is_per_sub_tile(operation)) text += fmt::format(".{}", operation.sub_tile);
    return text;
  }

  /// Behind the boxes of a phase: ticks with their cycles below.
  std::string grid(const Axis& axis, std::int64_t top) {
    const auto [start, end] = axis.window();
    const std::int64_t tick = axis.tick();
    std::string text;
    for (std::int64_t at = (start + tick - 1) / tick * tick; at <= end; at += tick) {
      text += vertical("grid", axis.place(at), top);
      text += text_at("a", axis.place(at), y_ + 14, with_separators(at));
    }
    text += text_at("", 100 * kMargin, y_ + 14, "cycles");
    y_ += kAxisHeight;
    return text;
  }

  std::string legend() {
    std::vector<std::pair<std::string_view, std::string_view>> entries{
        {"Q", "Q"},
        {"K", "K"},
        {"V", "V"},
        {"S", "S, made by QK"},
        {"P", "P, made by softmax"},
        {"O",
         has(VectorKind::kRescale) ? "O, made by PV; O×: rescale, O÷: divide" : "O, made by PV"}};
    if (has(VectorKind::kLocalMax)) entries.emplace_back("state", "maxima and sums of rows");
    std::string text;
    std::int64_t x = kMargin + kLabelWidth;
    for (const auto& [style, words] : entries) {
      text += fmt::format("<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"14\" height=\"14\"/>\n",
                          style, x, y_);
      text += text_at("", 100 * (x + 20), y_ + 11, words);
      x += 36 + static_cast<std::int64_t>(display_width(words)) * kCharWidth;
    }
    text += text_at("", 100 * (kMargin + kLabelWidth), y_ + 32,
                    fmt::format("numbers: round{}, sub-tile; pale: other rounds{}",
                                has_pairs_ ? ", pair" : "", in_epochs() ? "; dashed: epochs" : ""));
    y_ += kLegendHeight;
    return text;
  }

  template <typename Test>
  bool any(const Test& test) const {
    for (const PhaseTimeline& part : timeline_.parts) {
      for (const TimedOperation& item : part.operations) {
        if (test(item.operation)) return true;
      }
    }
    return false;
  }
  bool has(VectorKind kind) const {
    return any([kind](const Operation& operation) { return operation.vector == kind; });
  }
  bool in_epochs() const {
    return any([](const Operation& operation) { return operation.epoch >= 0; });
  }

  const Timeline& timeline_;
  const Result& result_;
  const bool has_pairs_;
  std::vector<std::vector<Lane>> parts_;
  std::int64_t width_ = kLeastPlotWidth;
  std::int64_t y_ = 0;  ///< where the next thing goes
};

}  // namespace

std::string timeline_svg(const Timeline& timeline, const Result& result) {
  return Chart(timeline, result).svg();
}

}  // namespace tilewright
