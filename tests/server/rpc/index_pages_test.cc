#include "rpc/index_pages.h"

#include <gtest/gtest.h>

#include "base/field_error.h"

namespace impasto::rpc {
namespace {

TEST(PageSize, HasADefaultAndALimit) {
  EXPECT_EQ(*PageSize(0, 50, 100), 50);
  EXPECT_EQ(*PageSize(1, 50, 100), 1);
  EXPECT_EQ(*PageSize(1000, 50, 100), 100);
  EXPECT_EQ(PageSize(-1, 50, 100).status(), FieldError("page_size", "-1 is negative"));
}

TEST(IndexPage, GoesThroughTheList) {
  const auto first = GetIndexPage("things", 5, 3, "");
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->first, 0);
  EXPECT_EQ(first->end, 3);
  const auto second = GetIndexPage("things", 5, 3, first->next_token);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->first, 3);
  EXPECT_EQ(second->end, 5);
  EXPECT_EQ(second->next_token, "");
}

TEST(IndexPage, ForeignTokensAreRefused) {
  const std::string good = GetIndexPage("things", 5, 3, "")->next_token;
  for (const std::string& token : {std::string("x"), std::string("!!!"), good + "A", good.substr(1)}) {
    EXPECT_EQ(FieldOf(GetIndexPage("things", 5, 3, token).status()), "page_token") << token;
  }
  EXPECT_EQ(FieldOf(GetIndexPage("others", 5, 3, good).status()), "page_token");
  EXPECT_EQ(FieldOf(GetIndexPage("things", 3, 3, good).status()), "page_token");
}

}  // namespace
}  // namespace impasto::rpc
