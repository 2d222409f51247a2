// Who may call the real impastod: TLS, access tokens, and whose jobs are whose.
#include <gmock/gmock.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "imaging/picture.h"
#include "impasto/v1/server.grpc.pb.h"
#include "tests/integration/harness.h"
#include "tests/testing/certificates.h"

namespace impasto::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kAnna[] = "token.of.anna.xx";
constexpr char kBen[] = "token.of.ben.xxx";

class AccessTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(imaging::Init(1).ok()); }
  AccessTest() : authority_(dir_.path() + "/") {
    WriteSmallModel(dir_.path(), "vgg19");
    authority_.Issue({"DNS:localhost", "IP:127.0.0.1"});
    std::ofstream(dir_.File("tokens")) << "anna " << kAnna << "\nben " << kBen << "\n";
    server_ = StartServer(dir_.path(), {"--tls-cert", authority_.certificate_file(), "--tls-key",
                                        authority_.key_file(), "--token-file", dir_.File("tokens")});
    Connect(authority_.root());
  }
  // Trusting who signed with `root`.
  void Connect(const std::string& root) {
    channel_ = grpc::CreateChannel(server_.address, grpc::SslCredentials({.pem_root_certs = root}));
  }
  grpc::Status Info(const std::string& token, v1::ServerInfo* info) {
    grpc::ClientContext context;
    Authorize(&context, token);
    return v1::Server::NewStub(channel_)->GetServerInfo(&context, v1::GetServerInfoRequest(), info);
  }
  grpc::StatusCode Get(const std::string& job, const std::string& token) {
    grpc::ClientContext context;
    Authorize(&context, token);
    v1::GetJobRequest request;
    request.set_name(job);
    v1::Job response;
    return v1::Stylization::NewStub(channel_)->GetJob(&context, request, &response).error_code();
  }
  static void Authorize(grpc::ClientContext* context, const std::string& token) {
    if (!token.empty()) context->AddMetadata("authorization", "Bearer " + token);
  }

  TempDir dir_;
  CertificateAuthority authority_;
  RunningServer server_;
  std::shared_ptr<grpc::Channel> channel_;
  v1::ServerInfo info_;
};

TEST_F(AccessTest, TheRightTokenOverTls) {
  const grpc::Status status = Info(kAnna, &info_);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(info_.client(), "anna");
  EXPECT_TRUE(info_.requires_token());
  EXPECT_EQ(info_.max_request_bytes(), int64_t{64} << 20);
  EXPECT_EQ(info_.max_picture_bytes(), int64_t{256} << 20);
  EXPECT_EQ(info_.api_revision(), v1::ApiRevision_MAX);
}

