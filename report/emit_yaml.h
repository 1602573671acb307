// Writes a document as YAML.
#pragma once

#include <string>

#include "report/result_document.h"

namespace tilewright {

/// Block style, short lists of numbers in flow style. Numbers are bare; text is quoted where a
/// YAML 1.1 or 1.2 reader would otherwise take it for something else.
std::string emit_yaml(const Document& document);

}  // namespace tilewright
