#include "core/json_value.h"

#include <gtest/gtest.h>

namespace impasto::gimp {
namespace {

TEST(JsonValueTest, TheFirstMemberThatIsRefusedIsNamed) {
  const absl::StatusOr<nlohmann::json> value = ParseObject(R"({"a": 5, "b": "five", "c": []})");
  ASSERT_TRUE(value.ok());
  MemberReader reader(*value);
  int a = 0;
  int b = 7;
  std::string c = "unchanged";
  reader.Read("a", &a);
  EXPECT_TRUE(reader.status().ok());
  reader.Read("b", &b);
  reader.Read("c", &c);
  EXPECT_EQ(a, 5);
  EXPECT_EQ(b, 7);
  EXPECT_EQ(c, "unchanged");
  EXPECT_EQ(reader.status(), absl::InvalidArgumentError("b: not a value for it"));
}

TEST(JsonValueTest, ANumberBeyondItsRangeIsRefused) {
  const absl::StatusOr<nlohmann::json> value = ParseObject(R"({"a": 5, "b": 18446744073709551615})");
  ASSERT_TRUE(value.ok());
  MemberReader reader(*value);
  int a = 1;
  reader.Read("a", &a, 0, 4);
  EXPECT_EQ(a, 1);
  int64_t b = 2;
  reader.Read("b", &b);
  EXPECT_EQ(b, 2);
  EXPECT_FALSE(reader.status().ok());
}

TEST(JsonValueTest, BytesThatAreNoTextAreReplaced) {
  EXPECT_EQ(Printed({{"value", "a\xff"}}), "{\"value\":\"a\xEF\xBF\xBD\"}");
}

TEST(JsonValueTest, AServerAndBack) {
  const ServerSettings server{.address = "host:1", .tls_ca = "/ca.pem", .token_file = "/token"};
  EXPECT_EQ(*ServerFromValue(ToValue(server)), server);
  EXPECT_EQ(ServerFromValue({{"address", 5}}).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace impasto::gimp
