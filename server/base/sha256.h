// SHA-256 by OpenSSL.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace impasto {

// Update() any number of times, then one of the Finish functions once. Not thread-safe.
class Sha256 {
 public:
  static constexpr size_t kBytes = 32;

  Sha256();
  ~Sha256();
  void Update(const void* data, size_t size);
  std::string Finish();       // lower-case hex
  std::string FinishBytes();  // kBytes bytes

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// As lower-case hex.
std::string Sha256OfString(absl::string_view text);

}  // namespace impasto
