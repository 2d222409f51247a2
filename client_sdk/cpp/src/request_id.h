// Ids that no other request has.
#pragma once

#include <string>

namespace impasto {

// A random UUID (version 4), "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx". Thread-safe.
std::string RandomRequestId();

}  // namespace impasto
