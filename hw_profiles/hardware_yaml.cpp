#include "hw_profiles/hardware_yaml.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "common/embedded_file.h"
#include "common/math.h"
#include "common/text.h"
#include "common/text_file.h"
#include "common/yaml_reader.h"

namespace tilewright {

/// hw_profiles/*.yaml, compiled in by cmake/embed.cmake.
std::span<const EmbeddedFile> embedded_hw_profiles();

namespace {

constexpr std::string_view kSchema = "tilewright/hw/v1";
constexpr std::array<std::string_view, 4> kSources{"datasheet", "paper", "measured", "assumed"};
constexpr std::array<std::string_view, 3> kStationary{"output", "left", "right"};
constexpr std::array<std::string_view, 2> kSpatial{"output", "left"};

// Limits are wide enough for any machine that could be built and narrow enough for a slipped unit
// (bytes for KiB, MHz for GHz) to be caught and for the model's integers not to overflow.
constexpr std::int64_t kGiga = 1'000'000'000;
constexpr DecimalRange kClockGhz{kGiga, kGiga / 1000, 100 * kGiga};
constexpr DecimalRange kBandwidthGbps{kGiga, kGiga / 1000, 1'000'000 * kGiga};
constexpr DecimalRange kKib{1024, 1, std::int64_t{1} << 50};
constexpr DecimalRange kCycles{kMilli, 1, 1000 * kMilli};
constexpr DecimalRange kCyclesOrFree{kMilli, 0, 1000 * kMilli};
constexpr DecimalRange kPicojoules{kMilli, 0, 1'000'000 * kMilli};
constexpr DecimalRange kMilliwatts{kMilli, 0, 1'000'000 * kMilli};
constexpr IntegerRange kCores{1, 4096};
constexpr IntegerRange kArraySide{1, 4096};
constexpr IntegerRange kLanes{1, 1'048'576};
constexpr IntegerRange kDelayCycles{0, 1'000'000};
constexpr IntegerRange kLaunchCycles{0, kGiga};
constexpr IntegerRange kBytesPerCycle{1, 1'048'576};
constexpr IntegerRange kGrainBytes{1, 1'048'576};

std::string leaf_rule(std::string_view value) {
  return fmt::format("{{value: {}, source: {}}}", value, join(kSources, "|"));
}

/// Reads the figures of one map and records where each comes from.
class FigureReader {
 public:
  FigureReader(YamlMap map, std::vector<FigureSource>& sources)
      : map_(std::move(map)), sources_(sources) {}

  FigureReader group(std::string_view key, std::vector<std::string_view> known_keys) const {
    return {map_.map(key, std::move(known_keys)), sources_};
  }

  const YamlMap& map() const { return map_; }

  std::int64_t integer(std::string_view key, IntegerRange range) const {
    return value(key, describe(range)).integer(range);
  }
  std::int64_t decimal(std::string_view key, DecimalRange range) const {
    return value(key, describe(range)).decimal(range);
  }
  bool boolean(std::string_view key) const { return value(key, "true or false").boolean(); }

  /// The `value` of a leaf; its source is recorded.
  YamlValue value(std::string_view key, std::string_view expected) const {
    const YamlMap leaf = map_.at(key, leaf_rule(expected)).map({"value", "source", "note"});
    YamlValue found = leaf.at("value", expected);
    const std::size_t source = leaf.choice("source", kSources);
    sources_.push_back({leaf.value().key(), found.written(), std::string(kSources[source]),
                        leaf.text_or("note", "")});
    return found;
  }

