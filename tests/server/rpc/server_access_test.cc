// Whom the whole server lets in: tokens in front of every method, and TLS.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "impasto/v1/server.grpc.pb.h"
#include "rpc/server.h"
#include "tests/server/rpc/fake_backends.h"
#include "tests/server/rpc/test_server.h"
#include "tests/testing/certificates.h"

namespace impasto::rpc {
namespace {

using impasto::testing::CertificateAuthority;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ServerAccessTest : public ::testing::Test {
 protected:
  ~ServerAccessTest() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }
  static std::string MakeFolder() {
    std::string pattern = ::testing::TempDir() + "server_access_test_XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    return pattern + "/";
  }
  ServerOptions Options() {
    ServerOptions options;
    options.stylization = &stylization_;
    options.uploads = &uploads_;
    options.models = &models_;
    options.styles = &styles_;
    return options;
  }
  KeyPairFiles Files() const { return {authority_.certificate_file(), authority_.key_file()}; }
  void Start(const ServerOptions& options) {
    auto server = Server::Start(options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  // A connection of its own.
  std::shared_ptr<grpc::Channel> Connect(const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetSslTargetNameOverride("localhost");
    return grpc::CreateCustomChannel(server_->address(), credentials, arguments);
  }
  std::shared_ptr<grpc::Channel> Trusting(const CertificateAuthority& authority) {
    return Connect(grpc::SslCredentials({.pem_root_certs = authority.root()}));
  }
  static grpc::Status Info(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    v1::ServerInfo info;
    return v1::Server::NewStub(channel)->GetServerInfo(&context, v1::GetServerInfoRequest(), &info);
  }

  const std::string folder_ = MakeFolder();
  CertificateAuthority authority_{folder_};
  FakeStylization stylization_;
  FakeUploads uploads_;
  NoModels models_;
  FakeStyles styles_;
  std::unique_ptr<Server> server_;
};

// Calls any method, with one message that is empty.
grpc::Status CallEmpty(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                       const std::string& token) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareCall(&context, method, &queue);
  const auto wait = [&] {
    void* tag = nullptr;
    bool ok = false;
    EXPECT_TRUE(queue.Next(&tag, &ok));
    return ok;
  };
  call->StartCall(nullptr);
  if (wait()) {
    const grpc::Slice nothing;
    call->WriteLast(grpc::ByteBuffer(&nothing, 1), {}, nullptr);
    wait();
  }
  grpc::ByteBuffer answer;
  do {
    call->Read(&answer, nullptr);
  } while (wait());
  grpc::Status status;
  call->Finish(&status, nullptr);
  wait();
  return status;
}

TEST_F(ServerAccessTest, EveryMethodOfEveryServiceWantsAToken) {
  ServerOptions options = Options();
  options.tokens = *AccessTokens::Parse("anna token.of.anna.xx");
  Start(options);
  uploads_.may_finish.Add();
  const auto channel = Connect(grpc::InsecureChannelCredentials());
  int methods = 0;
  for (const google::protobuf::FileDescriptor* file :
       {v1::ServerInfo::descriptor()->file(), v1::StylizeRequest::descriptor()->file(),
        v1::ListModelsRequest::descriptor()->file(), v1::ListStylesRequest::descriptor()->file()}) {
    ASSERT_EQ(file->service_count(), 1) << file->name();
    const google::protobuf::ServiceDescriptor* service = file->service(0);
    for (int i = 0; i < service->method_count(); ++i, ++methods) {
      const std::string name = absl::StrCat("/", service->full_name(), "/", service->method(i)->name());
      for (const std::string token : {"", "token.of.nobody.x"}) {
        const grpc::Status status = CallEmpty(channel, name, token);
        EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << name;
        EXPECT_THAT(status.error_message(), AllOf(HasSubstr("access token"), Not(HasSubstr("nobody"))))
            << name;
        EXPECT_EQ(FieldOfDetails(status), "") << name;
      }
      EXPECT_NE(CallEmpty(channel, name, "token.of.anna.xx").error_code(), grpc::StatusCode::UNAUTHENTICATED)
          << name;
    }
  }
  EXPECT_EQ(methods, 20);
}

TEST_F(ServerAccessTest, EncryptsForThoseWhoTrustItsCertificate) {
  authority_.Issue({"DNS:localhost"});
  ServerOptions options = Options();
  options.tls = Files();
  for (const std::string& listen : {std::string("127.0.0.1:0"), absl::StrCat("unix:", folder_, "socket")}) {
    options.listen = listen;
    Start(options);
    EXPECT_TRUE(Info(Trusting(authority_)).ok()) << listen;
    EXPECT_EQ(Info(Connect(grpc::InsecureChannelCredentials())).error_code(), grpc::StatusCode::UNAVAILABLE)
        << listen;
  }
}

TEST_F(ServerAccessTest, TokensMayGoEverywhereOverTls) {
  authority_.Issue({"DNS:localhost"});
  ServerOptions options = Options();
  options.listen = "0.0.0.0:0";
  options.tokens = *AccessTokens::Parse("anna token.of.anna.xx");
  const absl::Status open = Server::Start(options).status();
  EXPECT_EQ(open.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(open.message(), AllOf(HasSubstr("0.0.0.0:0"), HasSubstr("--tls-cert")));
  options.tls = Files();
  Start(options);
  EXPECT_EQ(Info(Trusting(authority_)).error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(ServerAccessTest, DoesntStartWithAnothersKey) {
  authority_.Issue({"DNS:localhost"});
  ServerOptions options = Options();
  options.tls = KeyPairFiles{authority_.root_file(), authority_.key_file()};
  EXPECT_EQ(Server::Start(options).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ServerAccessTest, TakesARenewedCertificate) {
  authority_.Issue({"DNS:localhost"});
  ServerOptions options = Options();
  options.tls = Files();
  options.certificate_seconds = 1;
  Start(options);
  const auto before = Trusting(authority_);
  EXPECT_TRUE(Info(before).ok());

  const std::string elsewhere = folder_ + "other/";
  std::filesystem::create_directory(elsewhere);
  CertificateAuthority successor(elsewhere);
  successor.Issue({"DNS:localhost"});
  std::filesystem::rename(successor.key_file(), authority_.key_file());
  std::filesystem::rename(successor.certificate_file(), authority_.certificate_file());
  const auto latest = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!Info(Trusting(successor)).ok()) ASSERT_LT(std::chrono::steady_clock::now(), latest);
  // Who is connected stays so; who comes anew has to trust the new one.
  EXPECT_TRUE(Info(before).ok());
  EXPECT_EQ(Info(Trusting(authority_)).error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace impasto::rpc
