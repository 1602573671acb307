#include "report/listing.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/number_text.h"
#include "report/text_table.h"

namespace tilewright {
namespace {

std::vector<std::string> hardware_cells(const Hardware& hardware) {
  const MatrixUnit& matrix = hardware.matrix;
  return {hardware.name,
          fixed(static_cast<double>(hardware.clock_hz) / 1e9, 2),
          std::to_string(hardware.cores),
          fmt::format("{}x{}x{}", matrix.rows, matrix.cols, matrix.depth),
          with_separators(hardware.vector.lanes),
          fmt::format("{} {}", bytes_text(hardware.l1.capacity_bytes),
                      hardware.l1.shared ? "shared" : "per core"),
          fixed(static_cast<double>(hardware.dram.bandwidth_bytes_per_s) / 1e9, 1)};
}

std::string mask_text(const Workload& workload) {
  if (workload.mask == Mask::kNone) return "none";
  return workload.window > 0 ? fmt::format("causal {}", workload.window) : "causal";
}

std::vector<std::string> workload_cells(const Workload& workload) {
  std::string heads = std::to_string(workload.heads);
  if (workload.kv_heads != workload.heads) heads += fmt::format("/{}", workload.kv_heads);
  return {"  " + workload.name,
          std::to_string(workload.batch),
          heads,
          with_separators(workload.q_len),
          with_separators(workload.kv_len),
          std::to_string(workload.qk_dim),
          std::to_string(workload.v_dim),
          std::to_string(workload.bytes.input),
          mask_text(workload),
          std::to_string(workload.repeat)};
}

}  // namespace

std::string hardware_listing(std::span<const Hardware> profiles) {
  TextTable table({{"profile", "", Align::kLeft},
                   {"clock", "GHz"},
                   {"cores", ""},
                   {"matrix unit", "MACs/cycle"},
                   {"vector", "lanes"},
                   {"L1", "", Align::kLeft},
                   {"DRAM", "GB/s"}});
  for (const Hardware& hardware : profiles) {
    table.add_note(hardware_cells(hardware), hardware.description);
  }
  return table.render();
}

std::string suite_listing(std::span<const Suite> suites) {
  TextTable table({{"suite and workloads", "", Align::kLeft},
                   {"batch", ""},
                   {"heads", "q/kv"},
                   {"q_len", ""},
                   {"kv_len", ""},
                   {"qk_dim", ""},
                   {"v_dim", ""},
                   {"input", "bytes"},
                   {"mask", "", Align::kLeft},
                   {"repeat", ""}});
  for (const Suite& suite : suites) {
    table.add_note({suite.name}, suite.description);
    for (const Workload& workload : suite.workloads) table.add_row(workload_cells(workload));
  }
  return table.render();
}

std::string name_listing(std::span<const NamedText> entries) {
  std::size_t width = 0;
  for (const NamedText& entry : entries) width = std::max(width, entry.name.size());
  std::string text;
  for (const NamedText& entry : entries) {
    text += fmt::format("{:<{}}  {}\n", entry.name, width, entry.text);
  }
  return text;
}

}  // namespace tilewright
