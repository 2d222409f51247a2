// SHA-256 by OpenSSL, as lower-case hex.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace impasto::engine {

// Update() any number of times, then Finish() once. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void Update(const void* data, size_t size);
  std::string Finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string Sha256OfString(absl::string_view text);

// Reads the file in pieces. NOT_FOUND: no such file; INVALID_ARGUMENT: not a regular file; DATA_LOSS: it
// can't be read.
absl::StatusOr<std::string> Sha256OfFile(const std::string& path);

}  // namespace impasto::engine
