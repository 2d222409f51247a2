#include "rpc/upload_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/rpc/stylization_fixture.h"

namespace impasto::rpc {
namespace {

class UploadCallTest : public StylizationTest {
 protected:
  grpc::Status Upload(const std::vector<v1::UploadPictureRequest>& parts,
                      v1::UploadPictureResponse* response) {
    grpc::ClientContext context;
    const auto writer = stub_->UploadPicture(&context, response);
    for (const auto& part : parts) {
      if (!writer->Write(part)) break;
    }
    writer->WritesDone();
    return writer->Finish();
  }
};

v1::UploadPictureRequest Part(const std::string& data) {
  v1::UploadPictureRequest part;
  part.set_data(data);
  return part;
}

TEST_F(UploadCallTest, UploadsInParts) {
  uploads_.may_finish.Add();
  v1::UploadPictureResponse response;
  const std::string megabyte(1 << 20, 'x');
  std::vector<v1::UploadPictureRequest> parts(9, Part(megabyte));
  parts.push_back(Part("end"));
  ASSERT_TRUE(Upload(parts, &response).ok());
  EXPECT_EQ(response.name(), absl::StrCat("uploads/", (9 << 20) + 3));
  std::string expected;
  for (const auto& part : parts) expected += part.data();
  EXPECT_TRUE(uploads_.last == expected);
  EXPECT_FALSE(uploads_.last_was_raw);
}

TEST_F(UploadCallTest, UploadsRawPixels) {
  uploads_.may_finish.Add();
  v1::UploadPictureRequest first;
  first.mutable_raw()->set_format(v1::PIXEL_FORMAT_RGB8);
  v1::UploadPictureResponse response;
  ASSERT_TRUE(Upload({first, Part("pixels")}, &response).ok());
  EXPECT_EQ(uploads_.last, "pixels");
  EXPECT_TRUE(uploads_.last_was_raw);
  const grpc::Status late = Upload({Part("x"), first}, &response);
  EXPECT_EQ(late.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(FieldOfDetails(late), "raw");
}

TEST_F(UploadCallTest, ABadUploadEndsAtOnceAndLeavesNothing) {
  v1::UploadPictureResponse response;
  const grpc::Status status = Upload({Part("good"), Part("bad"), Part("more")}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "bad data");
  uploads_.dropped.WaitFor(1);
  EXPECT_EQ(uploads_.finished.value(), 0);
}

TEST_F(UploadCallTest, AnUploadThatIsNoPictureIsRefused) {
  uploads_.may_finish.Add();
  v1::UploadPictureResponse response;
  const grpc::Status status = Upload({}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "data: is empty");
  uploads_.dropped.WaitFor(1);
}

TEST_F(UploadCallTest, AnUploadThatIsCancelledLeavesNothing) {
  uploads_.may_finish.Add();
  grpc::ClientContext context;
  v1::UploadPictureResponse response;
  const auto writer = stub_->UploadPicture(&context, &response);
  ASSERT_TRUE(writer->Write(Part("half a pic")));
  uploads_.parts.WaitFor(1);
  context.TryCancel();
  EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::CANCELLED);
  uploads_.dropped.WaitFor(1);
  EXPECT_EQ(uploads_.finished.value(), 0);
}

TEST_F(UploadCallTest, TooManyUploadsAreRefused) {
  StylizationService::Limits limits;
  limits.upload_calls = 1;
  Create(limits);
  uploads_.may_finish.Add();
  grpc::ClientContext context;
  v1::UploadPictureResponse response;
  const auto writer = stub_->UploadPicture(&context, &response);
  ASSERT_TRUE(writer->Write(Part("one")));
  uploads_.parts.WaitFor(1);
  v1::UploadPictureResponse other;
  EXPECT_EQ(Upload({Part("two")}, &other).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  writer->WritesDone();
  EXPECT_TRUE(writer->Finish().ok());
  EXPECT_EQ(response.name(), "uploads/3");
}

}  // namespace
}  // namespace impasto::rpc
