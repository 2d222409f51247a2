#include "rpc/request_budget.h"

#include <gtest/gtest.h>

#include <optional>

namespace impasto::rpc {
namespace {

TEST(RequestBudget, IsSharedAndGivenBack) {
  std::optional<RequestBudget> budget(10 << 20);
  auto first = budget->Take(6 << 20);
  ASSERT_TRUE(first.ok());
  const absl::Status refused = budget->Take((4 << 20) + 1).status();
  EXPECT_EQ(refused,
            absl::ResourceExhaustedError("requests of more than 10 MiB would wait; try again later"));
  auto second = budget->Take(4 << 20);
  ASSERT_TRUE(second.ok());
  std::shared_ptr<void> copy = *first;
  first->reset();
  EXPECT_FALSE(budget->Take(1).ok());
  copy.reset();
  EXPECT_TRUE(budget->Take(6 << 20).ok());
  budget.reset();
  second->reset();  // after the budget
}

}  // namespace
}  // namespace impasto::rpc
