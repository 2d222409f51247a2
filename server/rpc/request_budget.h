// The bytes of requests that wait.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"

namespace impasto::rpc {

// Thread-safe. A full queue of requests of 64 MiB each would be too much, so they share a budget.
class RequestBudget {
 public:
  explicit RequestBudget(int64_t bytes) : limit_(bytes) {}

  // Takes `bytes` until the last copy of what it returns is gone, which may outlive the budget.
  // RESOURCE_EXHAUSTED where fewer are left.
  absl::StatusOr<std::shared_ptr<void>> Take(int64_t bytes);

 private:
  const int64_t limit_;
  const std::shared_ptr<std::atomic<int64_t>> taken_ = std::make_shared<std::atomic<int64_t>>(0);
};

}  // namespace impasto::rpc
