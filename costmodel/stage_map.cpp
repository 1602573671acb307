#include "costmodel/stage_forms.h"

namespace tilewright {

template StageMap double_map(const SubTiles& tiles, bool slots);
template StageMap overwritten_map(const SubTiles& tiles, const Overwritten& overwritten);

}  // namespace tilewright
