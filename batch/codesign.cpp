#include "batch/codesign.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

#include <fmt/format.h>

#include "batch/tables.h"
#include "common/error.h"
#include "common/numbers.h"
#include "common/text.h"
#include "report/number_text.h"
#include "report/text_table.h"

namespace tilewright {
namespace {

constexpr std::array<std::string_view, 4> kAxes{"latency", "energy", "traffic", "l1"};
constexpr std::string_view kL1Key = "memory.l1.capacity_kib";

/// Geometric mean of a figure over the workloads.
struct Mean {
  double logs = 0;
  std::int64_t count = 0;

  void add(double value) {
    logs += std::log(value);
    ++count;
  }
  double value() const { return std::exp(logs / static_cast<double>(count)); }
};

/// A profile with the best of every workload on it.
struct Profile {
  std::string name;
  std::string base;
  std::map<std::string, std::string> figures;  ///< the swept ones
  double l1_bytes = 0;
  std::map<std::string, double> best;  ///< objective by workload
  bool complete = true;                ///< every workload has a tiling
  Mean latency;
  Mean energy;
  Mean traffic;
};

std::string known_objective(const Store& store, std::string_view objective) {
  std::vector<std::string> known;
  store.for_each([&](const StoredCase& item) {
    if (std::find(known.begin(), known.end(), item.objective) == known.end()) {
      known.push_back(item.objective);
    }
  });
  if (known.empty()) {
    throw InputError("the store has no cases");
  }
  if (objective.empty()) {
    return known.front();
  }
  if (std::find(known.begin(), known.end(), objective) == known.end()) {
    throw InputError(fmt::format("--objective: the job has no '{}'{}", printable(objective),
                                 suggestion(objective, known)));
  }
  return std::string(objective);
}

void add_best(Profile& profile, const StoredCase& best) {
  const Cost& cost = best.outcome->cost;
  profile.best[best.workload] = objective_value(best);
  profile.latency.add(latency_us(best));
  profile.energy.add(static_cast<double>(cost.energy_fj));
  profile.traffic.add(static_cast<double>(cost.dram_read_bytes) +
                      static_cast<double>(cost.dram_write_bytes));
}

std::vector<Profile> load_profiles(const Store& store, const std::string& objective) {
  std::vector<Profile> profiles;
  for_each_group(store, [&](const CaseGroup& group) {
    if (group.first().objective != objective) return;
    if (profiles.empty() || profiles.back().name != group.first().hw) {
      Profile profile;
      profile.name = profile.base = group.first().hw;
      profile.l1_bytes = static_cast<double>(group.first().l1_capacity_bytes);
      profiles.push_back(std::move(profile));
    }
    const StoredCase* const best = group.best();
    profiles.back().complete = profiles.back().complete && best != nullptr;
    if (best != nullptr) add_best(profiles.back(), *best);
  });
  std::map<std::string, Profile*> by_name;
  for (Profile& profile : profiles) by_name[profile.name] = &profile;
  for (const Store::ProfileFigure& figure : store.swept_figures()) {
    const auto found = by_name.find(figure.hw);
    if (found == by_name.end()) continue;
    found->second->base = figure.base;
    found->second->figures[figure.key] = figure.value;
  }
  return profiles;
}

/// The profile but for one swept figure, as text: equal for all of a family.
std::string family_of(const Profile& profile, const std::string& key) {
  std::string text = profile.base;
  for (const auto& [name, value] : profile.figures) {
    if (name != key) text += fmt::format(" {}={}", name, value);
  }
  return text;
}

double number_of(const std::string& text) {
  return std::strtod(text.c_str(), nullptr);
}

bool is_number(const std::string& text) {
  const NumberProblem problem = parse_decimal(text, 1).problem;
  return problem != NumberProblem::kNotANumber && problem != NumberProblem::kNotFinite;
}

/// Families by name, each by ascending value of the figure.
std::map<std::string, std::vector<const Profile*>> families(const std::vector<Profile>& profiles,
                                                            const std::string& key) {
  std::map<std::string, std::vector<const Profile*>> families;
  for (const Profile& profile : profiles) {
    if (profile.figures.contains(key)) families[family_of(profile, key)].push_back(&profile);
  }
  for (auto& [name, members] : families) {
    std::stable_sort(members.begin(), members.end(), [&](const Profile* a, const Profile* b) {
      return number_of(a->figures.at(key)) < number_of(b->figures.at(key));
    });
  }
  return families;
}

std::set<std::string> swept_keys(const std::vector<Profile>& profiles) {
  std::set<std::string> keys;
  for (const Profile& profile : profiles) {
    for (const auto& [key, value] : profile.figures) keys.insert(key);
  }
  return keys;
}

std::string swept_key(const std::vector<Profile>& profiles, std::string_view figure) {
  const std::string wanted(figure == "l1" ? kL1Key : figure);
  const std::set<std::string> keys = swept_keys(profiles);
  std::vector<std::string> names;
  for (const std::string& key : keys) {
    names.push_back(key);
    if (key == wanted || key.ends_with("." + wanted)) return key;
  }
  throw InputError(names.empty() ? "--smallest: the job sweeps no figure"
                                 : fmt::format("--smallest: the job does not sweep '{}'{}",
                                               printable(figure), suggestion(wanted, names)));
}

/// Throws InputError if the figure is swept over what has no order, such as true and false.
void require_numbers(const std::vector<Profile>& profiles, const std::string& key) {
  for (const Profile& profile : profiles) {
    const auto figure = profile.figures.find(key);
    if (figure == profile.figures.end() || is_number(figure->second)) continue;
    throw InputError(
        fmt::format("--smallest: '{}' is swept over '{}', expected a figure with numbers", key,
                    figure->second));
  }
}

std::vector<double> axis_values(const Profile& profile, const std::vector<std::string>& axes) {
  std::vector<double> values;
  values.reserve(axes.size());
  for (const std::string& axis : axes) {
    values.push_back(axis == "l1" ? profile.l1_bytes
                                  : (axis == "energy"
                                         ? profile.energy
                                         : (axis == "traffic" ? profile.traffic : profile.latency))
                                        .value());
  }
  return values;
}

bool betters(const std::vector<double>& a, const std::vector<double>& b) {
  bool smaller = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] > b[i]) return false;
    smaller = smaller || a[i] < b[i];
  }
  return smaller;
}