TEST_F(AccessTest, WhoIsntLetIn) {
  EXPECT_EQ(Info("", &info_).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Info("token.of.nobody.", &info_).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  // A certificate of somebody else's, and none at all.
  TempDir elsewhere;
  CertificateAuthority stranger(elsewhere.path() + "/");
  Connect(stranger.root());
  EXPECT_EQ(Info(kAnna, &info_).error_code(), grpc::StatusCode::UNAVAILABLE);
  channel_ = grpc::CreateChannel(server_.address, grpc::InsecureChannelCredentials());
  EXPECT_EQ(Info(kAnna, &info_).error_code(), grpc::StatusCode::UNAVAILABLE);
  // None of it harms the others.
  Connect(authority_.root());
  EXPECT_TRUE(Info(kBen, &info_).ok());
}

TEST_F(AccessTest, AJobIsItsOwners) {
  grpc::ClientContext context;
  Authorize(&context, kAnna);
  const auto reader = v1::Stylization::NewStub(channel_)->Stylize(&context, SmallRequest(2));
  std::string job;
  v1::JobEvent event;
  bool finished = false;
  while (reader->Read(&event)) {
    if (event.has_accepted()) {
      job = event.accepted().job();
      EXPECT_EQ(Get(job, kAnna), grpc::StatusCode::OK);
      EXPECT_EQ(Get(job, kBen), grpc::StatusCode::NOT_FOUND);
      EXPECT_EQ(Get(job, ""), grpc::StatusCode::UNAUTHENTICATED);
    }
    finished |= event.has_finished();
  }
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_TRUE(finished);
}

TEST_F(AccessTest, HealthNeedsNoToken) {
  EXPECT_TRUE(WatchHealth(*channel_, "", [](int state) { return state == 1; }).ok());
}

// What a server says that doesn't start.
std::string FailToStart(const std::string& weights_dir, std::vector<std::string> flags) {
  const auto process = ServerProcess::Start(IMPASTOD, ServerArguments(weights_dir, std::move(flags)));
  EXPECT_TRUE(process.ok()) << process.status();
  EXPECT_EQ(*(*process)->WaitForExit(), 1);
  return (*process)->output();
}

TEST(AccessFlags, AServerThatCantBeSafeDoesntStart) {
  TempDir dir;
  WriteSmallModel(dir.path(), "vgg19");
  std::ofstream(dir.File("tokens")) << "anna " << kAnna << "\n";
  const std::string output =
      FailToStart(dir.path(), {"--listen", "0.0.0.0:0", "--token-file", dir.File("tokens")});
  EXPECT_THAT(output, HasSubstr("access tokens would be sent to 0.0.0.0:0"));
  EXPECT_THAT(output, HasSubstr("--tls-cert"));
  EXPECT_THAT(output, Not(HasSubstr(kAnna)));
}

TEST(AccessFlags, BadFilesAreNamed) {
  TempDir dir, elsewhere;
  CertificateAuthority authority(dir.path() + "/"), other(elsewhere.path() + "/");
  authority.Issue({"DNS:localhost"});
  other.Issue({"DNS:localhost"});
  const std::string certificate = authority.certificate_file();
  const std::string bad_tokens = dir.File("tokens");
  std::ofstream(bad_tokens) << "anna " << kAnna << "\nben tooshort\n";
  const auto tls = [&](const std::string& cert, const std::string& key) {
    return FailToStart(dir.path(), {"--tls-cert", cert, "--tls-key", key});
  };
  EXPECT_THAT(tls(dir.File("none"), authority.key_file()),
              AllOf(HasSubstr("--tls-cert, --tls-key: "), HasSubstr(dir.File("none"))));
  EXPECT_THAT(tls(bad_tokens, authority.key_file()),
              HasSubstr("--tls-cert, --tls-key: " + bad_tokens + " holds no certificate in PEM form"));
  EXPECT_THAT(tls(certificate, other.key_file()),
              HasSubstr(other.key_file() + " isn't the key of the certificate in " + certificate));
  EXPECT_THAT(FailToStart(dir.path(), {"--token-file", bad_tokens}),
              AllOf(HasSubstr("--token-file: " + bad_tokens + ": line 2"), Not(HasSubstr("tooshort"))));
}

TEST(AccessFlags, WhatIsWrongButWorksIsWarnedOf) {
  TempDir dir;
  WriteSmallModel(dir.path(), "vgg19");
  CertificateAuthority authority(dir.path() + "/");
  authority.Issue({"DNS:localhost"}, /*days=*/0);
  const std::string tokens = dir.File("tokens");
  std::ofstream(tokens) << "anna " << kAnna << "\n";
  std::filesystem::permissions(tokens, static_cast<std::filesystem::perms>(0644));
  const RunningServer server =
      StartServer(dir.path(), {"--tls-cert", authority.certificate_file(), "--tls-key", authority.key_file(),
                               "--token-file", tokens});
  EXPECT_THAT(server.process->output(),
              AllOf(HasSubstr("chmod 600 " + tokens),
                    HasSubstr("the certificate in " + authority.certificate_file() + " was valid until")));
}

}  // namespace
}  // namespace impasto::testing
