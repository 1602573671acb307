// How many cases the property tests draw.
#pragma once

#include <cstdint>

namespace tilewright::test {

/// All later counted() are divided by `divisor`; called once, by main.
void divide_counts(std::int64_t divisor);

/// `full`, or a fraction of it (at least 1) if the command line asks for fewer cases.
std::int64_t counted(std::int64_t full);

/// No fraction was asked for: statements about how varied the cases are may be checked.
bool counts_are_full();

}  // namespace tilewright::test