std::vector<std::string> parse_axes(std::string_view text) {
  std::vector<std::string> axes;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(','));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (std::find(kAxes.begin(), kAxes.end(), word) == kAxes.end()) {
      throw InputError(
          fmt::format("--pareto: '{}' is unknown{}", printable(word), suggestion(word, kAxes)));
    }
    axes.emplace_back(word);
  }
  if (axes.size() < 2) {
    throw InputError(fmt::format("--pareto: expected two or more of {}", join(kAxes)));
  }
  return axes;
}

/// Of the family's members, the first that is near the best for every workload; null if none has
/// all workloads.
const Profile* first_within(const std::vector<const Profile*>& members, double slack) {
  std::map<std::string, double> least;
  for (const Profile* profile : members) {
    for (const auto& [workload, value] : profile->best) {
      const auto [entry, fresh] = least.emplace(workload, value);
      if (!fresh) entry->second = std::min(entry->second, value);
    }
  }
  const auto near = [&](const Profile* profile) {
    return profile->complete && std::all_of(least.begin(), least.end(), [&](const auto& entry) {
             const auto own = profile->best.find(entry.first);
             return own != profile->best.end() && own->second <= entry.second * (1 + slack);
           });
  };
  const auto found = std::find_if(members.begin(), members.end(), near);
  return found == members.end() ? nullptr : *found;
}

/// d ln(objective) / d ln(figure) between two profiles, for every workload that both have.
void add_elasticities(const Profile& a, const Profile& b, const std::string& key,
                      std::vector<double>& elasticities) {
  const double step =
      std::log(number_of(b.figures.at(key))) - std::log(number_of(a.figures.at(key)));
  if (!std::isfinite(step) || step <= 0) return;
  for (const auto& [workload, value] : a.best) {
    const auto other = b.best.find(workload);
    if (other != b.best.end()) {
      elasticities.push_back((std::log(other->second) - std::log(value)) / step);
    }
  }
}

}  // namespace

