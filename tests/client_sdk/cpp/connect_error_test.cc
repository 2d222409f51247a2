// Everything that can stand between a client and a server, each with a real listener of its kind.
#include "connect_error.h"

#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "impasto/client.h"
#include "tests/client_sdk/cpp/listener.h"
#include "tests/testing/certificates.h"
#include "tests/testing/fake_service.h"
#include "tests/testing/http_server.h"

namespace impasto {
namespace {

using namespace ::impasto::testing;  // NOLINT(google-build-using-namespace): the test's vocabulary

std::string NewFolder() {
  std::string folder = ::testing::TempDir() + "connect_error_test.XXXXXX";
  EXPECT_NE(mkdtemp(folder.data()), nullptr);
  return folder + "/";
}

// One authority for all tests: keys take a moment.
CertificateAuthority& Authority() {
  static auto* const authority = new CertificateAuthority(NewFolder());
  return *authority;
}

std::shared_ptr<grpc::ServerCredentials> CredentialsOf(const ServerCertificate& certificate) {
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs = {{certificate.key, certificate.certificate}};
  return grpc::SslServerCredentials(options);
}

std::shared_ptr<grpc::ServerCredentials> LocalhostCredentials() {
  static auto* const certificate =
      new ServerCertificate(Authority().Issue({"DNS:localhost", "DNS:paint.example"}));
  return CredentialsOf(*certificate);
}

TlsOptions Trusting(const CertificateAuthority& authority) { return {.root_certificates = authority.root()}; }

// The same port by the name that its certificate has.
std::string Localhost(const FakeServer& server) {
  return "localhost" + server.address().substr(server.address().rfind(':'));
}

void ExpectUnreachable(const ClientOptions& options, const std::string& reason, const std::string& words) {
  const absl::Status status = Client::Connect(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(status), reason);
  EXPECT_EQ(status.message(), words);
}

TEST(ConnectErrorTest, TlsWorks) {
  const FakeServer server("127.0.0.1:0", LocalhostCredentials());
  const auto client = Client::Connect({.address = Localhost(server), .tls = Trusting(Authority())});
  EXPECT_TRUE(client.ok()) << client.status();
  const auto named = Client::Connect(
      {.address = server.address(),
       .tls = TlsOptions{.root_certificates = Authority().root(), .server_name = "paint.example"}});
  EXPECT_TRUE(named.ok()) << named.status();
}

TEST(ConnectErrorTest, NobodyListens) {
  const Listener port(Listener::Kind::kRefuses);
  ExpectUnreachable({.address = port.address()}, "NOBODY_THERE",
                    "can't reach " + port.address() + ": nobody listens there");
  ExpectUnreachable({.address = port.address(), .tls = Trusting(Authority())}, "NOBODY_THERE",
                    "can't reach " + port.address() + ": nobody listens there");
  ExpectUnreachable({.address = "unix:/nowhere/socket"}, "NOBODY_THERE",
                    "can't reach unix:/nowhere/socket: nobody listens there");
}

TEST(ConnectErrorTest, NobodyListensAndIsWaitedFor) {
  const Listener port(Listener::Kind::kRefuses);
  ExpectUnreachable(
      {.address = port.address(), .connect_timeout = absl::Milliseconds(200), .wait_for_server = true},
      "NOBODY_THERE", "can't reach " + port.address() + ": nobody listens there");
}

// gRPC's words alone: a machine without a name server would take its time.
TEST(ConnectErrorTest, NoSuchHost) {
  const absl::Status status = CallStatus(
      {.address = "paint.invalid:50451"},
      {grpc::StatusCode::UNAVAILABLE,
       "DNS resolution failed for paint.invalid:50451: C-ares status is not ARES_SUCCESS qtype=AAAA "
       "name=paint.invalid is_balancer=0: Domain name not found"});
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(status), "UNKNOWN_HOST");
  EXPECT_EQ(status.message(), "can't reach paint.invalid:50451: no host of that name is known");
}

TEST(ConnectErrorTest, SomethingThatIsSilent) {
  const Listener port(Listener::Kind::kSilent);
  ExpectUnreachable({.address = port.address(), .connect_timeout = absl::Milliseconds(200)}, "",
                    "no answer from " + port.address() + " within 200ms");
  ExpectUnreachable(
      {.address = port.address(), .connect_timeout = absl::Milliseconds(200), .tls = Trusting(Authority())},
      "", "no answer from " + port.address() + " within 200ms");
}

TEST(ConnectErrorTest, SomethingThatSpeaksHttp) {
  const HttpServer server([](const HttpRequest&) { return HttpResponse{.code = 404}; });
  const std::string address = server.Url("").substr(std::string("http://").size());
  ExpectUnreachable({.address = address}, "NO_GRPC_THERE",
                    "can't reach " + address + ": what listens there doesn't speak gRPC");
}

TEST(ConnectErrorTest, TlsToAServerWithoutIt) {
  const FakeServer server;
  ExpectUnreachable({.address = Localhost(server), .tls = Trusting(Authority())}, "NO_TLS_THERE",
                    "can't reach " + Localhost(server) + " with TLS: what listens there doesn't speak it");
}

TEST(ConnectErrorTest, NoTlsToAServerWithIt) {
  const FakeServer server("127.0.0.1:0", LocalhostCredentials());
  ExpectUnreachable({.address = server.address()}, "CLOSED_WITHOUT_TLS",
                    "can't reach " + server.address() +
                        " without TLS: the connection was closed at once. The server may want TLS");
}

TEST(ConnectErrorTest, AnAuthorityThatIsNotTrusted) {
  const FakeServer server("127.0.0.1:0", LocalhostCredentials());
  const CertificateAuthority other(NewFolder());
  const std::string words =
      "can't trust " + Localhost(server) +
      ": its certificate has expired, or comes from none of the authorities that are trusted";
  ExpectUnreachable({.address = Localhost(server), .tls = Trusting(other)}, "CERTIFICATE_NOT_TRUSTED", words);
  ExpectUnreachable({.address = Localhost(server), .tls = TlsOptions{}}, "CERTIFICATE_NOT_TRUSTED", words);
}

TEST(ConnectErrorTest, ACertificateThatHasExpired) {
  const FakeServer server("127.0.0.1:0", CredentialsOf(Authority().Issue({"DNS:localhost"}, /*days=*/0)));
  ExpectUnreachable(
      {.address = Localhost(server), .tls = Trusting(Authority())}, "CERTIFICATE_NOT_TRUSTED",
      "can't trust " + Localhost(server) +
          ": its certificate has expired, or comes from none of the authorities that are trusted");
}

TEST(ConnectErrorTest, ACertificateOfAnotherHost) {
  const FakeServer server("127.0.0.1:0", LocalhostCredentials());
  ExpectUnreachable({.address = server.address(), .tls = Trusting(Authority())}, "CERTIFICATE_OF_ANOTHER",
                    "can't trust " + server.address() +
                        ": its certificate is for other names. Use one of those as the address");
}

TEST(ConnectErrorTest, RootsThatCanNotBeRead) {
  const FakeServer server("127.0.0.1:0", LocalhostCredentials());
  EXPECT_EQ(Client::Connect(
                {.address = Localhost(server),
                 .tls = TlsOptions{.root_certificates =
                                       "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}})
                .status(),
            absl::InvalidArgumentError("tls.root_certificates: holds certificates that can't be read"));
}

TEST(ConnectErrorTest, TokensAreSentAndJudgedByTheServer) {
  FakeServer server("127.0.0.1:0", LocalhostCredentials());
  server.SetToken("secret-secret-16");
  ClientOptions options{.address = Localhost(server), .tls = Trusting(Authority())};
  EXPECT_EQ(Client::Connect(options).status(),
            absl::UnauthenticatedError("the access token is missing or unknown"));
  options.token = "another-secret-16";
  EXPECT_EQ(Client::Connect(options).status(),
            absl::UnauthenticatedError("the access token is missing or unknown"));
  options.token = "secret-secret-16";
  const auto client = Client::Connect(options);
  ASSERT_TRUE(client.ok()) << client.status();
  client->StartStylize({})->Finish().IgnoreError();
  client->WatchJob("jobs/1")->Finish().IgnoreError();
  EXPECT_THAT(server.authorizations(),
              ::testing::ElementsAre("", "Bearer another-secret-16", "Bearer secret-secret-16",
                                     "Bearer secret-secret-16", "Bearer secret-secret-16"));
}

v1::ServerInfo Info(int revision, int min_client) {
  v1::ServerInfo info;
  info.set_version("0.0.9");
  info.set_api_revision(revision);
  info.set_min_client_revision(min_client);
  return info;
}

TEST(ConnectErrorTest, ServersOfOtherRevisions) {
  FakeServer server;
  const ClientOptions options{.address = server.address()};
  server.SetServerInfo(Info(0, 0));
  EXPECT_EQ(Client::Connect(options).status(),
            absl::FailedPreconditionError("the server at " + server.address() +
                                          " (impastod 0.0.9) speaks revision 0 of the API; this client needs "
                                          "1: update the server"));
  server.SetServerInfo(Info(3, 2));
  EXPECT_EQ(Client::Connect(options).status(),
            absl::FailedPreconditionError(
                "the server at " + server.address() +
                " (impastod 0.0.9) no longer understands this client (revision 1): update the client"));
  server.SetServerInfo(Info(3, 1));
  EXPECT_EQ(Client::Connect(options)->server_info().api_revision(), 3);
  server.SetServerInfo({}, {grpc::StatusCode::UNIMPLEMENTED, ""});
  EXPECT_EQ(
      Client::Connect(options).status(),
      absl::FailedPreconditionError(
          server.address() + " is no Impasto server, or one older than API revision 1: update the server"));
  server.SetServerInfo({}, {grpc::StatusCode::INTERNAL, "broken"});
  EXPECT_EQ(Client::Connect(options).status(), absl::InternalError("broken"));
}

TEST(ConnectErrorTest, HeadersOfAnotherVersion) {
  EXPECT_EQ(
      MakeConnection({}, "0.0.9").status(),
      absl::FailedPreconditionError(
          "this program was compiled with the headers of Impasto 0.0.9, and linked with the library of " +
          std::string(ClientVersion()) + ": build it again with both of one installation"));
}

TEST(ConnectErrorTest, AServersOwnWordsStayAsTheyAre) {
  EXPECT_EQ(CallStatus({}, {grpc::StatusCode::UNAVAILABLE, "stopping"}), absl::UnavailableError("stopping"));
  EXPECT_EQ(CallStatus({}, {grpc::StatusCode::NOT_FOUND, "no job"}), absl::NotFoundError("no job"));
  EXPECT_TRUE(CallStatus({}, grpc::Status::OK).ok());
}

}  // namespace
}  // namespace impasto
