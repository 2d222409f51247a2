#include "rpc/server.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "impasto/v1/models.grpc.pb.h"
#include "impasto/v1/styles.grpc.pb.h"
#include "impasto/v1/stylization.grpc.pb.h"
#include "tests/server/rpc/fake_backends.h"
#include "tests/server/rpc/tcp_proxy.h"
#include "tests/server/rpc/test_server.h"

namespace impasto::rpc {
namespace {

using testing::HasSubstr;

grpc::ByteBuffer Bytes(const std::string& text) {
  grpc::Slice slice(text);
  return grpc::ByteBuffer(&slice, 1);
}
std::string Text(const grpc::ByteBuffer& bytes) {
  grpc::Slice slice;
  EXPECT_TRUE(bytes.DumpToSingleSlice(&slice).ok());
  return std::string(reinterpret_cast<const char*>(slice.begin()), slice.size());
}

class ServerTest : public testing::Test {
 protected:
  ServerOptions Options() {
    ServerOptions options;
    options.stylization = &stylization_;
    options.uploads = &uploads_;
    options.models = &models_;
    options.styles = &styles_;
    return options;
  }
  void Start(ServerOptions options) {
    auto server = Server::Start(std::move(options));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials());
    stub_ = v1::Stylization::NewStub(channel_);
  }

  static v1::StylizeRequest Request(int64_t content_bytes = 7) {
    v1::StylizeRequest request;
    request.mutable_content()->set_encoded(std::string(content_bytes, 'x'));
    request.add_styles()->set_encoded("style");
    return request;
  }

  // grpc.health.v1's answer for a service: 1 serving, 2 not serving; or minus the status code. Written by
  // hand: Debian has no generated code for it.
  int Health(const std::string& service) {
    std::string request;
    if (!service.empty())
      request = absl::StrCat("\x0a", std::string(1, static_cast<char>(service.size())), service);
    grpc::GenericStub stub(channel_);
    grpc::ClientContext context;
    const grpc::ByteBuffer question = Bytes(request);
    grpc::ByteBuffer answer;
    grpc::Status status;
    Counter done;
    stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", {}, &question, &answer,
                   [&](grpc::Status result) {
                     status = result;
                     done.Add();
                   });
    done.WaitFor(1);
    if (!status.ok()) return -status.error_code();
    const std::string text = Text(answer);
    return text.size() == 2 && text[0] == '\x08' ? text[1] : 0;
  }

  FakeStylization stylization_;
  FakeUploads uploads_;
  NoModels models_;
  FakeStyles styles_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::Stylization::Stub> stub_;
};

TEST_F(ServerTest, ListensOnAFreePort) {
  Start(Options());
  EXPECT_GT(server_->port(), 0);
  EXPECT_EQ(server_->address(), absl::StrCat("127.0.0.1:", server_->port()));
  grpc::ClientContext context;
  v1::ListModelsResponse response;
  EXPECT_TRUE(v1::Models::NewStub(channel_)->ListModels(&context, {}, &response).ok());
  EXPECT_EQ(response.models_size(), 1);
}

