#include "rpc/request_budget.h"

#include "absl/strings/str_cat.h"

namespace impasto::rpc {

absl::StatusOr<std::shared_ptr<void>> RequestBudget::Take(int64_t bytes) {
  if (taken_->fetch_add(bytes) + bytes > limit_) {
    taken_->fetch_sub(bytes);
    return absl::ResourceExhaustedError(
        absl::StrCat("requests of more than ", limit_ >> 20, " MiB would wait; try again later"));
  }
  return std::shared_ptr<void>(nullptr, [taken = taken_, bytes](void*) { taken->fetch_sub(bytes); });
}

}  // namespace impasto::rpc
