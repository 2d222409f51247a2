#include "impasto/version.h"

#include "version.h"

namespace impasto {

std::string_view ClientVersion() { return IMPASTO_VERSION; }

}  // namespace impasto
