#include "rpc/styles_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/server/rpc/fake_backends.h"
#include "tests/server/rpc/test_server.h"

namespace impasto::rpc {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

class StylesServiceTest : public testing::Test {
 protected:
  grpc::Status Create(const std::string& encoded, const std::string& display_name, v1::Style* style) {
    grpc::ClientContext context;
    v1::CreateStyleRequest request;
    request.mutable_picture()->set_encoded(encoded);
    request.set_display_name(display_name);
    return stub_->CreateStyle(&context, request, style);
  }
  grpc::Status Get(const std::string& name, v1::Style* style) {
    grpc::ClientContext context;
    v1::GetStyleRequest request;
    request.set_name(name);
    return stub_->GetStyle(&context, request, style);
  }
  grpc::Status Delete(const std::string& name) {
    grpc::ClientContext context;
    v1::DeleteStyleRequest request;
    request.set_name(name);
    google::protobuf::Empty response;
    return stub_->DeleteStyle(&context, request, &response);
  }
  // Names of a page; replaces the token.
  grpc::Status List(int page_size, std::string* token, std::vector<std::string>* names) {
    grpc::ClientContext context;
    v1::ListStylesRequest request;
    request.set_page_size(page_size);
    request.set_page_token(*token);
    v1::ListStylesResponse response;
    const grpc::Status status = stub_->ListStyles(&context, request, &response);
    names->clear();
    for (const v1::Style& style : response.styles()) names->push_back(style.name());
    *token = response.next_page_token();
    return status;
  }

  FakeStyles backend_;
  Worker helper_{/*max_waiting=*/8};
  Worker decoder_{/*max_waiting=*/8};
  RequestBudget waiting_{1000};
  const Callers callers_;
  StylesService service_{&callers_, &backend_, &helper_, &decoder_, &waiting_};
  TestServer server_{&service_};
  std::unique_ptr<v1::Styles::Stub> stub_ = v1::Styles::NewStub(server_.channel());
  v1::Style style_;
  std::vector<std::string> names_;
  std::string token_;
};

TEST_F(StylesServiceTest, KeepsAPicture) {
  ASSERT_TRUE(Create("abc", "Starry night", &style_).ok());
  EXPECT_EQ(style_.name(), "styles/abc");
  EXPECT_EQ(style_.display_name(), "Starry night");
}

TEST_F(StylesServiceTest, RefusesWhatItCannotKeep) {
  EXPECT_EQ(Create("bad", "", &style_).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  grpc::Status status = Create("abc", std::string(201, 'x'), &style_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(FieldOfDetails(status), "display_name");
  grpc::ClientContext context;
  status = stub_->CreateStyle(&context, {}, &style_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(FieldOfDetails(status), "picture");
  EXPECT_EQ(Create(std::string(2000, 'x'), "", &style_).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(StylesServiceTest, GetsAndDeletes) {
  ASSERT_TRUE(Get("styles/1", &style_).ok());
  EXPECT_EQ(style_.name(), "styles/1");
  EXPECT_TRUE(Delete("styles/1").ok());
  for (const grpc::Status& status : {Get("styles/7", &style_), Delete("styles/7")}) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
    EXPECT_EQ(status.error_message(), "no style \"styles/7\"");
  }
  for (const char* name : {"", "styles/", "styles/A", "jobs/1"}) {
    for (const grpc::Status& status : {Get(name, &style_), Delete(name)}) {
      EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << name;
      EXPECT_EQ(FieldOfDetails(status), "name") << name;
    }
  }
}

TEST_F(StylesServiceTest, ListsPageByPage) {
  ASSERT_TRUE(List(2, &token_, &names_).ok());
  EXPECT_THAT(names_, ElementsAre("styles/0", "styles/1"));
  ASSERT_TRUE(List(2, &token_, &names_).ok());
  EXPECT_THAT(names_, ElementsAre("styles/2"));
  EXPECT_EQ(token_, "");
  backend_.count = 230;
  ASSERT_TRUE(List(0, &token_, &names_).ok());
  EXPECT_THAT(names_, SizeIs(50));
  token_ = "";
  ASSERT_TRUE(List(1000, &token_, &names_).ok());
  EXPECT_THAT(names_, SizeIs(100));
}

TEST_F(StylesServiceTest, RefusesBadPages) {
  EXPECT_EQ(FieldOfDetails(List(-1, &token_, &names_)), "page_size");
  token_ = "x";
  EXPECT_EQ(FieldOfDetails(List(2, &token_, &names_)), "page_token");
}

}  // namespace
}  // namespace impasto::rpc
