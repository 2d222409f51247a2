// One file over HTTP or HTTPS, with resume.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"

namespace impasto::engine {

struct DownloadRequest {
  std::string url;   // http:// or https://; an https address is only ever redirected to another
  std::string path;  // of the part file; what it holds already is not fetched again, if the server still has
                     // the same file
  int64_t expected_bytes = 0;  // 0: not known
  int connect_timeout_seconds = 10;
  // Bytes that are there, and all of them (0: not known). Called often, from the caller's thread. May be
  // empty.
  std::function<void(int64_t done, int64_t total)> progress;
};

// Fetches the whole file to request.path. A connection that breaks after some bytes is taken up again where
// it broke, a few times. Beside the part file, path + ".source" tells where it comes from, while it is not
// complete.
//
// On failure: UNAVAILABLE (no connection, broken off; the part file stays, and the next call goes on with
// it), NOT_FOUND (404 and 410), DATA_LOSS (the size is not the expected one; the part file is gone), ABORTED
// (another process fetches to the same path), or as the disk has it.
absl::Status Download(const DownloadRequest& request);

}  // namespace impasto::engine
