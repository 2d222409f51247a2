// Errors, times and sizes in the words of somebody who edits pictures: what happened, and what to do.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace impasto::gimp {

// One or two sentences, translated. They tell what to do where that is known: nobody listens, TLS, tokens,
// versions, weights that are missing, memory (with the size that would fit, ErrorFacts' largest_max_size), a
// job that is gone. For anything else: the server's own words.
std::string Explain(const absl::Status& status, const std::string& address);

// "12 s", "3 min 20 s", "1 h 5 min".
std::string Words(absl::Duration duration);
// "610 MB", "1.2 GB".
std::string ByteWords(int64_t bytes);

}  // namespace impasto::gimp
