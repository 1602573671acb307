// tilewright verify-proof: re-checks the proofs of a result file.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <memory>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/exit_status.h"
#include "cli/interrupt.h"
#include "cli/result_case.h"
#include "common/error.h"
#include "proof/proof.h"
#include "report/number_text.h"
#include "report/proof_text.h"
#include "report/result_text.h"

namespace tilewright::cli {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  tilewright tune --hw mas-edge --workload mas12 --schedule mas -o best.yaml\n"
    "  tilewright verify-proof best.yaml\n"
    "  tilewright verify-proof best.yaml --method blocks --threads 2\n"
    "  tilewright verify-proof mine.yaml --hw my_npu.yaml --workload my_shapes.yaml\n"
    "  tilewright verify-proof night/tilings.yaml --pick hw=mas-edge,workload=bert-base\n";

struct VerifyArguments {
  ResultArguments stored;
  std::string method = "auto";
  SurveyOptions survey;
  bool quiet = false;
};

/// A bar on a terminal, else a line now and then.
class Progress {
 public:
  Progress(std::string what, Int128 space, bool quiet)
      : what_(std::move(what)), space_(space), quiet_(quiet), bar_(kPercent, quiet) {}

  void show(Int128 covered) {
    const auto percent = static_cast<std::size_t>(covered * kPercent / space_);
    bar_.show(percent, fmt::format("% of {} candidates, {}", approximate_count(space_), what_));
    const auto now = std::chrono::steady_clock::now();
    if (quiet_ || bar_.drawn() || now < next_) return;
    next_ = now + kPause;
    write_message(fmt::format("{}: {} of {} candidates so far", what_, with_separators(covered),
                              with_separators(space_)));
  }

 private:
  static constexpr std::size_t kPercent = 100;
  static constexpr std::chrono::seconds kPause{10};

  std::string what_;
  Int128 space_;
  bool quiet_;
  ProgressBar bar_;
  std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::now() + kPause;
};

enum class Verdict { kVerified, kRefuted, kSkipped, kInterrupted };

struct Checked {
  Verdict verdict = Verdict::kSkipped;
  std::string text;
};

Checked checked(const ResultCase& item, const VerifyArguments& arguments) {
  const StoredResult& stored = item.stored;
  if (!stored.proven && !stored.nothing_fits) return {Verdict::kSkipped, "not proven, skipped"};
  const ProofQuestion question{stored.schedule, stored.variant, stored.objective, stored.tile_sizes,
                               stored.pins};
  const ProofChecker checker(item.hardware, item.workload, question, claimed_tilings(stored));
  if (const std::string text = contradiction(stored, checker); !text.empty()) {
    return {Verdict::kRefuted, "refuted: " + text};
  }
  Progress progress(fmt::format("{}, {}", stored.workload, stored.schedule), checker.space(),
                    arguments.quiet);
  SurveyOptions options = arguments.survey;
  options.on_covered = [&progress](Int128 covered) { progress.show(covered); };
  const ProofSurvey survey = checker.survey(options);
  const Verdict verdict = survey.better                       ? Verdict::kRefuted
                          : survey.covered == checker.space() ? Verdict::kVerified
                                                              : Verdict::kInterrupted;
  return {verdict, verdict_text(stored, checker, survey)};
}

ProofMethod parse_method(const std::string& text) {
  const std::vector<std::string> known{"auto", "enumerate", "blocks"};
  require_known("--method", text, known);
  if (text == "auto") return ProofMethod::kAuto;
  return text == "blocks" ? ProofMethod::kBlocks : ProofMethod::kEnumerate;
}

/// Says also on which profile it is checked, where --hw is another one, and what was sought, where
/// the file has several of it.
std::string name_of(const ResultCase& item, bool with_objective) {
  const StoredResult& stored = item.stored;
  Result result;
  result.workload = stored.workload;
  result.hw = stored.hw;
  result.schedule = stored.schedule;
  result.variant = stored.variant;
  std::string text = case_text(result);
  if (with_objective) text += ", " + stored.objective;
  return item.hardware.name == stored.hw
             ? text
             : fmt::format("{}, checked on {}", text, item.hardware.name);
}

bool has_several_objectives(const std::vector<ResultCase>& cases) {
  return std::any_of(cases.begin(), cases.end(), [&cases](const ResultCase& item) {
    return item.stored.objective != cases.front().stored.objective;
  });
}

int run_verify_proof(VerifyArguments arguments) {
  arguments.survey.method = parse_method(arguments.method);
  const std::vector<ResultCase> cases = result_cases(arguments.stored, Wanted::kAll);
  const bool with_objective = has_several_objectives(cases);
  const std::atomic<bool>& stop = catch_interrupts();
  arguments.survey.stop = &stop;
  bool refuted = false;
  std::size_t done = 0;
  for (const ResultCase& item : cases) {
    if (stop) break;
    const Checked result = checked(item, arguments);
    write_stdout(fmt::format("{}: {}\n", name_of(item, with_objective), result.text));
    refuted = refuted || result.verdict == Verdict::kRefuted;
    done += result.verdict == Verdict::kInterrupted ? 0 : 1;
  }
  if (done < cases.size()) {
    write_message(fmt::format("interrupted; {} of {} results checked", done, cases.size()));
    return kInterrupted;
  }
  return refuted ? kCheckFailed : kDone;
}

}  // namespace

void add_verify_proof_command(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<VerifyArguments>();
  CLI::App* const command = app.add_subcommand(
      "verify-proof", "Check again that proven results are the best of their spaces");
  add_result_options(*command, arguments->stored,
                     "Result file, or table of a batch; all proven results in it are checked");
  command
      ->add_option("--method", arguments->method,
                   "enumerate: evaluate every candidate; blocks: bounds cover what they can; auto "
                   "(the default): enumerate up to 1e10 candidates")
      ->type_name("NAME");
  command
      ->add_option_function<std::string>(
          "--threads",
          [arguments](const std::string& text) {
            arguments->survey.threads = static_cast<int>(parse_count("--threads", text, kThreads));
          },
          "Threads to use; all if not given. The verdict does not depend on it")
      ->type_name("N");
  command->add_flag("--quiet", arguments->quiet, "No progress");
  command->footer(kExamples);
  command->callback(
      [&action, arguments] { action = [arguments] { return run_verify_proof(*arguments); }; });
}

}  // namespace tilewright::cli
