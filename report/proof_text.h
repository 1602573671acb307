// What a re-check of a stored proof says, for people.
#pragma once

#include <string>
#include <vector>

#include "proof/proof.h"
#include "report/result_reader.h"

namespace tilewright {

/// What a stored result claims: its tiling, or the points of its front.
std::vector<ClaimedTiling> claimed_tilings(const StoredResult& stored);

/// What of a stored result contradicts the space and the cost of its tiling, before any survey:
/// "cost.cycles is 5 in the file, its tiling takes 7". Empty if nothing does.
std::string contradiction(const StoredResult& stored, const ProofChecker& checker);

/// "verified: none of 100,663,296 candidates ranks before it (every one evaluated, 12 s)", or
/// refuted, with the better tiling, or interrupted.
std::string verdict_text(const StoredResult& stored, const ProofChecker& checker,
                         const ProofSurvey& survey);

}  // namespace tilewright
