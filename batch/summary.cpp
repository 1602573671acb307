// What came out of a batch, for people.
#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "batch/tables.h"
#include "report/number_text.h"
#include "report/text_table.h"

namespace tilewright {
namespace {

constexpr std::size_t kMostListed = 10;

/// Sums of logarithms, for geometric means.
struct Ratios {
  double logs = 0;
  std::int64_t count = 0;
  double least = 0;
  double most = 0;

  void add(double ratio) {
    logs += std::log(ratio);
    least = count == 0 ? ratio : std::min(least, ratio);
    most = count == 0 ? ratio : std::max(most, ratio);
    ++count;
  }
  double mean() const { return count == 0 ? 1 : std::exp(logs / static_cast<double>(count)); }
};

struct ScheduleCount {
  std::string schedule;
  std::int64_t solved = 0;
  std::int64_t proven = 0;
  std::int64_t wins = 0;
  Ratios gain{};  ///< over the baseline
};

class Summary {
 public:
  explicit Summary(const Store& store) : baseline_(store.baseline()) {
    for_each_group(store, [this](const CaseGroup& group) { add(group); });
  }

  std::string text(const std::string& job) const {
    std::string text = fmt::format("Job '{}': {}", job, count_text(Int128{cases_}, "case"));
    for (const auto& [status, count] : statuses_) {
      text += fmt::format(", {} {}", with_separators(Int128{count}), status);
    }
    text += "\n\n" + schedule_table();
    return text + listed("without a tiling", infeasible_, infeasible_count_) +
           listed("failed", failures_, failure_count_);
  }

 private:
  ScheduleCount& of(const std::string& schedule) {
    const auto found =
        std::find_if(schedules_.begin(), schedules_.end(),
                     [&](const ScheduleCount& known) { return known.schedule == schedule; });
    return found != schedules_.end() ? *found
                                     : schedules_.emplace_back(ScheduleCount{.schedule = schedule});
  }

  void add(const CaseGroup& group) {
    const StoredCase* const best = group.best();
    const StoredCase* const baseline = group.solved(baseline_);
    for (const StoredCase& item : group.cases) {
      ++cases_;
      ++statuses_[item.outcome ? std::string(status_name(item.outcome->status)) : "open"];
      ScheduleCount& count = of(group.label(item));
      if (item.outcome && item.outcome->status == CaseStatus::kSolved) {
        ++count.solved;
        count.proven += item.outcome->proven ? 1 : 0;
        count.wins += &item == best ? 1 : 0;
        if (baseline != nullptr) count.gain.add(objective_value(*baseline) / objective_value(item));
      } else if (item.outcome) {
        note(item);
      }
    }
  }

  void note(const StoredCase& item) {
    const bool failed = item.outcome->status == CaseStatus::kFailed;
    std::vector<std::string>& list = failed ? failures_ : infeasible_;
    ++(failed ? failure_count_ : infeasible_count_);
    if (list.size() < kMostListed) {
      list.push_back(fmt::format("{} on {}, schedule {}: {}", item.workload, item.hw, item.schedule,
                                 item.outcome->message));
    }
  }

  std::string schedule_table() const {
    TextTable table({{"schedule", "", Align::kLeft},
                     {"solved", ""},
                     {"proven", ""},
                     {"best", ""},
                     {"against " + baseline_, "geometric mean"},
                     {"", "from"},
                     {"", "to"}});
    for (const ScheduleCount& count : schedules_) {
      const bool compared = count.gain.count > 0;
      table.add_row({count.schedule, with_separators(Int128{count.solved}),
                     with_separators(Int128{count.proven}), with_separators(Int128{count.wins}),
                     compared ? fixed(count.gain.mean(), 3) + "x" : "-",
                     compared ? fixed(count.gain.least, 3) + "x" : "",
                     compared ? fixed(count.gain.most, 3) + "x" : ""});
    }
    return table.render();
  }

  static std::string listed(std::string_view what, const std::vector<std::string>& lines,
                            std::int64_t count) {
    if (lines.empty()) return "";
    std::string text = fmt::format("\n{} {}:\n", with_separators(Int128{count}), what);
    for (const std::string& line : lines) text += "  " + line + "\n";
    const auto more = count - static_cast<std::int64_t>(lines.size());
    return more > 0 ? text + fmt::format("  ... and {} more; the CSV table has all\n",
                                         with_separators(Int128{more}))
                    : text;
  }

  std::string baseline_;
  std::int64_t cases_ = 0;
  std::map<std::string, std::int64_t> statuses_;
  std::vector<ScheduleCount> schedules_;
  std::vector<std::string> infeasible_;
  std::vector<std::string> failures_;
  std::int64_t infeasible_count_ = 0;
  std::int64_t failure_count_ = 0;
};

}  // namespace

bool all_solved(const Store& store) {
  bool solved = true;
  store.for_each([&](const StoredCase& item) {
    solved = solved && item.outcome &&
             (item.outcome->status == CaseStatus::kSolved ||
              item.outcome->status == CaseStatus::kRefused);
  });
  return solved;
}

std::string summary_table(const Store& store) {
  return Summary(store).text(store.job_name());
}

}  // namespace tilewright
