// What the example does, apart from its command line, so that a test can reach it.
#pragma once

#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "impasto/client.h"

// Paints `photo` in the manner of `painting`, both files. Tells `out` how it goes, and writes the picture to
// `file` as it grows. Errors: a file's, the server's own, or UNKNOWN where `file` can't be written.
absl::Status Paint(const impasto::Client& client, const std::string& photo, const std::string& painting,
                   const std::string& file, std::ostream& out);
