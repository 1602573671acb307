// Questions about families of profiles, answered from the store of a batch.
#pragma once

#include <string>
#include <string_view>

#include "batch/store.h"

namespace tilewright {

/// Profiles that no other one betters on all axes: geometric means over the workloads (of the best
/// schedule of each) and the capacity of L1. `axes`: two or more of latency, energy, traffic, l1.
/// Throws InputError for an unknown axis.
std::string profile_front(const Store& store, std::string_view axes, std::string_view objective);

/// For every family of profiles that differ in the swept figure alone: the smallest value of it
/// that keeps every workload within `slack` (0.05: 5 %) of its best in the family. `figure`: a
/// swept key, its last part, or l1. Throws InputError if it is not swept, or not over
/// numbers.
std::string smallest_figure(const Store& store, std::string_view figure, double slack,
                            std::string_view objective);

/// Elasticity of the objective to every swept figure: by how many percent it changes when the
/// figure grows by one, over all neighbours in a sweep that differ in nothing else. Throws
/// InputError if there are none.
std::string sensitivity(const Store& store, std::string_view objective);

}  // namespace tilewright
