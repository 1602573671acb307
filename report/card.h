// One result on half a page, for people.
#pragma once

#include <string>
#include <vector>

#include "search/result.h"

namespace tilewright {

/// `given`: names of the factors that the user fixed; the search chose the others. Empty without a
/// tiling: no_tiling_text() says why.
std::string result_card(const Result& result, const std::vector<std::string>& given);

}  // namespace tilewright
