// The SDK's version.
#pragma once

#include <string_view>

namespace impasto {

// "MAJOR.MINOR.PATCH" of the library that is linked.
std::string_view ClientVersion();

}  // namespace impasto