 private:
  YamlMap map_;
  std::vector<FigureSource>& sources_;
};

void read_stationary(const FigureReader& figures, MatrixUnit& matrix) {
  const std::string rule = fmt::format("a list of {}", join(kStationary));
  const YamlValue value = figures.value("stationary", rule);
  const std::array<bool*, 3> flags{&matrix.output_stationary, &matrix.left_stationary,
                                   &matrix.right_stationary};
  for (const YamlValue& item : value.list()) {
    bool& flag = *flags[item.choice(kStationary)];
    if (flag) throw item.error(fmt::format("'{}' is listed twice", item.text()));
    flag = true;
  }
  const bool any = matrix.output_stationary || matrix.left_stationary || matrix.right_stationary;
  if (!any) throw value.error(fmt::format("is empty, expected {}", rule));
}

void read_passes(const FigureReader& figures, MatrixUnit& matrix) {
  constexpr std::array<std::string_view, 3> kTypes{"int8", "fp16", "fp32"};
  const FigureReader passes = figures.group("cycles_per_pass", {kTypes.begin(), kTypes.end()});
  bool any = false;
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    if (!passes.map().has(kTypes[i])) continue;
    matrix.pass_millicycles[i] = passes.decimal(kTypes[i], kCycles);
    any = true;
  }
  if (!any) {
    throw passes.map().value().error(
        fmt::format("is empty, expected at least one of {}", join(kTypes)));
  }
}

Spatial read_spatial(const FigureReader& figures, std::string_view key) {
  if (!figures.map().has(key)) return Spatial::kOutput;
  return figures.value(key, fmt::format("one of {}", join(kSpatial))).choice(kSpatial) == 0
             ? Spatial::kOutput
             : Spatial::kLeft;
}

/// What the array can do beside multiply-accumulates; nothing if the profile does not say.
void read_elementwise(const FigureReader& figures, MatrixUnit& matrix) {
  if (!figures.map().has("elementwise")) return;
  const FigureReader costs = figures.group("elementwise", {"max", "sub", "exp", "sum"});
  matrix.max_millicycles = costs.decimal("max", kCycles);
  matrix.sub_millicycles = costs.decimal("sub", kCycles);
  matrix.exp_millicycles = costs.decimal("exp", kCycles);
  matrix.sum_millicycles = costs.decimal("sum", kCycles);
}

MatrixUnit read_matrix(const FigureReader& figures) {
  MatrixUnit matrix;
  matrix.rows = figures.integer("rows", kArraySide);
  matrix.cols = figures.integer("cols", kArraySide);
  matrix.depth = figures.integer("depth", kArraySide);
  matrix.startup_cycles = figures.integer("startup_cycles", kDelayCycles);
  read_stationary(figures, matrix);
  read_passes(figures, matrix);
  if (figures.map().has("spatial")) {
    const FigureReader spatial = figures.group("spatial", {"qk", "pv"});
    matrix.qk_spatial = read_spatial(spatial, "qk");
    matrix.pv_spatial = read_spatial(spatial, "pv");
  }
  read_elementwise(figures, matrix);
  return matrix;
}

VectorUnit read_vector(const FigureReader& figures) {
  VectorUnit vector;
  vector.lanes = figures.integer("lanes", kLanes);
  vector.startup_cycles = figures.integer("startup_cycles", kDelayCycles);
  vector.reduction_latency_cycles = figures.integer("reduction_latency_cycles", kDelayCycles);
  const FigureReader costs =
      figures.group("cycles_per_element", {"max", "sub", "exp", "sum", "mul", "div", "cast"});
  vector.max_millicycles = costs.decimal("max", kCycles);
  vector.sub_millicycles = costs.decimal("sub", kCyclesOrFree);
  vector.exp_millicycles = costs.decimal("exp", kCycles);
  vector.sum_millicycles = costs.decimal("sum", kCycles);
  vector.mul_millicycles = costs.decimal("mul", kCycles);
  vector.div_millicycles = costs.decimal("div", kCycles);
  vector.cast_millicycles = costs.decimal("cast", kCyclesOrFree);
  return vector;
}

L0Buffers read_l0(const FigureReader& figures) {
  L0Buffers l0;
  l0.left_bytes = figures.decimal("left_kib", kKib);
  l0.right_bytes = figures.decimal("right_kib", kKib);
  l0.accumulator_bytes = figures.decimal("accumulator_kib", kKib);
  l0.bandwidth_bytes_per_cycle = figures.integer("bandwidth_bytes_per_cycle", kBytesPerCycle);
  return l0;
}

L1Memory read_l1(const FigureReader& figures) {
  L1Memory l1;
  l1.capacity_bytes = figures.decimal("capacity_kib", kKib);
  l1.shared = figures.boolean("shared");
  l1.alignment_bytes = figures.integer("alignment_bytes", kGrainBytes);
  return l1;
}

Dram read_dram(const FigureReader& figures) {
  Dram dram;
  dram.bandwidth_bytes_per_s = figures.decimal("bandwidth_gbps", kBandwidthGbps);
  dram.latency_cycles = figures.integer("latency_cycles", kDelayCycles);
  dram.burst_bytes = figures.integer("burst_bytes", kGrainBytes);
  dram.setup_cycles = figures.integer("setup_cycles", kDelayCycles);
  dram.shared_channel = figures.boolean("shared_channel");
  return dram;
}

void read_memory(const FigureReader& figures, Hardware& hardware) {
  hardware.l0 = read_l0(figures.group(
      "l0", {"left_kib", "right_kib", "accumulator_kib", "bandwidth_bytes_per_cycle"}));
  hardware.l1 = read_l1(figures.group("l1", {"capacity_kib", "shared", "alignment_bytes"}));
  hardware.dram =
      read_dram(figures.group("dram", {"bandwidth_gbps", "latency_cycles", "burst_bytes",
                                       "setup_cycles", "shared_channel"}));
}

/// 1 mW at 1 GHz is 1 pJ a cycle. Rounded to the nearest femtojoule.
std::int64_t static_femtojoules(std::int64_t microwatts, std::int64_t clock_hz) {
  const Int128 joules_scaled = static_cast<Int128>(microwatts) * kGiga;
  return static_cast<std::int64_t>((joules_scaled + clock_hz / 2) / clock_hz);
}

EnergyTable read_energy(const FigureReader& figures, std::int64_t clock_hz) {
  EnergyTable energy;
  energy.mac_fj = figures.decimal("mac_pj", kPicojoules);
  energy.vector_op_fj = figures.decimal("vector_op_pj", kPicojoules);
  energy.l0_fj_per_byte = figures.decimal("l0_pj_per_byte", kPicojoules);
  energy.l1_fj_per_byte = figures.decimal("l1_pj_per_byte", kPicojoules);
  energy.dram_fj_per_byte = figures.decimal("dram_pj_per_byte", kPicojoules);
  energy.static_fj_per_cycle =
      static_femtojoules(figures.decimal("static_mw", kMilliwatts), clock_hz);
  return energy;
}

void read_units(const FigureReader& figures, Hardware& hardware) {
  hardware.clock_hz = figures.decimal("clock_ghz", kClockGhz);
  hardware.cores = figures.integer("cores", kCores);
  hardware.launch_cycles = figures.integer("launch_cycles", kLaunchCycles);
  hardware.matrix =
      read_matrix(figures.group("matrix", {"rows", "cols", "depth", "startup_cycles", "stationary",
                                           "cycles_per_pass", "spatial", "elementwise"}));
  hardware.vector = read_vector(figures.group(
      "vector", {"lanes", "startup_cycles", "reduction_latency_cycles", "cycles_per_element"}));
}

const EmbeddedFile* find_bundled(std::string_view name) {
  const std::span<const EmbeddedFile> files = embedded_hw_profiles();
  const auto found = std::find_if(files.begin(), files.end(), [&](const EmbeddedFile& file) {
    return bare_name(file) == name;
  });
  return found == files.end() ? nullptr : &*found;
}

Hardware read_hardware(const YamlValue& root) {
  expect_schema(root, kSchema);
  const YamlMap map = root.map({"schema", "name", "description", "clock_ghz", "cores",
                                "launch_cycles", "matrix", "vector", "memory", "energy"});
  Hardware hardware;
  hardware.name = map.text("name");
  if (!is_bare_name(hardware.name)) {
    throw map.at("name", kBareNameRule)
        .error(fmt::format("is '{}', expected {}", printable(hardware.name), kBareNameRule));
  }
  hardware.description = map.text_or("description", "");
  const FigureReader figures(map, hardware.sources);
  read_units(figures, hardware);
  read_memory(figures.group("memory", {"l0", "l1", "dram"}), hardware);
  hardware.energy =
      read_energy(figures.group("energy", {"mac_pj", "vector_op_pj", "l0_pj_per_byte",
                                           "l1_pj_per_byte", "dram_pj_per_byte", "static_mw"}),
                  hardware.clock_hz);
  return hardware;
}

std::shared_ptr<const YamlDocument> load_tree(const std::string& name_or_path) {
  if (looks_like_path(name_or_path)) {
    return parse_yaml_tree(read_text_file(name_or_path), name_or_path);
  }
  if (const EmbeddedFile* file = find_bundled(name_or_path)) {
    return parse_yaml_tree(file->text, file->name);
  }
  throw InputError(fmt::format("unknown hardware profile '{}'{} (a file needs a '/' or '.yaml')",
                               printable(name_or_path),
                               suggestion(name_or_path, bundled_hardware())));
}

/// The member of a map; null if it has none of that name or is no map.
YamlElement* member(YamlElement& map, std::string_view key) {
  const auto found = std::find_if(map.children.begin(), map.children.end(),
                                  [&](const YamlElement& child) { return child.key == key; });
  return found == map.children.end() ? nullptr : &*found;
}

/// The `value` of the leaf that a dotted key leads to; null if it leads nowhere.
YamlElement* figure(YamlElement& root, std::string_view key) {
  YamlElement* at = &root;
  while (at != nullptr && !key.empty()) {
    const std::size_t dot = std::min(key.find('.'), key.size());
    at = member(*at, key.substr(0, dot));
    key.remove_prefix(std::min(dot + 1, key.size()));
  }
  return at == nullptr ? nullptr : member(*at, "value");
}

}  // namespace