TEST_F(ServerTest, ATakenPortIsAnError) {
  Start(Options());
  ServerOptions options = Options();
  options.listen = server_->address();
  const absl::Status status = Server::Start(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(status.message(), HasSubstr(server_->address()));
  // And free again when the server is gone.
  server_.reset();
  EXPECT_TRUE(Server::Start(options).ok());
}

TEST_F(ServerTest, ListensOnAUnixSocket) {
  ServerOptions options = Options();
  const std::string path = absl::StrCat(testing::TempDir(), "server_test_", getpid(), ".sock");
  options.listen = absl::StrCat("unix:", path);
  Start(options);
  EXPECT_EQ(server_->port(), 0);
  EXPECT_EQ(server_->address(), options.listen);
  EXPECT_EQ(Health(""), 2);
  EXPECT_EQ(Server::Start(options).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Health(""), 2);
  server_.reset();
  unlink(path.c_str());
}

TEST_F(ServerTest, TakesTokensOnlyWhereNobodyListensIn) {
  ServerOptions options = Options();
  options.tokens = *AccessTokens::Parse("anna sixteen.letters.");
  Start(options);
  EXPECT_EQ(Health(""), 2) << "health wants no token";
  grpc::ClientContext context;
  v1::ListModelsResponse response;
  EXPECT_EQ(v1::Models::NewStub(channel_)->ListModels(&context, {}, &response).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  for (const char* open : {"0.0.0.0:0", "[::]:0"}) {
    options.listen = open;
    EXPECT_EQ(Server::Start(options).status().code(), absl::StatusCode::kInvalidArgument) << open;
  }
}

TEST_F(ServerTest, RefusesBadOptions) {
  ServerOptions options = Options();
  options.listen = "nonsense";
  EXPECT_EQ(Server::Start(options).status().code(), absl::StatusCode::kInvalidArgument);
  options = Options();
  options.models = nullptr;
  EXPECT_EQ(Server::Start(options).status().code(), absl::StatusCode::kInvalidArgument);
  options = Options();
  options.styles = nullptr;
  EXPECT_EQ(Server::Start(options).status().code(), absl::StatusCode::kInvalidArgument);
  for (int64_t bytes : {int64_t{0}, int64_t{-1}, int64_t{1} << 31, std::numeric_limits<int64_t>::max()}) {
    options = Options();
    options.max_request_bytes = bytes;
    EXPECT_EQ(Server::Start(options).status().code(), absl::StatusCode::kInvalidArgument) << bytes;
  }
  options = Options();
  options.max_event_streams = 0;
  EXPECT_EQ(Server::Start(options).status().code(), absl::StatusCode::kInvalidArgument);
  options = Options();
  options.certificate_seconds = 0;
  EXPECT_EQ(Server::Start(options).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ServerTest, ServesOnlyWhenItIsTold) {
  Start(Options());
  const auto expect = [&](int health) {
    for (const char* service : {"", "impasto.v1.Stylization", "impasto.v1.Models", "impasto.v1.Styles"}) {
      EXPECT_EQ(Health(service), health) << service;
    }
  };
  expect(2);
  server_->SetServing(true);
  expect(1);
  server_->SetServing(false);
  expect(2);
  EXPECT_EQ(Health("impasto.v1.Other"), -grpc::StatusCode::NOT_FOUND);
}

TEST_F(ServerTest, ReflectionListsTheServices) {
  Start(Options());
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const auto call =
      stub.PrepareCall(&context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  const auto wait = [&] {
    void* tag = nullptr;
    bool ok = false;
    EXPECT_TRUE(queue.Next(&tag, &ok));
    return ok;
  };
  call->StartCall(nullptr);
  ASSERT_TRUE(wait());
  call->Write(Bytes(std::string("\x3a\x00", 2)), nullptr);  // list_services: ""
  ASSERT_TRUE(wait());
  grpc::ByteBuffer answer;
  call->Read(&answer, nullptr);
  ASSERT_TRUE(wait());
  const std::string text = Text(answer);
  EXPECT_THAT(text, HasSubstr("impasto.v1.Stylization"));
  EXPECT_THAT(text, HasSubstr("impasto.v1.Models"));
  EXPECT_THAT(text, HasSubstr("impasto.v1.Styles"));
  EXPECT_THAT(text, HasSubstr("grpc.health.v1.Health"));
  call->WritesDone(nullptr);
  ASSERT_TRUE(wait());
  grpc::Status status;
  call->Finish(&status, nullptr);
  ASSERT_TRUE(wait());
  EXPECT_TRUE(status.ok());
}

TEST_F(ServerTest, ReadsRequestsUpToItsLimit) {
  Start(Options());
  const auto stylize = [&](int64_t bytes) {
    grpc::ClientContext context;
    const auto reader = stub_->Stylize(&context, Request(bytes));
    v1::JobEvent event;
    while (reader->Read(&event)) {
    }
    return reader->Finish();
  };
  EXPECT_TRUE(stylize(64 << 20).ok());
  EXPECT_EQ(stylization_.bytes_received, 64 << 20);
  EXPECT_EQ(stylize((65 << 20) + 1).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(stylize(100).ok());
}

TEST_F(ServerTest, AClientThatDiesHasItsWatchDropped) {
  Start(Options());
  stylization_.run = nullptr;
  TcpProxy way(server_->port());
  const auto stub = v1::Stylization::NewStub(
      grpc::CreateChannel(absl::StrCat("127.0.0.1:", way.port()), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  const auto reader = stub->Stylize(&context, Request());
  stylization_.job(1).Accept();
  v1::JobEvent event;
  ASSERT_TRUE(reader->Read(&event));
  way.Cut();
  stylization_.job(1).left.WaitFor(1);
  EXPECT_FALSE(reader->Read(&event));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(ServerTest, ManyStreamsOnOneConnection) {
  Start(Options());
  stylization_.run = nullptr;
  constexpr int kStreams = 300;
  std::vector<grpc::ClientContext> contexts(kStreams);
  std::vector<std::unique_ptr<grpc::ClientReader<v1::JobEvent>>> readers;
  for (grpc::ClientContext& context : contexts) readers.push_back(stub_->Stylize(&context, Request()));
  stylization_.started.WaitFor(kStreams);
  for (int k = 1; k <= kStreams; ++k) stylization_.job(k).End(absl::OkStatus());
  for (const auto& reader : readers) EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(ServerTest, StyleCallsComeThrough) {
  Start(Options());
  grpc::ClientContext context;
  v1::ListStylesResponse response;
  EXPECT_TRUE(v1::Styles::NewStub(channel_)->ListStyles(&context, {}, &response).ok());
  EXPECT_EQ(response.styles_size(), 3);
}

TEST_F(ServerTest, ShutdownWaitsForItsGraceOnly) {
  Start(Options());
  stylization_.run = nullptr;
  grpc::ClientContext context;
  const auto reader = stub_->Stylize(&context, Request());
  FakeJob& job = stylization_.job(1);
  // The job goes on, but its stream ends.
  server_->Shutdown(std::chrono::milliseconds(1));
  EXPECT_EQ(job.left.value(), 1);
  v1::JobEvent event;
  EXPECT_FALSE(reader->Read(&event));
  EXPECT_FALSE(reader->Finish().ok());
  server_->Shutdown(std::chrono::milliseconds(1));
}

TEST_F(ServerTest, StoppedJobsGetTheirLastEventsOut) {
  Start(Options());
  stylization_.run = nullptr;
  grpc::ClientContext context;
  const auto reader = stub_->Stylize(&context, Request());
  FakeJob& job = stylization_.job(1);
  job.Accept();
  job.Finish(v1::Finished::STATE_CANCELLED, absl::CancelledError("the server is stopping"));
  std::thread stop([&] { server_->Shutdown(std::chrono::minutes(1)); });
  v1::JobEvent event;
  while (reader->Read(&event)) {
  }
  EXPECT_EQ(event.finished().state(), v1::Finished::STATE_CANCELLED);
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  stop.join();
}

}  // namespace
}  // namespace impasto::rpc
