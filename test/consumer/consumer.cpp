// One search with the installed library: the best MAS tiling of BERT-Base on the MAS paper's
// device.
#include <cstdio>

#include <hw_profiles/hardware_yaml.h>
#include <report/card.h>
#include <report/table.h>
#include <schedules/workload_yaml.h>
#include <search/tune.h>

int main() {
  const tilewright::Hardware hardware = tilewright::load_hardware("mas-edge");
  const tilewright::Workload workload = tilewright::load_suite("bert-base").workloads.front();
  const tilewright::Result result = tilewright::tune(hardware, workload, "mas", {});
  if (!result.proven || !result.tiling || result.cost.cycles <= 0 ||
      result.cost.l1_peak_bytes > hardware.l1.capacity_bytes ||
      tilewright::reference_cycles(hardware, workload, result) != result.cost.cycles) {
    std::puts("no proven tiling");
    return 1;
  }
  std::printf("%s on %s: %lld cycles, proven\n", workload.name.c_str(), hardware.name.c_str(),
              static_cast<long long>(result.cost.cycles));
  return 0;
}
