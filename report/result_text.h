// Sentences about one result, for cards, tables and messages.
#pragma once

#include <string>

#include "search/result.h"

namespace tilewright {

/// "heads=1,q_rows=64,..."; L0 tiles that were not chosen yet are left out.
std::string factor_list(const Tiling& tiling);

/// "bert-base on mas-edge, schedule mas".
std::string case_text(const Result& result);

/// "nothing fits: L1 needs 6,000,000 bytes and has 5,242,880, short by 757,120; ..." or why there
/// is no tiling otherwise. For a result without a tiling.
std::string no_tiling_text(const Result& result);

/// "nothing fits: short by 757,120 bytes of L1": for a row of a table.
std::string no_tiling_note(const Result& result);

/// "proven: 3,112 of 1.2e8 candidates evaluated, the rest excluded by bounds, 12 ms".
std::string proof_text(const Result& result);

/// "proven", "gap 3.1%" or "found".
std::string proof_mark(const Result& result);

/// Share of the busy cores' time in which matrix and vector unit both work, 0 to 1.
double overlap_utilization(const Cost& cost);

double latency_us(const Result& result);
double latency_us(const Cost& cost, std::int64_t clock_hz);

}  // namespace tilewright
