// Eight candidates at once: AVX-512.
#include "costmodel/side_by_side_forms.h"

namespace tilewright::side_by_side {

SideBySide of_v4() {
  return forms<Lanes>();
}

}  // namespace tilewright::side_by_side
