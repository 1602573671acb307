#include "cli/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>

#include "cli/arguments.h"
#include "cli/console.h"
#include "cli/version.h"
#include "common/error.h"
#include "common/text.h"
#include "common/text_file.h"
#include "report/emit_csv.h"
#include "report/emit_yaml.h"
#include "report/result_document.h"

namespace tilewright::cli {
namespace {

FileError cannot_write(const std::string& path, int error) {
  return FileError(
      fmt::format("{}: cannot write: {}", path, std::generic_category().message(error)));
}

Format parse_format(const std::string& text) {
  const std::vector<std::string> known{"table", "yaml", "json", "csv"};
  require_known("--format", text, known);
  if (text == "yaml") return Format::kYaml;
  if (text == "json") return Format::kJson;
  return text == "csv" ? Format::kCsv : Format::kTable;
}

Format format_of_file(const std::string& file) {
  const std::string extension = std::filesystem::path(file).extension().string();
  if (extension == ".yaml" || extension == ".yml") return Format::kYaml;
  if (extension == ".json") return Format::kJson;
  if (extension == ".csv") return Format::kCsv;
  throw InputError(
      fmt::format("-o: the name '{}' does not say the format; expected one that ends "
                  "in .yaml, .yml, .json or .csv, or --format",
                  file));
}

/// Creates a file beside `target` and removes it again: the one test that also holds for the
/// superuser, read-only file systems and quotas.
void probe_folder(const std::filesystem::path& folder, const std::string& path) {
  const std::string probe = (folder / fmt::format(".tilewright-{}.probe", ::getpid())).string();
  const int descriptor = ::open(probe.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0 && errno == EEXIST) return;
  if (descriptor < 0) throw cannot_write(path, errno);
  ::close(descriptor);
  ::unlink(probe.c_str());
}

/// Whether both are one regular file, or would be if they were written. What is no regular file (a
/// pipe, a device) is written to, not replaced.
bool same_file(const std::filesystem::path& output, const std::filesystem::path& other) {
  std::error_code ignored;
  const std::filesystem::file_status status = std::filesystem::status(output, ignored);
  if (!std::filesystem::exists(status)) {
    return std::filesystem::weakly_canonical(output, ignored) ==
           std::filesystem::weakly_canonical(other, ignored);
  }
  return std::filesystem::is_regular_file(status) &&
         std::filesystem::equivalent(output, other, ignored);
}

std::string render(const ResultSet& set, Format format, const TableText& table) {
  if (format == Format::kTable) return table(set);
  const Document document = result_document(set, kVersion);
  if (format == Format::kYaml) return emit_yaml(document);
  return format == Format::kJson ? emit_json(document) : emit_csv(document);
}

}  // namespace

std::vector<NamedFile> files_among(std::vector<NamedFile> inputs) {
  std::erase_if(inputs, [](const NamedFile& input) { return !looks_like_path(input.path); });
  return inputs;
}

void check_replaces_none(const NamedFile& output, const std::vector<NamedFile>& others) {
  for (const NamedFile& other : others) {
    if (!same_file(output.path, other.path)) continue;
    throw InputError(fmt::format("{}: '{}' is also the file of {}, expected another one",
                                 output.option, output.path, other.option));
  }
}

void check_writable(const std::string& path) {
  struct stat status {};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) throw cannot_write(path, EISDIR);
  if (exists && !S_ISREG(status.st_mode)) return;
  if (exists && ::access(path.c_str(), W_OK) != 0) throw cannot_write(path, errno);
  std::error_code ignored;
  const std::filesystem::path target =
      exists ? std::filesystem::canonical(path, ignored) : std::filesystem::path(path);
  const std::filesystem::path folder = target.parent_path();
  probe_folder(folder.empty() ? "." : folder, path);
}

Output::Output(const OutputArguments& arguments, const std::vector<NamedFile>& inputs)
    : file_(arguments.file) {
  const bool has_format = !arguments.format.empty();
  const Format format = has_format ? parse_format(arguments.format) : Format::kTable;
  if (file_ == "-") {
    stdout_format_ = has_format ? format : Format::kYaml;
    file_.clear();
    return;
  }
  if (file_.empty()) {
    stdout_format_ = format;
    return;
  }
  check_replaces_none({"-o", file_}, inputs);
  check_writable(file_);
  file_format_ = has_format ? format : format_of_file(file_);
}

void Output::write(const ResultSet& set, const TableText& table) const {
  write([&](Format format) { return render(set, format, table); });
}

void Output::write(const Rendering& render) const {
  if (!file_.empty()) write_text_file_atomically(file_, render(file_format_));
  write_stdout(render(stdout_format_));
}

void add_output_options(CLI::App& command, OutputArguments& arguments) {
  command
      .add_option(
          "-o,--output", arguments.file,
          "Write the results to FILE (.yaml, .json or .csv); the table is still printed. "
          "With - they go to standard output in its place, as YAML unless --format is given")
      ->type_name("FILE");
  command
      .add_option("--format", arguments.format,
                  "table, yaml, json or csv: format of FILE, or without one of standard output")
      ->type_name("FORMAT");
  command.add_flag("--quiet", arguments.quiet, "No progress on standard error");
}

}  // namespace tilewright::cli
