// tilewright batch: many hardware x workload x schedule cases, resumable.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>

#include "batch/folder_lock.h"
#include "batch/job.h"
#include "batch/ranks.h"
#include "batch/runner.h"
#include "batch/store.h"
#include "batch/tables.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/exit_status.h"
#include "cli/interrupt.h"
#include "cli/version.h"
#include "common/error.h"
#include "common/text_file.h"
#include "report/number_text.h"

namespace tilewright::cli {
namespace {

struct BatchArguments {
  std::string job;
  std::string folder;
  bool resume = false;
  bool retune = false;
  bool dry_run = false;
  bool quiet = false;
  int jobs = 0;
};

constexpr const char* kExamples =
    "Examples:\n"
    "  tilewright batch night.yaml --dry-run\n"
    "  tilewright batch night.yaml -o night\n"
    "  tilewright batch night.yaml -o night --resume\n";
constexpr CountRange kJobs{1, 1024};

/// A bar on a terminal, a line now and then in a log: how far, how fast, how long to go.
class BatchProgress {
 public:
  BatchProgress(std::int64_t all, bool quiet)
      : bar_(static_cast<std::size_t>(all), quiet),
        lines_(!quiet && ::isatty(STDERR_FILENO) == 0) {}

  void show(std::int64_t done, std::int64_t all) {
    const auto now = Clock::now();
    const double since = std::chrono::duration<double>(now - shown_).count();
    if (since < (lines_ ? kLineSeconds : kBarSeconds)) return;
    shown_ = now;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double rate = static_cast<double>(done) / seconds;
    const std::string text = fmt::format("{}/s, {} left", fixed(rate, rate < 10 ? 1 : 0),
                                         duration_text(static_cast<double>(all - done) / rate));
    bar_.show(static_cast<std::size_t>(done), text);
    if (lines_) {
      write_message(fmt::format("{} of {} searches, {}", with_separators(Int128{done}),
                                with_separators(Int128{all}), text));
    }
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr double kBarSeconds = 0.2;
  static constexpr double kLineSeconds = 10;
  ProgressBar bar_;
  bool lines_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point shown_ = Clock::now();
};

CaseList load_cases(const BatchArguments& arguments) {
  try {
    return CaseList(parse_job(read_text_file(arguments.job), arguments.job));
  } catch (const InputError& error) {
    const std::string text = error.what();
    throw InputError(text.starts_with(arguments.job) ? text : arguments.job + ": " + text);
  }
}

std::string dry_run_text(const CaseList& cases) {
  std::size_t broken = 0;
  for (const HardwareInput& input : cases.hardware()) broken += input.error.empty() ? 0 : 1;
  for (const WorkloadInput& input : cases.workloads()) broken += input.error.empty() ? 0 : 1;
  std::string text = fmt::format("Job '{}': {} of {}, {}, {}, {}\n", cases.job().name,
                                 count_text(Int128{cases.count()}, "case"),
                                 count_text(Int128{cases.hardware().size()}, "profile"),
                                 count_text(Int128{cases.workloads().size()}, "workload"),
                                 count_text(Int128{cases.schedules().size()}, "schedule"),
                                 count_text(Int128{cases.job().objectives.size()}, "objective"));
  if (broken > 0) text += fmt::format("{} of them cannot be used:\n", broken);
  for (const HardwareInput& input : cases.hardware()) {
    if (!input.error.empty()) text += "  " + input.error + "\n";
  }
  for (const WorkloadInput& input : cases.workloads()) {
    if (!input.error.empty()) text += "  " + input.error + "\n";
  }
  return text + estimate_text(cases);
}

/// Refuses what --resume or --retune should have allowed.
void check_store(const Store& store, const BatchArguments& arguments) {
  if (store.outcome_count() == 0) return;
  const std::optional<int> version = store.model_version();
  if (version != kModelVersion && !arguments.retune) {
    throw InputError(fmt::format(
        "{}: its results are of model version {}, this program has {}; --retune searches all again",
        arguments.folder, version.value_or(0), kModelVersion));
  }
  if (!arguments.resume && !arguments.retune) {
    throw InputError(
        fmt::format("{}: has {}; --resume goes on from there, --retune searches all again",
                    arguments.folder, count_text(Int128{store.outcome_count()}, "result")));
  }
}

void write_tables(const Store& store, const std::string& folder) {
  const auto write = [&](const char* name, const TextProducer& produce) {
    write_text_file_atomically(folder + "/" + name, produce);
  };
  write("tilings.yaml", [&](const TextSink& sink) { write_yaml_table(store, kVersion, sink); });
  write("tilings.json", [&](const TextSink& sink) { write_json_table(store, kVersion, sink); });
  write("cases.csv", [&](const TextSink& sink) { write_csv_table(store, sink); });
  write("summary.txt", [&](const TextSink& sink) { sink(summary_table(store)); });
}

/// Started by mpirun or srun along with others?
bool has_ranks() {
  for (const char* variable : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_SIZE"}) {
    if (std::getenv(variable) != nullptr) return true;
  }
  return false;
}

RunSummary search(const CaseList& cases, Store& store, const BatchArguments& arguments,
                  Ranks* ranks) {
  RunOptions options;
  options.jobs = arguments.jobs > 0 ? arguments.jobs : cases.job().threads;
  options.stop = &catch_interrupts();
  BatchProgress progress(static_cast<std::int64_t>(open_cases(cases, store).size()),
                         arguments.quiet);
  options.progress = [&](std::int64_t done, std::int64_t all) { progress.show(done, all); };
  return ranks == nullptr ? run_cases(cases, store, options) : ranks->run(cases, store, options);
}

/// `ranks`: null without MPI. `go`: called when all is checked and nothing is searched yet.
int run_job(const BatchArguments& arguments, Ranks* ranks, const std::function<void()>& go) {
  const CaseList cases = load_cases(arguments);
  if (arguments.dry_run) {
    write_stdout(dry_run_text(cases));
    return kDone;
  }
  if (arguments.folder.empty()) throw InputError("-o: expected the folder for the results");
  const FolderLock lock(arguments.folder);
  Store store(arguments.folder);
  check_store(store, arguments);
  if (arguments.retune) store.clear_outcomes();
  const std::int64_t changed = store.set_cases(cases);
  if (changed > 0) {
    write_message(fmt::format("note: the inputs of {} have changed, which makes new searches",
                              count_text(Int128{changed}, "case")));
  }
  go();
  const RunSummary run = search(cases, store, arguments, ranks);
  const std::string searches = count_text(Int128{run.searches}, "search", "searches");
  if (run.interrupted) {
    write_message(fmt::format("interrupted after {}; --resume does the rest", searches));
    return kInterrupted;
  }
  write_tables(store, arguments.folder);
  write_message(
      fmt::format("{}, results of {} were there", searches, with_separators(Int128{run.reused})));
  write_stdout(summary_table(store));
  return all_solved(store) ? kDone : kNoTiling;
}

/// The other ranks say nothing unless they alone have trouble.
int serve_job(const BatchArguments& arguments, Ranks& ranks) {
  if (ranks.go(false)) ranks.serve(load_cases(arguments), &catch_interrupts());
  return kDone;
}

/// Once the others search, an error here must end them, too.
int run_ranks(const BatchArguments& arguments) {
  if (arguments.jobs > 0) throw InputError("--jobs: under mpirun every rank searches on one core");
  const std::unique_ptr<Ranks> ranks = join_ranks();
  bool gone = false;
  int trouble = kBadInput;
  try {
    if (ranks->rank() > 0) return serve_job(arguments, *ranks);
    const int status = run_job(arguments, ranks.get(), [&] { gone = ranks->go(true); });
    if (!gone) ranks->go(false);
    return status;
  } catch (const std::exception& error) {
    if (ranks->rank() == 0 && !gone) {
      ranks->go(false);
      throw;
    }
    write_message(fmt::format("rank {}: {}", ranks->rank(), error.what()));
    if (dynamic_cast<const FileError*>(&error) != nullptr) trouble = kFileTrouble;
  }
  ranks->abort(trouble);
  return trouble;
}

int run_batch(const BatchArguments& arguments) {
  return has_ranks() ? run_ranks(arguments) : run_job(arguments, nullptr, [] {});
}

}  // namespace

void add_batch_command(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<BatchArguments>();
  CLI::App* const command =
      app.add_subcommand("batch", "Tune many hardware profiles and workloads; resumable");
  command->add_option("JOB", arguments->job, "Job file (docs/batch.md)")->required()->type_name("");
  command
      ->add_option("-o,--output", arguments->folder,
                   "Folder for the store (results.sqlite) and the tables")
      ->type_name("DIR");
  command->add_flag("--dry-run", arguments->dry_run, "Say what would run, and about how long");
  CLI::Option* const resume =
      command->add_flag("--resume", arguments->resume, "Go on where an earlier run ended");
  command->add_flag("--retune", arguments->retune, "Search all again, whatever the store has")
      ->excludes(resume);
  command
      ->add_option_function<std::string>(
          "--jobs",
          [arguments = arguments.get()](const std::string& text) {
            arguments->jobs = static_cast<int>(parse_count("--jobs", text, kJobs));
          },
          "Searches at once (default: as many as there are cores)")
      ->type_name("N");
  command->add_flag("--quiet", arguments->quiet, "No progress on standard error");
  command->footer(kExamples);
  command->callback(
      [&action, arguments] { action = [arguments] { return run_batch(*arguments); }; });
}

}  // namespace tilewright::cli
