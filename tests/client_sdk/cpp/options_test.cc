#include "impasto/options.h"

#include <cstdlib>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "impasto/address.h"
#include "impasto/error.h"
#include "resolve_options.h"

namespace impasto {
namespace {

constexpr char kPem[] = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";

std::string FileWith(const std::string& name, const std::string& bytes) {
  const std::string path = ::testing::TempDir() + "options_test." + name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

TEST(OptionsTest, AFileOfRoots) {
  const std::string path = FileWith("ca.pem", kPem);
  EXPECT_EQ(*RootCertificatesFromFile(path), kPem);
  const std::string other = FileWith("none.pem", "no certificate\n");
  EXPECT_EQ(RootCertificatesFromFile(other).status(),
            absl::InvalidArgumentError(other + ": no certificate in PEM form"));
  EXPECT_EQ(RootCertificatesFromFile("/nowhere/ca.pem").status().code(), absl::StatusCode::kNotFound);
  const std::string large = FileWith("large.pem", kPem + std::string(1 << 20, ' '));
  EXPECT_EQ(RootCertificatesFromFile(large).status(),
            absl::InvalidArgumentError(large + ": larger than 1 MiB"));
}

TEST(OptionsTest, AFileWithAToken) {
  EXPECT_EQ(*TokenFromFile(FileWith("token", "secret-secret-16\nthe rest is a note\n")), "secret-secret-16");
  EXPECT_EQ(*TokenFromFile(FileWith("token", "  secret-secret-16\r\n")), "secret-secret-16");
  EXPECT_EQ(*TokenFromFile(FileWith("token", "secret-secret-16")), "secret-secret-16");
  const std::string empty = FileWith("empty", "\nsecret\n");
  EXPECT_EQ(TokenFromFile(empty).status(),
            absl::InvalidArgumentError(empty + ": no token on the first line"));
  const std::string named = FileWith("named", "alice secret-secret-16\n");
  EXPECT_EQ(
      TokenFromFile(named).status(),
      absl::InvalidArgumentError(named + ": token: other characters than printable ASCII without blanks"));
  EXPECT_EQ(TokenFromFile("/nowhere/token").status().code(), absl::StatusCode::kNotFound);
}

TEST(OptionsTest, ThisMachine) {
  for (const char* const address : {"127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1", "unix:socket"}) {
    EXPECT_TRUE(IsThisMachine(address)) << address;
  }
  for (const char* const address :
       {"127.0.0.1.example.com:1", "localhost.example.com:1", "128.0.0.1:1", "[::2]:1", "0.0.0.0:1", "a:1"}) {
    EXPECT_FALSE(IsThisMachine(address)) << address;
  }
}

TEST(OptionsTest, ATokenStaysOnThisMachineUnlessTheConnectionIsEncrypted) {
  ClientOptions options{.address = "paint.example:1", .token = "secret-secret-16"};
  const absl::Status status = ResolveOptions(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      status.message(),
      "token: the connection to paint.example:1 isn't encrypted, and a token isn't sent in the clear to "
      "another machine: use TLS");
  EXPECT_EQ(ErrorReason(status), "TOKEN_IN_THE_CLEAR");
  options.tls.emplace();
  EXPECT_TRUE(ResolveOptions(options).ok());
  options.tls.reset();
  options.address = "127.0.0.1:1";
  EXPECT_TRUE(ResolveOptions(options).ok());
}

TEST(OptionsTest, RefusesTokensThatCanNotBeSent) {
  for (const std::string token : {"two words", "line\nbreak", "\xc3\xa4rger"}) {
    EXPECT_EQ(ResolveOptions({.token = token}).status(),
              absl::InvalidArgumentError("token: other characters than printable ASCII without blanks"));
  }
  EXPECT_EQ(ResolveOptions({.token = std::string(4097, 't')}).status(),
            absl::InvalidArgumentError("token: longer than 4096"));
}

TEST(OptionsTest, TakesTokenAndRootsFromTheEnvironment) {
  const std::string path = FileWith("ca.pem", kPem);
  setenv("IMPASTO_TLS_CA", path.c_str(), 1);
  setenv("IMPASTO_TOKEN", "of-the-environment", 1);
  const auto options = ResolveOptions({.address = "paint.example:1"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->tls->root_certificates, kPem);
  EXPECT_EQ(options->token, "of-the-environment");
  const auto given = ResolveOptions({.tls = TlsOptions{}, .token = "of-the-program"});
  ASSERT_TRUE(given.ok()) << given.status();
  EXPECT_EQ(given->tls->root_certificates, "");
  EXPECT_EQ(given->token, "of-the-program");
  setenv("IMPASTO_TLS_CA", "/nowhere/ca.pem", 1);
  EXPECT_EQ(ResolveOptions({}).status(),
            absl::InvalidArgumentError("IMPASTO_TLS_CA: /nowhere/ca.pem: No such file or directory"));
  unsetenv("IMPASTO_TLS_CA");
  unsetenv("IMPASTO_TOKEN");
}

TEST(OptionsTest, RefusesBadTimesAndRoots) {
  EXPECT_EQ(ResolveOptions({.timeout = absl::ZeroDuration()}).status(),
            absl::InvalidArgumentError("timeout: not above zero"));
  EXPECT_EQ(ResolveOptions({.retry_timeout = -absl::Seconds(1)}).status(),
            absl::InvalidArgumentError("retry_timeout: below zero"));
  EXPECT_EQ(ResolveOptions({.tls = TlsOptions{.root_certificates = "none"}}).status(),
            absl::InvalidArgumentError("tls.root_certificates: no certificate in PEM form"));
}

}  // namespace
}  // namespace impasto
