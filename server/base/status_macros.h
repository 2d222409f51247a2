// Early return on a failed absl::Status or absl::StatusOr. Debian 12's Abseil has no such macros.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define IMPASTO_RETURN_IF_ERROR(expr)                   \
  do {                                                  \
    if (absl::Status status_ = (expr); !status_.ok()) { \
      return status_;                                   \
    }                                                   \
  } while (false)

#define IMPASTO_CONCAT_INNER_(a, b) a##b
#define IMPASTO_CONCAT_(a, b) IMPASTO_CONCAT_INNER_(a, b)
#define IMPASTO_ASSIGN_OR_RETURN_IMPL_(statusor, lhs, expr) \
  auto statusor = (expr);                                   \
  if (!statusor.ok()) {                                     \
    return std::move(statusor).status();                    \
  }                                                         \
  lhs = std::move(statusor).value()

// IMPASTO_ASSIGN_OR_RETURN(auto x, F()): x = *F(), or the function returns F()'s status.
#define IMPASTO_ASSIGN_OR_RETURN(lhs, expr) \
  IMPASTO_ASSIGN_OR_RETURN_IMPL_(IMPASTO_CONCAT_(statusor_, __LINE__), lhs, expr)
