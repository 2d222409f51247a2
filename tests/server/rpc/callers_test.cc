#include "rpc/callers.h"

#include <gtest/gtest.h>

namespace impasto::rpc {
namespace {

constexpr char kPeer[] = "ipv4:192.0.2.7:4711";

Callers WithTokens() { return Callers(*AccessTokens::Parse("anna sixteen.letters.\nben seventeen.letters")); }

TEST(Callers, WithoutTokensAnybodyIsWhoHeSays) {
  const Callers callers;
  EXPECT_FALSE(callers.want_tokens());
  EXPECT_EQ(callers.Identify({{"impasto-client", "gimp"}}, kPeer)->client, "gimp");
  EXPECT_EQ(callers.Identify({{"authorization", "Bearer whatever"}}, kPeer)->client, "192.0.2.7");
  EXPECT_FALSE(callers.Identify({}, kPeer)->own_jobs_only);
  EXPECT_EQ(callers.Identify({{"impasto-client", ""}}, kPeer).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(Callers, ATokenSaysWhoCalls) {
  const Callers callers = WithTokens();
  EXPECT_TRUE(callers.want_tokens());
  const auto anna =
      callers.Identify({{"authorization", "Bearer sixteen.letters."}, {"impasto-client", "ben"}}, kPeer);
  ASSERT_TRUE(anna.ok()) << anna.status();
  EXPECT_EQ(anna->client, "anna");
  EXPECT_TRUE(anna->own_jobs_only);
  EXPECT_EQ(callers.Identify({{"authorization", "bearer seventeen.letters"}}, kPeer)->client, "ben");
}

TEST(Callers, OthersAreRefused) {
  const Callers callers = WithTokens();
  EXPECT_EQ(callers.Identify({{"impasto-client", "anna"}}, kPeer).status(),
            absl::UnauthenticatedError(
                "this server wants an access token in the call's metadata: \"authorization: Bearer TOKEN\""));
  const absl::Status form = absl::UnauthenticatedError(
      "the call's metadata \"authorization\" is not one of the form \"Bearer TOKEN\"");
  EXPECT_EQ(callers.Identify({{"authorization", "sixteen.letters."}}, kPeer).status(), form);
  EXPECT_EQ(callers.Identify({{"authorization", "Basic sixteen.letters."}}, kPeer).status(), form);
  EXPECT_EQ(callers
                .Identify({{"authorization", "Bearer sixteen.letters."},
                           {"authorization", "Bearer sixteen.letters."}},
                          kPeer)
                .status(),
            form);
  const absl::Status unknown = absl::UnauthenticatedError("this server doesn't know the call's access token");
  EXPECT_EQ(callers.Identify({{"authorization", "Bearer sixteen.letters"}}, kPeer).status(), unknown);
  EXPECT_EQ(callers.Identify({{"authorization", "Bearer "}}, kPeer).status(), unknown);
}

}  // namespace
}  // namespace impasto::rpc
