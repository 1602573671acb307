// Reports: numbers, tables and documents of finished results.
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "common/error.h"
#include "report/card.h"
#include "report/emit_csv.h"
#include "report/emit_yaml.h"
#include "report/number_text.h"
#include "report/result_document.h"
#include "report/result_reader.h"
#include "report/result_set.h"
#include "report/result_text.h"
#include "report/table.h"
#include "report/text_table.h"

namespace tilewright {
namespace {

constexpr Int128 kHighest64 = std::numeric_limits<std::int64_t>::max();
constexpr UInt128 kAllBits = ~UInt128{0};

Result finished(const std::string& workload, const std::string& schedule, std::int64_t cycles) {
  Result result;
  result.hw = "machine";
  result.workload = workload;
  result.schedule = schedule;
  result.variant = schedule == "flat" ? "serial" : "two-stream";
  result.objective = "latency";
  result.strategy = "pruned";
  result.seed = 1;
  result.proven = true;
  result.clock_hz = 1'000'000'000;
  result.tiling = Tiling{
      1, 64, 128, true, 2, 1, Overwrite::kKey, CoreSplit::kQuery, {16, 16, 64}, {16, 64, 16}};
  result.cost.cycles = cycles;
  result.cost.energy_fj = 1'500'000'000;
  result.cost.dram_read_bytes = 3072;
  result.cost.dram_write_bytes = 1024;
  result.cost.l1_access_bytes = 9216;
  result.cost.l0_access_bytes = 5120;
  result.cost.l1_peak_bytes = 2048;
  result.cost.matrix_busy_cycles = cycles / 2;
  result.cost.overlap_cycles = cycles / 4;
  result.cost.matrix_utilization = 0.5;
  result.tile_sizes = "all";
  result.search = {1000, 10, {{40, 50, 600, 300, 0}}, 0.0125, static_cast<double>(cycles)};
  return result;
}

Result too_large() {
  Result result = finished("bert", "mas", 1);
  result.tiling.reset();
  result.proven = false;
  result.shortfall = Shortfall{"L1", 2'000'000, 1'000'000, "S", 1'500'000, Tiling{}};
  return result;
}

ResultSet comparison() {
  ResultSet set;
  set.results = {finished("a", "flat", 2000), finished("a", "mas", 1000),
                 finished("b", "flat", 8000), finished("b", "mas", 1000)};
  set.list = true;
  set.baseline = "flat";
  return set;
}

}  // namespace

TEST_CASE("128-bit numbers are written in full", "[unit]") {
  CHECK(decimal(0) == "0");
  CHECK(decimal(-7) == "-7");
  CHECK(decimal(kHighest64 + 1) == "9223372036854775808");
  const auto highest = static_cast<Int128>(kAllBits >> 1U);
  CHECK(decimal(highest) == "170141183460469231731687303715884105727");
  CHECK(decimal(-highest - 1) == "-170141183460469231731687303715884105728");
  CHECK(decimal(Wide{0, 70}) == "70");
  CHECK(decimal(Wide{1, 0}) == "18446744073709551616");
  CHECK(decimal(Wide{kAllBits, std::numeric_limits<std::uint64_t>::max()}) ==
        "6277101735386680763835789423207666416102355444464034512895");
}

TEST_CASE("digits are grouped in threes", "[unit]") {
  CHECK(with_separators(999) == "999");
  CHECK(with_separators(1000) == "1,000");
  CHECK(with_separators(-1234567) == "-1,234,567");
  CHECK(with_separators(kHighest64) == "9,223,372,036,854,775,807");
  CHECK(fixed(1234.56, 1) == "1,234.6");
  CHECK(fixed(-0.01, 1) == "0.0");
  CHECK(fixed(std::nan(""), 1) == "-");
}

TEST_CASE("large counts keep two figures", "[unit]") {
  CHECK(approximate_count(9'999'999) == "9,999,999");
  CHECK(approximate_count(10'000'000) == "1.0e7");
  CHECK(approximate_count(123'456'789) == "1.2e8");
}

TEST_CASE("quantities carry a unit that fits their size", "[unit]") {
  CHECK(bytes_text(1023) == "1023 B");
  CHECK(bytes_text(1536) == "1.50 KiB");
  CHECK(bytes_text(5 * 1024 * 1024) == "5.00 MiB");
  CHECK(energy_text(12'340'000'000) == "12.3 µJ");
  CHECK(energy_text(4'560'000'000'000) == "4.56 mJ");
  CHECK(latency_text(69.9) == "69.9 µs");
  CHECK(latency_text(0.25) == "250 ns");
  CHECK(duration_text(0.0004) == "0.4 ms");
  CHECK(duration_text(0.012) == "12 ms");
  CHECK(duration_text(245) == "4 min 05 s");
}

TEST_CASE("columns align by what a terminal shows, not by bytes", "[unit]") {
  CHECK(display_width("µs") == 2);
  CHECK(display_width("e\xCC\x81") == 1);
  CHECK(display_width("注意") == 4);
  TextTable table({{"name", "", Align::kLeft}, {"time", "µs"}});
  table.add_row({"é", "1.0"});
  table.add_row({"ab", "100.0"});
  CHECK(table.render() ==
        "name   time\n"
        "         µs\n"
        "───────────\n"
        "é       1.0\n"
        "ab    100.0\n");
}

TEST_CASE("the geometric mean of 2 and 8 is 4, of nothing 1", "[unit]") {
  const std::array<double, 2> values{2, 8};
  CHECK(geometric_mean(values) == Approx(4));
  CHECK(geometric_mean({}) == 1);
}

TEST_CASE("ratios refer to the baseline of the same workload", "[unit]") {
  const ResultSet set = comparison();
  CHECK(ratio_to_baseline(set, set.results[1]) == 2.0);
  CHECK(ratio_to_baseline(set, set.results[3]) == 8.0);
  CHECK_FALSE(is_winner(set, set.results[0]));
  CHECK(is_winner(set, set.results[1]));
  const std::vector<MeanRatio> means = mean_ratios(set);
  REQUIRE(means.size() == 2);
  CHECK(means[0].ratio == Approx(1));
  CHECK(means[1].ratio == Approx(4));
  CHECK(means[1].workloads == 2);
}

TEST_CASE("ratios are of the objective, not always of cycles", "[unit]") {
  ResultSet set = comparison();
  for (Result& result : set.results) result.objective = "energy";
  set.results[1].cost.energy_fj *= 3;
  CHECK(ratio_to_baseline(set, set.results[1]) == Approx(1.0 / 3));
  CHECK(is_winner(set, set.results[0]));
}

TEST_CASE("a workload that does not fit has no ratio and is left out of the mean", "[unit]") {
  ResultSet set = comparison();
  set.results[3].tiling.reset();
  CHECK_FALSE(ratio_to_baseline(set, set.results[3]));
  CHECK(mean_ratios(set)[1].ratio == Approx(2));
  CHECK(mean_ratios(set)[1].workloads == 1);
}

TEST_CASE("counts beyond 64 bits are digits in quotes", "[unit]") {
  CHECK(integer_node(kHighest64).dump() == "9223372036854775807");
  CHECK(integer_node(kHighest64 + 1).dump() == "\"9223372036854775808\"");
  const Document document{{"space", integer_node(kHighest64 + 1)}};
  CHECK(emit_yaml(document) == "space: \"9223372036854775808\"\n");
}

TEST_CASE("YAML quotes text that would be read as something else", "[unit]") {
  const auto written = [](const Document& value) { return emit_yaml({{"x", value}}); };
  for (const char* text : {"true", "No", "null", "~", "", "12", "1.5", "-3", ".5", "+.5", "1e3",
                           "0x1F", "2024-01-01", ".inf", "-.INF", ".nan", "-", "--"}) {
    CHECK(written(text) == std::string("x: \"") + text + "\"\n");
  }
  CHECK(written("bert-base") == "x: bert-base\n");
  CHECK(written("a: b") == "x: \"a: b\"\n");
  CHECK(written("# no comment") == "x: \"# no comment\"\n");
  CHECK(written("say \"so\"") == "x: say \"so\"\n");
}

TEST_CASE("YAML numbers are bare and have a point before an exponent", "[unit]") {
  CHECK(emit_yaml({{"x", 12}}) == "x: 12\n");
  CHECK(emit_yaml({{"x", 1e-7}}) == "x: 1.0e-07\n");
  CHECK(emit_yaml({{"x", 0.25}}) == "x: 0.25\n");
  CHECK(emit_yaml({{"x", true}}) == "x: true\n");
  CHECK(emit_yaml({{"x", {1, 2, 3}}}) == "x: [1, 2, 3]\n");
  CHECK(emit_yaml({{"x", Document::array()}}) == "x: []\n");
}

TEST_CASE("CSV fields are quoted as in RFC 4180", "[unit]") {
  CHECK(csv_field("plain") == "plain");
  CHECK(csv_field("a,b") == "\"a,b\"");
  CHECK(csv_field("say \"so\"") == "\"say \"\"so\"\"\"");
  CHECK(csv_field("two\nlines") == "\"two\nlines\"");
}

TEST_CASE("CSV has one header and one line a result", "[unit]") {
  const std::string csv = emit_csv(result_document(comparison(), "1.2.3"));
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 5);
  CHECK(csv.starts_with("hw,workload,schedule,variant,"));
  CHECK(csv.find(
            "\nmachine,a,flat,serial,latency,pruned,1,all,,,true,proven,0.0,1,64,128,true,2,1,k,q,"
            "16x16x64,16x64x16,2000,2.0,1.5,3072,1024,9216,5120,2048,") != std::string::npos);
}

TEST_CASE("every CSV row says whether there is a tiling that fits", "[unit]") {
  ResultSet set;
  set.list = true;
  set.results = {finished("a", "mas", 1000), too_large(), too_large()};
  set.results.back().shortfall.reset();
  set.results.back().interrupted = true;
  const std::string csv = emit_csv(result_document(set, "1.2.3"));
  CHECK(csv.find("\nmachine,a,mas,two-stream,latency,pruned,1,all,,,true,proven,") !=
        std::string::npos);
  CHECK(csv.find("\nmachine,bert,mas,two-stream,latency,pruned,1,all,,,false,,") !=
        std::string::npos);
  CHECK(csv.find("\nmachine,bert,mas,two-stream,latency,pruned,1,all,,true,false,,") !=
        std::string::npos);
}

TEST_CASE("a result file can be read back", "[unit]") {
  const Document document = result_document(comparison(), "1.2.3");
  for (const std::string& text : {emit_yaml(document), emit_json(document)}) {
    const std::vector<StoredResult> stored = parse_results(text, "r.yaml");
    REQUIRE(stored.size() == 4);
    CHECK(stored[0].variant == "serial");
    CHECK(stored[3].workload == "b");
    CHECK(stored[3].factors.at("overwrite") == "k");
    CHECK(stored[3].factors.at("core_split") == "q");
    CHECK(stored[3].factors.at("kv_resident") == "true");
    CHECK(stored[3].factors.at("l0.pv") == "16x64x16");
  }
}

TEST_CASE("the space and the certificate of a proof can be read back", "[unit]") {
  ResultSet set;
  set.results = {finished("a", "mas", 1000)};
  Result& result = set.results.front();
  result.tile_sizes = "pow2";
  result.pins = {{"kv_resident", "true"}, {"l0.qk", "16x16x64"}};
  result.search.excluded.by_rule[0] = static_cast<Int128>(kHighest64) * 1000;
  const Document document = result_document(set, "1.2.3");
  for (const std::string& text : {emit_yaml(document), emit_json(document)}) {
    const StoredResult stored = parse_results(text, "r.yaml").front();
    CHECK(stored.tile_sizes == TileSizes::kPow2);
    CHECK(stored.pins == result.pins);
    CHECK(stored.proven);
    CHECK(stored.tiling == result.tiling);
    CHECK(stored.cost.counts.at("cycles") == 1000);
    REQUIRE(stored.search->certificate);
    CHECK(stored.search->certificate->bound == "1000");
    CHECK(stored.search->certificate->excluded.by_rule == result.search.excluded.by_rule);
  }
  CHECK(emit_csv(document).find("\"kv_resident=true,l0.qk=16x16x64\"") != std::string::npos);
  result.proven = false;
  CHECK_FALSE(result_document(set, "1.2.3")["search"].contains("certificate"));
}

TEST_CASE("a result that does not fit says by how much", "[unit]") {
  ResultSet set;
  set.results = {too_large()};
  const Document document = result_document(set, "1.2.3");
  CHECK(document["feasible"] == false);
  CHECK(document["shortfall"]["short_bytes"] == 1'000'000);
  CHECK_FALSE(document.contains("tiling"));
  CHECK(parse_results(emit_yaml(document), "r.yaml").front().factors.empty());
  CHECK(result_card(set.results.front(), {}).empty());
  CHECK(
      no_tiling_text(set.results.front()).find("has 1,000,000, short by 1,000,000; its largest") !=
      std::string::npos);
  CHECK(cost_table(set).find("nothing fits: short by 1,000,000 bytes of L1\n") !=
        std::string::npos);
  set.results.front().shortfall->largest_slot.clear();
  CHECK(no_tiling_text(set.results.front()).find("largest") == std::string::npos);
}

TEST_CASE("changed result files are refused with file, line and key", "[unit]") {
  ResultSet set;
  set.results = {finished("a", "mas", 1000)};
  const std::string text = emit_yaml(result_document(set, "1.2.3"));
  const auto with = [&](const std::string& old, const std::string& changed) {
    std::string other = text;
    return other.replace(other.find(old), old.size(), changed);
  };
  CHECK_NOTHROW(parse_results(text, "r.yaml"));
  CHECK_THROWS_WITH(parse_results(with("q_rows: 64", "q_row: 64"), "r.yaml"),
                    Catch::StartsWith("r.yaml:15: tiling.q_row"));
  CHECK_THROWS_WITH(parse_results(with("buffers: 2", "buffers: 0"), "r.yaml"),
                    Catch::StartsWith("r.yaml:18: tiling.buffers"));
  CHECK_THROWS_AS(parse_results(with("[16, 16, 64]", "[16, 16]"), "r.yaml"), InputError);
  CHECK_THROWS_AS(parse_results(with("optimal: proven", "optimal: maybe"), "r.yaml"), InputError);
}

TEST_CASE("a card tells given from chosen factors and what is proven", "[unit]") {
  Result result = finished("a", "mas", 1000);
  const std::string card = result_card(result, {"q_rows"});
  CHECK(card.find("given        q_rows=64\n") != std::string::npos);
  CHECK(card.find("chosen       heads=1,kv_cols=128,") != std::string::npos);
  CHECK(card.find("proven: 10 of 1,000 candidates evaluated, the rest excluded by bounds, 12 ms") !=
        std::string::npos);
  CHECK(card.find("both at once 25.0 %") != std::string::npos);
  result.proven = false;
  result.gap = 0.031;
  CHECK(result_card(result, {}).find("at most 3.1 % lower") != std::string::npos);
}

TEST_CASE("a comparison marks winners and ends in the geometric means", "[unit]") {
  const std::string table = cost_table(comparison());
  CHECK(table.find("Variants: flat (serial), mas (two-stream)") != std::string::npos);
  CHECK(table.find("2.00x *") != std::string::npos);
  CHECK(table.find("8.00x *") != std::string::npos);
  CHECK(table.find("4.000x") != std::string::npos);
}

}  // namespace tilewright
