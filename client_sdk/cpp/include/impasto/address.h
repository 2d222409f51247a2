// Servers' addresses.
#pragma once

#include <string_view>

namespace impasto {

// Whether an address ("HOST:PORT", "[IPv6]:PORT" or "unix:PATH") is this machine's own, as far as can be told
// without asking a name server: 127.0.0.0/8, [::1], localhost, unix. Thread-safe.
bool IsThisMachine(std::string_view address);

}  // namespace impasto
