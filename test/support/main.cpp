// The one main of all Catch2 test programs: compiling it takes tens of seconds. It adds an option
// that makes property tests draw fewer cases, for builds with sanitizers.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "test/support/counts.h"

int main(int count, char** values) {
  Catch::Session session;
  std::int64_t divisor = 1;
  session.cli(session.cli() | Catch::clara::Opt(divisor, "N")["--divide-counts"](
                                  "draw one N-th of the cases of every property test"));
  if (const int status = session.applyCommandLine(count, values); status != 0) {
    return status;
  }
  tilewright::test::divide_counts(divisor);
  return session.run();
}
