// The commands of the program. Each adds itself to the parser and, when it is chosen, leaves what
// is to be done in `action`, so that nothing runs while arguments are still being parsed.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace tilewright::cli {

/// Returns the exit status.
using Action = std::function<int()>;

void add_tune_command(CLI::App& app, Action& action);
void add_compare_command(CLI::App& app, Action& action);
void add_evaluate_command(CLI::App& app, Action& action);
void add_replay_command(CLI::App& app, Action& action);
void add_batch_command(CLI::App& app, Action& action);
void add_table_command(CLI::App& app, Action& action);
void add_bench_search_command(CLI::App& app, Action& action);
void add_import_command(CLI::App& app, Action& action);
void add_validate_command(CLI::App& app, Action& action);
void add_verify_proof_command(CLI::App& app, Action& action);
void add_list_command(CLI::App& app, Action& action);

}  // namespace tilewright::cli