Hardware parse_hardware(std::string_view text, std::string_view file) {
  return read_hardware(parse_yaml(text, file));
}

Hardware load_hardware(const std::string& name_or_path) {
  return read_hardware(root_of(load_tree(name_or_path)));
}

ProfileTemplate::ProfileTemplate(const std::string& name_or_path)
    : document_(load_tree(name_or_path)) {
  read_hardware(root_of(document_));
}

Hardware ProfileTemplate::with(std::span<const FigureOverride> overrides) const {
  auto changed = std::make_shared<YamlDocument>(*document_);
  for (const FigureOverride& override : overrides) {
    YamlElement* const value = figure(changed->root, override.key);
    if (value == nullptr || value->kind != YamlElement::Kind::kScalar) {
      std::vector<std::string> known;
      for (const FigureSource& source : read_hardware(root_of(document_)).sources) {
        known.push_back(source.key);
      }
      const std::string nearest = nearest_name(override.key, known);
      throw InputError(
          fmt::format("{}: has no figure '{}'{}", document_->file, printable(override.key),
                      nearest.empty() ? ", expected a key such as memory.l1.capacity_kib"
                                      : fmt::format(", did you mean '{}'?", nearest)));
    }
    value->text = override.value;
    value->quoted = false;
  }
  return read_hardware(root_of(std::move(changed)));
}

std::vector<std::string> bundled_hardware() {
  std::vector<std::string> names;
  for (const EmbeddedFile& file : embedded_hw_profiles()) names.emplace_back(bare_name(file));
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace tilewright
