// Writes the results of a document as comma-separated values.
#pragma once

#include <string>
#include <string_view>

#include "report/result_document.h"

namespace tilewright {

/// One header line, then one line a result; figures that a result does not have are empty. Quoting
/// follows RFC 4180, lines end in a line feed.
std::string emit_csv(const Document& document);

/// A field as RFC 4180 wants it: quoted if it has a comma, a quote or a line end.
std::string csv_field(std::string_view text);

}  // namespace tilewright