std::string profile_front(const Store& store, std::string_view axes_text,
                          std::string_view objective_text) {
  const std::vector<std::string> axes = parse_axes(axes_text);
  const std::string objective = known_objective(store, objective_text);
  const std::vector<Profile> profiles = load_profiles(store, objective);
  std::vector<std::pair<std::vector<double>, const Profile*>> all;
  std::size_t incomplete = 0;
  for (const Profile& profile : profiles) {
    if (profile.complete) {
      all.emplace_back(axis_values(profile, axes), &profile);
    } else {
      ++incomplete;
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  TextTable table({{"profile", "", Align::kLeft},
                   {"latency", "geometric mean"},
                   {"energy", "geometric mean"},
                   {"DRAM", "geometric mean"},
                   {"L1", "capacity"}});
  std::vector<std::vector<double>> kept;
  for (const auto& [values, profile] : all) {
    // Only one that comes before can better another one.
    if (std::any_of(kept.begin(), kept.end(),
                    [&values = values](const auto& other) { return betters(other, values); })) {
      continue;
    }
    kept.push_back(values);
    table.add_row({profile->name, latency_text(profile->latency.value()),
                   energy_text(static_cast<Int128>(profile->energy.value())),
                   bytes_text(static_cast<std::int64_t>(profile->traffic.value())),
                   bytes_text(static_cast<std::int64_t>(profile->l1_bytes))});
  }
  std::string text = fmt::format("{} of {} profiles are not bettered in {} (objective {})\n\n",
                                 kept.size(), all.size(), join(axes), objective);
  text += table.render();
  return incomplete == 0 ? text
                         : text + fmt::format(
                                      "\n{} profiles without a tiling for some workload "
                                      "are left out\n",
                                      incomplete);
}

std::string smallest_figure(const Store& store, std::string_view figure, double slack,
                            std::string_view objective_text) {
  const std::string objective = known_objective(store, objective_text);
  const std::vector<Profile> profiles = load_profiles(store, objective);
  const std::string key = swept_key(profiles, figure);
  require_numbers(profiles, key);
  TextTable table({{"profiles", "", Align::kLeft}, {"smallest", key}, {"of", ""}});
  for (const auto& [name, members] : families(profiles, key)) {
    const Profile* const found = first_within(members, slack);
    std::vector<std::string> values;
    for (const Profile* member : members) values.push_back(member->figures.at(key));
    table.add_row({name, found == nullptr ? "none" : found->figures.at(key), join(values)});
  }
  return fmt::format(
      "The smallest {} that keeps every workload within {} % of its best "
      "(objective {})\n\n{}",
      key, fixed(slack * 100, 1), objective, table.render());
}

std::string sensitivity(const Store& store, std::string_view objective_text) {
  const std::string objective = known_objective(store, objective_text);
  const std::vector<Profile> profiles = load_profiles(store, objective);
  TextTable table({{"figure", "", Align::kLeft},
                   {"elasticity", "mean"},
                   {"", "least"},
                   {"", "most"},
                   {"steps", ""}});
  bool empty = true;
  for (const std::string& key : swept_keys(profiles)) {
    std::vector<double> all;
    for (const auto& [name, members] : families(profiles, key)) {
      for (std::size_t i = 1; i < members.size(); ++i) {
        add_elasticities(*members[i - 1], *members[i], key, all);
      }
    }
    if (all.empty()) {
      table.add_row({key, "-", "", "", "0"});
      continue;
    }
    empty = false;
    double sum = 0;
    for (const double value : all) sum += value;
    table.add_row({key, fixed(sum / static_cast<double>(all.size()), 3),
                   fixed(*std::min_element(all.begin(), all.end()), 3),
                   fixed(*std::max_element(all.begin(), all.end()), 3),
                   with_separators(Int128{all.size()})});
  }
  if (empty) {
    throw InputError("--sensitivity: the job sweeps no figure over two or more numbers above 0");
  }
  return fmt::format(
      "Elasticity of {}: by how many percent it changes when a figure grows by one percent\n\n{}",
      objective, table.render());
}

}  // namespace tilewright
