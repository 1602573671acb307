#include "report/proof_text.h"

#include <fmt/format.h>

#include "report/names.h"
#include "report/number_text.h"
#include "report/result_document.h"
#include "report/result_set.h"
#include "report/result_text.h"

namespace tilewright {
namespace {

std::string differs(std::string_view key, std::string_view in_file, std::string_view found) {
  return fmt::format("{} is {} in the file, expected {}", key, in_file, found);
}

/// The counts must cover the space. That nothing fits may be known without: from the smallest
/// candidate.
std::string count_contradiction(const StoredResult& stored, Int128 space) {
  if (!stored.search) return "";
  const StoredSearch& search = *stored.search;
  if (search.space != space) {
    return differs("search.space", decimal(search.space), decimal(space));
  }
  if (!search.certificate) return stored.proven ? "search.certificate is missing" : "";
  const StoredCertificate& certificate = *search.certificate;
  if (certificate.evaluated != search.evaluated) {
    return differs("search.certificate.evaluated", decimal(certificate.evaluated),
                   decimal(search.evaluated));
  }
  const Int128 excluded = certificate.excluded.total();
  if (excluded != search.pruned) {
    return differs("search.pruned", decimal(search.pruned),
                   decimal(excluded) + " as the rules of the certificate exclude");
  }
  if (excluded + search.evaluated != space) {
    return fmt::format("the certificate covers {} candidates, and the space has {}",
                       decimal(excluded + search.evaluated), decimal(space));
  }
  return "";
}

std::string tiling_contradiction(const Tiling& in_file, const Tiling& found) {
  for (const auto& [key, a, b] : {std::tuple{"tiling.l0.qk", in_file.l0_qk, found.l0_qk},
                                  std::tuple{"tiling.l0.pv", in_file.l0_pv, found.l0_pv}}) {
    if (a != b) return differs(key, l0_text(a), l0_text(b));
  }
  return "";
}

std::string cost_contradiction(const StoredCost& in_file, const Document& found) {
  for (const auto& [key, value] : in_file.counts) {
    if (!found.contains(key)) continue;  // the overlap of a front's points is not looked at
    const auto expected = found.at(key).get<std::int64_t>();
    if (value != expected) {
      return differs("cost." + key, decimal(value), decimal(expected));
    }
  }
  for (const auto& [key, value] : in_file.figures) {
    const auto expected = found.at(key).get<double>();
    if (value != expected) {
      return differs("cost." + key, fmt::format("{}", value), fmt::format("{}", expected));
    }
  }
  const auto bottleneck = found.at("bottleneck").get<std::string>();
  return in_file.bottleneck == bottleneck
             ? ""
             : differs("cost.bottleneck", in_file.bottleneck, bottleneck);
}

std::string bound_contradiction(const StoredSearch& search, const Wide& objective) {
  const std::string bound = decimal(objective);
  if (search.certificate->bound != bound) {
    return differs("search.certificate.bound", search.certificate->bound, bound);
  }
  return search.lower_bound == objective.to_double()
             ? ""
             : differs("search.lower_bound", fmt::format("{}", search.lower_bound), bound);
}

std::string objective_text(const CostedTiling& costed, const std::string& objective) {
  const Wide value = exact_objective(costed.cost, objective);
  constexpr Wide kShort{0, 10'000'000'000'000'000U};
  return fmt::format("{} {}",
                     value < kShort ? with_separators(static_cast<Int128>(value.low))
                                    : fmt::format("{:.6e}", value.to_double()),
                     objective_unit(objective));
}

std::string refuted_text(const StoredResult& stored, const ProofChecker& checker,
                         const CostedTiling& better) {
  const std::string text = "refuted: " + factor_list(better.tiling);
  if (checker.claimed().empty()) return text + " fits";
  if (is_front(stored.objective)) {
    return fmt::format("{} ({} cycles, {}, {} of L1) is covered by no point of the front", text,
                       with_separators(better.cost.cycles), energy_text(better.cost.energy_fj),
                       bytes_text(better.cost.l1_peak_bytes));
  }
  const std::string own = objective_text(better, stored.objective);
  const std::string claimed = objective_text(checker.claimed().front(), stored.objective);
  return fmt::format("{} has {}{}", text, own,
                     claimed == own ? ", as it has, and ranks before it" : ", it has " + claimed);
}

/// Of one tiling of the file and the same evaluated again.
std::string costed_contradiction(const Tiling& tiling, const StoredCost& cost,
                                 const CostedTiling& found, const ProofChecker& checker) {
  const std::string text = tiling_contradiction(tiling, found.tiling);
  return text.empty() ? cost_contradiction(
                            cost, cost_node(found.cost, checker.clock_hz(), !checker.is_of_front()))
                      : text;
}

std::string front_contradiction(const StoredResult& stored, const ProofChecker& checker) {
  bool has_knee = false;
  for (std::size_t i = 0; i < stored.front.size(); ++i) {
    const StoredPoint& point = stored.front[i];
    const std::string text =
        costed_contradiction(point.tiling, point.cost, checker.claimed()[i], checker);
    if (!text.empty()) return fmt::format("front[{}].{}", i, text);
    has_knee = has_knee || (point.tiling == *stored.tiling && point.cost == stored.cost);
  }
  if (!has_knee) return "its tiling and cost are those of no point of the front";
  return checker.has_idle_points() ? "a point of the front covers another one" : "";
}

}  // namespace

std::vector<ClaimedTiling> claimed_tilings(const StoredResult& stored) {
  std::vector<ClaimedTiling> tilings;
  for (const StoredPoint& point : stored.front) {
    tilings.push_back({point.tiling, point.l0_objective});
  }
  if (tilings.empty() && stored.tiling) tilings.push_back({*stored.tiling, stored.objective});
  return tilings;
}

std::string contradiction(const StoredResult& stored, const ProofChecker& checker) {
  std::string counts = count_contradiction(stored, checker.space());
  if (!counts.empty() || !stored.tiling) return counts;
  if (!checker.no_candidate().empty()) return checker.no_candidate();
  if (!stored.front.empty()) return front_contradiction(stored, checker);
  const CostedTiling& claimed = checker.claimed().front();
  std::string text = costed_contradiction(*stored.tiling, stored.cost, claimed, checker);
  if (!text.empty() || !stored.search) return text;
  return bound_contradiction(*stored.search, exact_objective(claimed.cost, stored.objective));
}

std::string verdict_text(const StoredResult& stored, const ProofChecker& checker,
                         const ProofSurvey& survey) {
  if (survey.better) return refuted_text(stored, checker, *survey.better);
  const std::string seconds = duration_text(survey.seconds);
  if (survey.covered != checker.space()) {
    return fmt::format("interrupted: nothing better among {} of {} candidates, {}",
                       with_separators(survey.covered), with_separators(checker.space()), seconds);
  }
  const std::string how =
      survey.method == ProofMethod::kEnumerate
          ? "each evaluated"
          : fmt::format("{} evaluated, the rest in {} blocks", with_separators(survey.evaluated),
                        with_separators(survey.blocks));
  const std::string_view what = !stored.tiling         ? "fits"
                                : stored.front.empty() ? "ranks before it"
                                                       : "is outside of the front";
  return fmt::format("verified: none of {} candidates {} ({}, {})",
                     with_separators(checker.space()), what, how, seconds);
}

}  // namespace tilewright
