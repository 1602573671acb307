#include "batch/cases.h"

#include <fnmatch.h>
#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <system_error>

#include <fmt/format.h>
#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid_io.hpp>

#include "common/error.h"
#include "common/text.h"
#include "hw_profiles/hardware_yaml.h"
#include "schedules/schedule.h"
#include "schedules/workload_text.h"
#include "schedules/workload_yaml.h"

namespace tilewright {
namespace {

constexpr std::size_t kMostProfiles = 200'000;

bool is_glob(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

std::string below(const std::string& folder, const std::string& path) {
  return path.starts_with('/') || !looks_like_path(path) ? path : folder + path;
}

/// The files that fit a pattern, sorted. Throws InputError if there is none, FileError if a folder
/// cannot be read.
std::vector<std::string> files_of(const std::string& pattern) {
  // glob() takes a function without data of its own.
  static thread_local std::string trouble;
  const auto note = [](const char* folder, int error) {
    trouble = fmt::format("{}: cannot read: {}", folder, std::generic_category().message(error));
    return error == ENOENT ? 0 : 1;  // 1 ends it; what is not there fits nothing
  };
  glob_t found{};
  const int status = ::glob(pattern.c_str(), 0, note, &found);
  std::vector<std::string> files(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  if (status == GLOB_ABORTED) {
    throw FileError(trouble);
  }
  if (status != 0 || files.empty()) {
    throw InputError(fmt::format("'{}' fits no file", printable(pattern)));
  }
  return files;
}

/// What a pattern of a job stands for: bundled names, or paths.
std::vector<std::string> names_of(const std::string& pattern, const std::string& folder,
                                  const std::vector<std::string>& bundled) {
  if (!is_glob(pattern)) {
    return {below(folder, pattern)};
  }
  if (looks_like_path(pattern)) {
    return files_of(below(folder, pattern));
  }
  std::vector<std::string> names;
  std::copy_if(bundled.begin(), bundled.end(), std::back_inserter(names),
               [&](const auto& name) { return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0; });
  if (names.empty()) {
    throw InputError(fmt::format("'{}' fits none of {}", printable(pattern), join(bundled)));
  }
  return names;
}

std::string digest(const std::string& text) {
  static const boost::uuids::name_generator_sha1 generator{boost::uuids::ns::oid()};
  return boost::uuids::to_string(generator(text));
}

std::string inputs_of(const Hardware& hardware) {
  std::string text;
  for (const FigureSource& figure : hardware.sources) {
    text += fmt::format("{}={};", figure.key, figure.value);
  }
  return text;
}

std::string inputs_of(Workload workload) {
  workload.name = "w";
  workload.place.clear();
  return suite_text({"s", "", {std::move(workload)}});
}

/// "capacity_kib", or the whole key where another swept one ends alike.
std::string short_key(const std::vector<Sweep>& sweeps, const std::string& key) {
  const auto last = [](const std::string& text) { return text.substr(text.rfind('.') + 1); };
  const auto alike = std::count_if(sweeps.begin(), sweeps.end(), [&](const Sweep& sweep) {
    return last(sweep.key) == last(key);
  });
  return alike > 1 ? key : last(key);
}

void check_size(const std::string& name, const std::vector<Sweep>& sweeps, std::size_t others) {
  std::size_t profiles = 1;
  for (const Sweep& sweep : sweeps) {
    profiles *= sweep.values.size();
    if (others + profiles > kMostProfiles) {
      throw InputError(fmt::format("{}: its sweep makes more than {} profiles in the job", name,
                                   with_thousands(kMostProfiles)));
    }
  }
}

/// Moves to the next combination of values; false after the last one.
bool advance(const std::vector<Sweep>& sweeps, std::vector<std::size_t>& at) {
  for (std::size_t i = sweeps.size(); i-- > 0;) {
    if (++at[i] < sweeps[i].values.size()) {
      return true;
    }
    at[i] = 0;
  }
  return false;
}

bool fits_pattern(const std::string& pattern, std::string_view name) {
  return pattern.empty() || ::fnmatch(pattern.c_str(), std::string(name).c_str(), 0) == 0;
}

}  // namespace

CaseList::CaseList(const Job& job) : job_(job) {
  for (const HardwareChoice& choice : job_.hardware) {
    load_hardware(choice);
  }
  for (const std::string& pattern : job_.workloads) {
    load_workloads(pattern);
  }
  name_workloads();
  for (const ScheduleChoice& choice : job_.schedules) {
    const Schedule& schedule = find_schedule(choice.name);
    variants_.push_back(choice.variant.empty() ? std::string(schedule.variants().front())
                                               : choice.variant);
  }
  search_inputs_ =
      fmt::format("model={};strategy={};sizes={};time={};evals={};seed={}", kModelVersion,
                  job_.strategy, static_cast<int>(job_.tile_sizes), job_.time_limit_s,
                  job_.max_evals, job_.strategy == "pruned" ? 0 : job_.seed);
}

void CaseList::load_hardware(const HardwareChoice& choice) {
  for (const std::string& name : names_of(choice.pattern, job_.folder, bundled_hardware())) {
    const bool chosen_by_pattern = is_glob(choice.pattern);
    try {
      add_profiles(name, choice);
    } catch (const std::runtime_error& error) {
      if (!chosen_by_pattern) {
        throw;
      }
      HardwareInput input;
      input.name = input.base = name;
      input.error = error.what();
      hardware_.push_back(std::move(input));
    }
  }
}

void CaseList::add_profiles(const std::string& name, const HardwareChoice& choice) {
  const ProfileTemplate profile(name);
  check_size(name, choice.sweeps, hardware_.size());
  std::vector<std::size_t> at(choice.sweeps.size(), 0);
  do {
    HardwareInput input;
    std::vector<FigureOverride> overrides;
    std::string suffix;
    for (std::size_t i = 0; i < at.size(); ++i) {
      const Sweep& sweep = choice.sweeps[i];
      const std::string& value = sweep.values[at[i]];
      overrides.push_back({sweep.key, value});
      input.swept.push_back({sweep.key, value, at[i]});
      suffix +=
          fmt::format("{}{}={}", i == 0 ? "@" : "+", short_key(choice.sweeps, sweep.key), value);
    }
    input.hardware = profile.with(overrides);
    input.base = input.hardware.name;
    input.name = input.base + suffix;
    input.inputs = digest(inputs_of(input.hardware));
    input.hardware.sources = std::vector<FigureSource>();
    if (!names_.insert(input.name).second) {
      throw InputError(fmt::format("{}: the profile's name '{}' is taken by another one of the job",
                                   name, input.name));
    }
    hardware_.push_back(std::move(input));
  } while (advance(choice.sweeps, at));
}

void CaseList::load_workloads(const std::string& pattern) {
  for (const std::string& name : names_of(pattern, job_.folder, bundled_suites())) {
    try {
      const Suite suite = load_suite(name);
      for (const Workload& workload : suite.workloads) {
        workloads_.push_back({suite.name, workload, inputs_of(workload), ""});
      }
    } catch (const std::runtime_error& error) {
      if (!is_glob(pattern)) {
        throw;
      }
      workloads_.push_back({name, {}, "", error.what()});
    }
  }
}

/// A workload goes by its own name; with that of its suite before it where two have the same.
void CaseList::name_workloads() {
  std::map<std::string, int> count;
  for (const WorkloadInput& input : workloads_) {
    ++count[input.workload.name];
  }
  std::map<std::string, int> seen;
  for (WorkloadInput& input : workloads_) {
    if (!input.error.empty()) {
      continue;
    }
    const std::string own = input.workload.name;
    input.name = count[own] > 1 ? input.name + "/" + own : own;
    if (++seen[input.name] > 1) {
      throw InputError(fmt::format("workload '{}' is in the job twice", input.name));
    }
  }
}

bool CaseList::fits(const CaseRule& rule, const Case& item) const {
  return fits_pattern(rule.hw, hardware_[item.hardware].name) &&
         fits_pattern(rule.workload, workloads_[item.workload].name) &&
         fits_pattern(rule.schedule, job_.schedules[item.schedule].name) &&
         fits_pattern(rule.objective, job_.objectives[item.objective]);
}

bool CaseList::is_included(const Case& item) const {
  const auto matches = [&](const CaseRule& rule) { return fits(rule, item); };
  return (job_.include.empty() || std::any_of(job_.include.begin(), job_.include.end(), matches)) &&
         std::none_of(job_.exclude.begin(), job_.exclude.end(), matches);
}

void CaseList::for_each(const std::function<void(const Case&)>& visit) const {
  Case item;
  for (item.hardware = 0; item.hardware < hardware_.size(); ++item.hardware) {
    for (item.workload = 0; item.workload < workloads_.size(); ++item.workload) {
      for (item.objective = 0; item.objective < job_.objectives.size(); ++item.objective) {
        for (item.schedule = 0; item.schedule < job_.schedules.size(); ++item.schedule) {
          if (is_included(item)) {
            visit(item);
          }
        }
      }
    }
  }
}

void CaseList::for_each_by_neighbours(const std::function<void(const Case&)>& visit) const {
  Case item;
  for (item.workload = 0; item.workload < workloads_.size(); ++item.workload) {
    for (item.objective = 0; item.objective < job_.objectives.size(); ++item.objective) {
      for (item.schedule = 0; item.schedule < job_.schedules.size(); ++item.schedule) {
        for (item.hardware = 0; item.hardware < hardware_.size(); ++item.hardware) {
          if (is_included(item)) {
            visit(item);
          }
        }
      }
    }
  }
}

std::size_t CaseList::count() const {
  std::size_t count = 0;
  for_each([&](const Case&) { ++count; });
  return count;
}

std::string CaseList::key(const Case& item) const {
  const HardwareInput& hardware = hardware_[item.hardware];
  const WorkloadInput& workload = workloads_[item.workload];
  // What cannot be used is told apart by its name.
  const std::string text = fmt::format(
      "{}\n{}\n{}\n{}\n{}\n{}", search_inputs_,
      hardware.error.empty() ? hardware.inputs : hardware.name + hardware.error,
      workload.error.empty() ? workload.inputs : workload.name + workload.error,
      job_.schedules[item.schedule].name, variant(item), job_.objectives[item.objective]);
  return digest(text);
}

TuneOptions CaseList::options(const Case& item) const {
  TuneOptions options;
  options.strategy = job_.strategy;
  options.objective = job_.objectives[item.objective];
  options.variant = variant(item);
  options.tile_sizes = job_.tile_sizes;
  options.seed = job_.seed;
  options.time_limit_s = job_.time_limit_s;
  options.max_evals = job_.max_evals;
  return options;
}

}  // namespace tilewright
