// Where results go: tables or data to standard output, data to a file.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "report/result_set.h"

namespace CLI {  // NOLINT(readability-identifier-naming)
class App;
}

namespace tilewright::cli {

enum class Format { kTable, kYaml, kJson, kCsv };

struct OutputArguments {
  std::string file;    ///< -o; empty: none; "-": data to standard output
  std::string format;  ///< --format; empty: a table, YAML for "-", or what the extension says
  bool quiet = false;
};

/// A file and the option that names it.
struct NamedFile {
  std::string option;
  std::string path;
};

/// Those whose path is a file's and not the name of a bundled one.
std::vector<NamedFile> files_among(std::vector<NamedFile> inputs);

/// What a table of these results looks like depends on the command.
using TableText = std::function<std::string(const ResultSet&)>;

/// What is to be written, in the given format.
using Rendering = std::function<std::string(Format)>;

/// Knows where the results of a run will go. Made before the run, so that a wrong format or a
/// place that cannot be written shows at once and not after hours.
class Output {
 public:
  /// Throws InputError for an unknown format or a file that is one of `inputs`, FileError if the
  /// file could not be written.
  Output(const OutputArguments& arguments, const std::vector<NamedFile>& inputs);

  /// The file first, then standard output; throws FileError.
  void write(const ResultSet& set, const TableText& table) const;
  void write(const Rendering& render) const;

 private:
  std::string file_;
  Format file_format_ = Format::kYaml;
  Format stdout_format_ = Format::kTable;
};

void add_output_options(CLI::App& command, OutputArguments& arguments);

/// Throws InputError if writing `output` would replace one of `others`, by whatever path.
void check_replaces_none(const NamedFile& output, const std::vector<NamedFile>& others);

/// Throws FileError if `path` is a folder or its folder is missing or cannot be written. The file
/// itself is left alone.
void check_writable(const std::string& path);

}  // namespace tilewright::cli
