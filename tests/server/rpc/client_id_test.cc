#include "rpc/client_id.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/field_error.h"

namespace impasto::rpc {
namespace {

using testing::HasSubstr;

absl::StatusOr<std::string> WithId(const std::string& id) {
  return ClientId({{"impasto-client", id}, {"user-agent", "x"}}, "ipv4:127.0.0.1:4711");
}

TEST(ClientId, WhatTheClientCallsItself) {
  EXPECT_EQ(*WithId("gimp of Anna <anna@example.org>"), "gimp of Anna <anna@example.org>");
  EXPECT_EQ(*WithId("x"), "x");
  EXPECT_EQ(*WithId(std::string(64, '~')), std::string(64, '~'));
}

TEST(ClientId, BadOnesAreNamed) {
  for (const std::string& id : {std::string(), std::string(65, 'x'), std::string("a\nb"),
                                std::string("a\x7f"), std::string("\xc3\xa9"), std::string("a\0b", 3)}) {
    const absl::Status status = WithId(id).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << id;
    EXPECT_EQ(FieldOf(status), "impasto-client") << id;
  }
  EXPECT_THAT(WithId(std::string(65, 'x')).status().message(), HasSubstr("65 characters"));
  EXPECT_EQ(FieldOf(ClientId({{"impasto-client", "a"}, {"impasto-client", "a"}}, "unix:").status()),
            "impasto-client");
}

TEST(ClientId, OtherwiseTheHost) {
  EXPECT_EQ(*ClientId({}, "ipv4:127.0.0.1:4711"), "127.0.0.1");
  EXPECT_EQ(*ClientId({}, "ipv6:%5B::1%5D:4711"), "::1");
  EXPECT_EQ(*ClientId({}, "ipv6:[2001:db8::7]:1"), "2001:db8::7");
  EXPECT_EQ(*ClientId({{"user-agent", "x"}}, "unix:/run/impasto.sock"), "unix");
  EXPECT_EQ(*ClientId({}, "unix:"), "unix");
}

}  // namespace
}  // namespace impasto::rpc
