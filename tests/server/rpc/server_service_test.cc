#include "rpc/server_service.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/server/rpc/test_server.h"

namespace impasto::rpc {
namespace {

grpc::Status Ask(const Callers& callers, v1::ServerInfo* info, const std::string& token = "") {
  ServerService service({.version = "1.2.3", .max_request_bytes = 64, .max_picture_bytes = 256}, &callers);
  TestServer server(&service);
  grpc::ClientContext context;
  if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
  return v1::Server::NewStub(server.channel())->GetServerInfo(&context, v1::GetServerInfoRequest(), info);
}

TEST(ServerService, SaysWhoItIs) {
  v1::ServerInfo info;
  ASSERT_TRUE(Ask(Callers(), &info).ok());
  EXPECT_EQ(info.version(), "1.2.3");
  EXPECT_EQ(info.api_revision(), v1::API_REVISION_1);
  EXPECT_EQ(info.min_client_revision(), v1::API_REVISION_1);
  EXPECT_EQ(info.client(), "127.0.0.1");
  EXPECT_EQ(info.max_request_bytes(), 64);
  EXPECT_EQ(info.max_picture_bytes(), 256);
  EXPECT_FALSE(info.requires_token());
}

TEST(ServerService, WantsAToken) {
  const Callers callers(*AccessTokens::Parse("anna sixteen.letters."));
  v1::ServerInfo info;
  const grpc::Status refused = Ask(callers, &info);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(FieldOfDetails(refused), "");
  ASSERT_TRUE(Ask(callers, &info, "sixteen.letters.").ok());
  EXPECT_EQ(info.client(), "anna");
  EXPECT_TRUE(info.requires_token());
}

}  // namespace
}  // namespace impasto::rpc
