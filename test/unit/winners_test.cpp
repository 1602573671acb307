// Which schedule wins, and the sentence that says why.
#include <catch2/catch.hpp>

#include "report/emit_csv.h"
#include "report/emit_yaml.h"
#include "report/result_document.h"
#include "report/result_reader.h"
#include "report/table.h"
#include "report/winners.h"

namespace tilewright {
namespace {

/// A result whose matrix unit is busy for `matrix` of `cycles`.
Result finished(const std::string& schedule, std::int64_t cycles, std::int64_t matrix) {
  Result result;
  result.hw = "machine";
  result.workload = "a";
  result.schedule = schedule;
  result.variant = "default";
  result.objective = "latency";
  result.strategy = "pruned";
  result.tile_sizes = "all";
  result.proven = true;
  result.clock_hz = 1'000'000'000;
  result.tiling = Tiling{1, 64, 128, true, 2, 0, {}, {}, {16, 16, 64}, {16, 64, 16}};
  result.cost.cycles = cycles;
  result.cost.matrix_busy_cycles = matrix;
  result.cost.matrix_utilization = static_cast<double>(matrix) / static_cast<double>(cycles);
  return result;
}

Result not_fitting(const std::string& schedule) {
  Result result = finished(schedule, 1, 1);
  result.tiling.reset();
  result.shortfall = Shortfall{"L1", 2'000'000, 1'000'000, "S", 1'500'000, Tiling{}};
  return result;
}

ResultSet comparison(std::vector<Result> results) {
  ResultSet set;
  set.results = std::move(results);
  set.list = true;
  set.baseline = set.results.front().schedule;
  return set;
}

Verdict verdict(std::vector<Result> results, const EnergyTable& energy = {}) {
  ResultSet set = comparison(std::move(results));
  set.energy = energy;
  const std::vector<Verdict> list = verdicts(set);
  REQUIRE(list.size() == 1);
  return list.front();
}

void move(Result& result, std::int64_t read, std::int64_t load_cycles, Bottleneck bottleneck) {
  result.cost.dram_read_bytes = read;
  result.cost.load_busy_cycles = load_cycles;
  result.cost.bottleneck = bottleneck;
}

}  // namespace

TEST_CASE("who keeps the limiting queue busier wins by that", "[unit]") {
  Result flat = finished("flat", 1500, 970);
  flat.cost.vector_busy_cycles = 500;
  flat.cost.vector_utilization = 500.0 / 1500;
  const Verdict found = verdict({flat, finished("mas", 1000, 970), finished("layerwise", 9000, 1)});
  CHECK(found.winners == std::vector<std::string>{"mas"});
  CHECK(found.next == "flat");
  CHECK(found.ratio == Approx(1.5));
  CHECK(found.reason == WinReason::kBusier);
  CHECK(found.why == "matrix unit 97.0 % busy (flat: 64.7 %, waits for softmax)");
}

TEST_CASE("one stream after the other is said where the next one is serial", "[unit]") {
  Result flat = finished("flat", 1500, 970);
  flat.variant = "serial";
  CHECK(verdict({flat, finished("mas", 1000, 970)}).why ==
        "matrix unit 97.0 % busy (flat: 64.7 %, one operation at a time)");
}

TEST_CASE("who has less to do on the limiting queue wins by that", "[unit]") {
  const Verdict found = verdict({finished("flat", 1000, 990), finished("mas", 800, 790)});
  CHECK(found.reason == WinReason::kLessWork);
  CHECK(found.why == "20.2 % less work for the matrix unit");
}

TEST_CASE("whose rival is held up by transfers wins by less traffic", "[unit]") {
  Result flat = finished("flat", 1000, 900);
  Result mas = finished("mas", 3000, 900);
  move(flat, 12 << 20, 400, Bottleneck::kMatrix);
  move(mas, 31 << 20, 2900, Bottleneck::kLoad);
  const Verdict found = verdict({flat, mas});
  CHECK(found.reason == WinReason::kLessTraffic);
  CHECK(found.why == "less traffic: 12.0 MiB against 31.0 MiB");

  move(mas, 12 << 20, 2900, Bottleneck::kLoad);
  CHECK(verdict({flat, mas}).why == "matrix unit 90.0 % busy (mas: 30.0 %, waits for DRAM)");
}

TEST_CASE("ties, small leads and lonely winners are called so", "[unit]") {
  const Result flat = finished("flat", 100'000, 90'000);
  const Result mas = finished("mas", 100'000, 90'000);
  const Verdict tie = verdict({flat, mas});
  CHECK(tie.winners == std::vector<std::string>{"flat", "mas"});
  CHECK(tie.next.empty());
  CHECK(tie.why == "equal");
  const Verdict two = verdict({flat, mas, finished("flash2", 200'000, 90'000)});
  CHECK(two.winners.size() == 2);
  CHECK(two.next == "flash2");
  CHECK(two.why == "matrix unit 90.0 % busy (flash2: 45.0 %)");
  CHECK(verdict({flat, finished("mas", 99'999, 90'000)}).why == "nearly equal");
  CHECK(verdict({flat, not_fitting("mas")}).why == "the only one with a tiling that fits");
  const Verdict none = verdict({not_fitting("flat"), not_fitting("mas")});
  CHECK(none.winners.empty());
  CHECK(none.why == "no schedule has a tiling that fits");
}

TEST_CASE("a workload that only one schedule runs has a winner, one schedule alone has none",
          "[unit]") {
  Result other = finished("mas", 1000, 900);
  other.workload = "b";
  const ResultSet set = comparison({finished("flat", 1000, 900), finished("mas", 500, 450), other});
  REQUIRE(verdicts(set).size() == 2);
  CHECK(verdicts(set)[1].why == "the only one compared");
  CHECK(verdicts(comparison({finished("flat", 1000, 900)})).empty());
}

TEST_CASE("the part of energy that saves most is named", "[unit]") {
  Result flat = finished("flat", 1000, 900);
  Result mas = finished("mas", 900, 800);
  flat.objective = mas.objective = "energy";
  const EnergyTable table{0, 0, 1, 10, 100, 1000};
  const auto set_energy = [&](Result& result, std::int64_t l1, std::int64_t read) {
    result.cost.l1_access_bytes = l1;
    result.cost.dram_read_bytes = read;
    result.cost.energy_fj = Int128{l1} * 10 + Int128{read} * 100 + result.cost.cycles * 1000 + 7;
  };
  set_energy(flat, 2048, 4096);
  set_energy(mas, 1024, 4096);
  CHECK(verdict({flat, mas}, table).why == "less static energy: 900 cycles against 1,000");
  set_energy(mas, 1024, 2048);
  CHECK(verdict({flat, mas}, table).why == "less traffic: 2.00 KiB against 4.00 KiB");
  set_energy(flat, 65536, 4096);
  CHECK(verdict({flat, mas}, table).why == "less to and from L1: 1.00 KiB against 64.0 KiB");
}

TEST_CASE("every output says who wins and why", "[unit]") {
  const ResultSet set =
      comparison({finished("flat", 1500, 900), finished("mas", 1000, 900), not_fitting("flash2")});
  const Document document = result_document(set, "1.2.3");
  CHECK_FALSE(document["results"][0].contains("wins"));
  const Document& wins = document["results"][1]["wins"];
  CHECK(wins["over"] == "flat");
  CHECK(wins["ratio"] == 1.5);
  CHECK(wins["reason"] == "busier");
  CHECK(wins["why"] == "matrix unit 90.0 % busy (flat: 60.0 %)");
  CHECK(emit_csv(document).find(",flat,1.5,busier,matrix unit 90.0 % busy (flat: 60.0 %),") !=
        std::string::npos);
  CHECK(parse_results(emit_yaml(document), "r.yaml").size() == 3);
  CHECK(cost_table(set).find("a         mas   flat      1.500x  matrix unit 90.0 % busy "
                             "(flat: 60.0 %)\n") != std::string::npos);
}

}  // namespace tilewright
