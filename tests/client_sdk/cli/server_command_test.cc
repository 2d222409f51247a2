#include "cli/server_command.h"

#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client_sdk/cli/cli_process.h"
#include "tests/testing/certificates.h"
#include "tests/testing/fake_service.h"

namespace impasto::cli {
namespace {

using ::impasto::testing::CertificateAuthority;
using ::impasto::testing::CliProcess;
using ::impasto::testing::FakeServer;
using ::impasto::testing::MakeTestDir;
using ::impasto::testing::WriteFile;
using ::testing::EndsWith;
using ::testing::HasSubstr;

v1::ServerInfo Info() {
  v1::ServerInfo info;
  info.set_version("0.2.0");
  info.set_api_revision(3);
  info.set_min_client_revision(1);
  info.set_client("alice");
  info.set_max_request_bytes(64 << 20);
  info.set_max_picture_bytes(256 << 20);
  info.set_requires_token(true);
  return info;
}

constexpr char kFacts[] =
    "version  0.2.0\n"
    "API      revision 3, for clients of 1 and later\n"
    "access   with a token; you see your own jobs\n"
    "you are  alice\n"
    "request  up to 64 MiB of pictures; larger ones are uploaded\n"
    "picture  up to 256 MiB\n";

TEST(PrintServerInfoTest, IsATable) {
  std::ostringstream out;
  PrintServerInfo(Info(), "h:1", &out);
  EXPECT_EQ(out.str(), "address  h:1\n" + std::string(kFacts));
}

class ServerProgramTest : public ::testing::Test {
 protected:
  int Run(std::vector<std::string> arguments, std::vector<std::string> environment = {}) {
    arguments.insert(arguments.begin(), {"server", "info"});
    CliProcess process(arguments, {.environment = std::move(environment)});
    const int code = process.Wait();
    out_ = process.out();
    err_ = process.err();
    return code;
  }

  const std::string dir_ = MakeTestDir();
  std::string out_;
  std::string err_;
};

TEST_F(ServerProgramTest, PrintsFactsOrJson) {
  FakeServer server;
  server.SetServerInfo(Info());
  EXPECT_EQ(Run({"--server", server.address()}), 0);
  EXPECT_EQ(out_, "address  " + server.address() + "\n" + kFacts);
  EXPECT_EQ(Run({"--server", server.address(), "--json"}), 0);
  EXPECT_THAT(out_, HasSubstr("\"api_revision\": 3,"));
  EXPECT_EQ(err_, "");
}

TEST_F(ServerProgramTest, AnOldServer) {
  FakeServer server;
  server.SetServerInfo({}, {grpc::StatusCode::UNIMPLEMENTED, ""});
  EXPECT_EQ(Run({"--server", server.address()}), 1);
  EXPECT_EQ(err_, "impasto: " + server.address() +
                      " is no Impasto server, or one older than API revision 1: update the server\n");
}

// A server with TLS and a token.
class SecureServerProgramTest : public ServerProgramTest {
 protected:
  SecureServerProgramTest()
      : authority_(dir_), server_("127.0.0.1:0", Credentials()), token_file_(dir_ + "token") {
    server_.SetToken("secret-secret-16");
    WriteFile(token_file_, "secret-secret-16\n");
    address_ = "localhost" + server_.address().substr(server_.address().rfind(':'));
  }

  std::shared_ptr<grpc::ServerCredentials> Credentials() {
    const testing::ServerCertificate certificate = authority_.Issue({"DNS:localhost"});
    grpc::SslServerCredentialsOptions options;
    options.pem_key_cert_pairs = {{certificate.key, certificate.certificate}};
    return grpc::SslServerCredentials(options);
  }

  CertificateAuthority authority_;
  FakeServer server_;
  const std::string token_file_;
  std::string address_;
};

TEST_F(SecureServerProgramTest, FlagsOrEnvironmentLetOneIn) {
  EXPECT_EQ(Run({"--server", address_, "--tls-ca", authority_.root_file(), "--token-file", token_file_}), 0);
  EXPECT_EQ(err_, "");
  EXPECT_EQ(Run({}, {"IMPASTO_SERVER=" + address_, "IMPASTO_TLS_CA=" + authority_.root_file(),
                     "IMPASTO_TOKEN=secret-secret-16"}),
            0);
  EXPECT_EQ(err_, "");
  // The system's roots are what gRPC is told they are.
  EXPECT_EQ(Run({"--server", address_, "--tls", "--token-file", token_file_},
                {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH=" + authority_.root_file()}),
            0);
  EXPECT_EQ(err_, "");
}

TEST_F(SecureServerProgramTest, SaysWhatIsMissing) {
  EXPECT_EQ(Run({"--server", address_, "--tls-ca", authority_.root_file()}), 1);
  EXPECT_EQ(err_,
            "impasto: the access token is missing or unknown\n"
            "  Give your access token with --token-file FILE, or in IMPASTO_TOKEN.\n");
  EXPECT_EQ(Run({"--server", server_.address(), "--token-file", token_file_}), 3);
  EXPECT_EQ(err_, "impasto: can't reach " + server_.address() +
                      " without TLS: the connection was closed at once. The server may want TLS\n"
                      "  Try --tls, or --tls-ca FILE with the certificate to trust.\n");
  EXPECT_EQ(Run({"--server", address_, "--tls"}), 3);
  EXPECT_EQ(err_,
            "impasto: can't trust " + address_ +
                ": its certificate has expired, or comes from none of the authorities that are trusted\n"
                "  Name the certificate to trust with --tls-ca FILE, or in IMPASTO_TLS_CA.\n");
  EXPECT_EQ(Run({"--server", server_.address(), "--tls-ca", authority_.root_file()}), 3);
  EXPECT_THAT(err_, EndsWith("\n  Give --server the name that is in the certificate.\n"));
}

TEST_F(SecureServerProgramTest, FilesThatCanNotBeRead) {
  EXPECT_EQ(Run({"--tls-ca", dir_ + "none.pem"}), 2);
  EXPECT_EQ(err_, "impasto: --tls-ca: " + dir_ + "none.pem: No such file or directory\n");
  EXPECT_EQ(Run({"--token-file", dir_ + "none"}), 2);
  EXPECT_EQ(err_, "impasto: --token-file: " + dir_ + "none: No such file or directory\n");
  EXPECT_EQ(Run({"--server", "paint.example:1", "--token-file", token_file_}), 2);
  EXPECT_THAT(err_, EndsWith("use TLS\n  Encrypt the connection with --tls or --tls-ca FILE.\n"));
}

}  // namespace
}  // namespace impasto::cli
