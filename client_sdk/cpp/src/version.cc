#include "impasto/version.h"

namespace impasto {

std::string_view ClientVersion() { return kHeaderVersion; }

}  // namespace impasto
