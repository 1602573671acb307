// A timeline as a picture: one lane a queue, one box an operation.
#pragma once

#include <string>

#include "costmodel/timeline.h"
#include "search/result.h"

namespace tilewright {

/// SVG 1.1 without scripts, on a background of its own. The same timeline gives the same bytes on
/// every machine: places are integers, hundredths of a pixel.
std::string timeline_svg(const Timeline& timeline, const Result& result);

}  // namespace tilewright
