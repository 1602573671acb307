// The command line program: parses arguments, runs one command, maps errors to an exit status.
#pragma once

namespace tilewright::cli {

/// Never throws; prints every error as one line on standard error.
int run_program(int argc, char** argv) noexcept;

}  // namespace tilewright::cli
