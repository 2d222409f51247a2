#include "cli/event_lines.h"

#include <sstream>

#include <gtest/gtest.h>

#include "absl/strings/cord.h"
#include "google/rpc/error_details.pb.h"
#include "tests/testing/fake_service.h"

namespace impasto::cli {
namespace {

v1::PictureHeader Header() {
  v1::PictureHeader header;
  header.set_format(v1::PICTURE_FORMAT_PNG);
  header.set_width(4);
  return header;
}

TEST(EventLinesTest, WritesALineForEachEvent) {
  std::ostringstream out;
  EventLines lines(&out);
  v1::Accepted accepted;
  accepted.set_job("jobs/1");
  lines.Add(accepted);
  lines.Add(testing::ProgressEvent(2, 5, 0.5, 0.25, 0, 1500).progress());
  lines.Add(PreviewPicture{.iteration = 1, .picture = {.header = Header(), .bytes = "BYTES"}});
  lines.Add(
      ResultPicture{.iteration = 0, .total_loss = 0.125, .picture = {.header = Header(), .bytes = "BYTES"}});
  lines.Add(testing::StateEvent(v1::Job::STATE_PAUSED, 2, "by \"hand\"").state_changed());
  lines.Add(ConnectionLost{absl::UnavailableError("gone\nfor now \xff")});
  lines.End(absl::OkStatus());
  EXPECT_EQ(
      out.str(),
      R"({"accepted":{"job":"jobs/1"}})"
      "\n"
      R"({"progress":{"iteration":2,"iterations":5,"total_loss":0.5,"content_loss":0.25,"elapsed":"1.500s"}})"
      "\n"
      R"({"preview":{"iteration":1,"picture":{"format":"PICTURE_FORMAT_PNG","width":4}}})"
      "\n"
      R"({"result":{"iteration":0,"total_loss":0.125,"level":0,"picture":{"format":"PICTURE_FORMAT_PNG","width":4}}})"
      "\n"
      R"({"state_changed":{"state":"STATE_PAUSED","iteration":2,"reason":"by \"hand\""}})"
      "\n"
      "{\"connection_lost\":{\"message\":\"gone\\nfor now \xef\xbf\xbd\"}}"
      "\n"
      R"({"end":{"code":"OK","message":"","field":"","reason":"","facts":{}}})"
      "\n");
}

TEST(EventLinesTest, TellsAllOfAnError) {
  std::ostringstream out;
  absl::Status status = absl::InvalidArgumentError("styles[1]: no picture");
  google::rpc::BadRequest bad_request;
  bad_request.add_field_violations()->set_field("styles[1]");
  status.SetPayload("type.googleapis.com/google.rpc.BadRequest", absl::Cord(bad_request.SerializeAsString()));
  google::rpc::ErrorInfo info;
  info.set_reason("INVALID_ARGUMENT");
  (*info.mutable_metadata())["limit"] = "16";
  status.SetPayload("type.googleapis.com/google.rpc.ErrorInfo", absl::Cord(info.SerializeAsString()));
  EventLines(&out).End(status);
  EXPECT_EQ(out.str(),
            R"({"end":{"code":"INVALID_ARGUMENT","message":"styles[1]: no picture","field":"styles[1]",)"
            R"("reason":"INVALID_ARGUMENT","facts":{"limit":"16"}}})"
            "\n");
}

TEST(EventLinesTest, WritesNothingWithoutAStream) {
  EventLines lines(nullptr);
  lines.Add(v1::Accepted());
  lines.Add(PreviewPicture());
  lines.Add(ResultPicture());
  lines.Add(ConnectionLost());
  lines.End(absl::OkStatus());
}

}  // namespace
}  // namespace impasto::cli
