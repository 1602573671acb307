#include "batch/ranks.h"

#include "common/error.h"

namespace tilewright {

std::unique_ptr<Ranks> join_ranks() {
  throw InputError("this program was built without MPI: start it without mpirun");
}

}  // namespace tilewright
