#include "base/field_error.h"

#include <gtest/gtest.h>

#include "absl/strings/cord.h"

namespace impasto {
namespace {

TEST(FieldError, NamesTheField) {
  const absl::Status status = FieldError("recipe.iterations", "0 is outside 1..100000");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "recipe.iterations: 0 is outside 1..100000");
  EXPECT_EQ(FieldOf(status), "recipe.iterations");
  EXPECT_EQ(FieldError("a", "b", absl::StatusCode::kNotFound).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(FieldOf(absl::NotFoundError("x")), "");
}

TEST(InField, PutsFieldsTogether) {
  EXPECT_EQ(InField("a", absl::OkStatus()), absl::OkStatus());
  EXPECT_EQ(InField("a", absl::NotFoundError("none")), FieldError("a", "none", absl::StatusCode::kNotFound));
  EXPECT_EQ(InField("a", FieldError("b", "bad")), FieldError("a.b", "bad"));
  EXPECT_EQ(InField("a", FieldError("[1].b", "bad")), FieldError("a[1].b", "bad"));
}

TEST(InField, KeepsOtherDetails) {
  absl::Status status = FieldError("b", "bad");
  status.SetPayload("other", absl::Cord("detail"));
  const absl::Status outer = InField("a", status);
  EXPECT_EQ(outer.GetPayload("other"), absl::Cord("detail"));
  EXPECT_EQ(FieldOf(outer), "a.b");
}

}  // namespace
}  // namespace impasto
