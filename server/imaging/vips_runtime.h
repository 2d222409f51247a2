// What every use of libvips here goes through: the start of the library, and its errors as absl::Status.
#pragma once

#include <new>
#include <string>
#include <vips/vips8>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace impasto::imaging {

// FAILED_PRECONDITION before Init(): without it the loaders for other formats would be open.
absl::Status CheckInitialized();

// Runs f() and turns what libvips throws into INVALID_ARGUMENT with `message`. libvips' own words are
// dropped: its error buffer belongs to the whole process, so they may come from another thread's picture.
template <typename F>
absl::Status Guarded(const std::string& message, F&& f) {
  try {
    f();
  } catch (const vips::VError&) {
    vips_error_clear();
    return absl::InvalidArgumentError(message);
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("not enough memory");
  }
  return absl::OkStatus();
}

}  // namespace impasto::imaging
