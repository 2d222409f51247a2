#include "impasto/stylize_call.h"

#include <future>
#include <string>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "impasto/client.h"
#include "tests/testing/fake_service.h"

namespace impasto {
namespace {

using namespace ::impasto::testing;  // NOLINT(google-build-using-namespace): the test's vocabulary

class StylizeCallTest : public ::testing::Test {
 protected:
  Client Connect(ClientOptions options = {}) {
    options.address = server_.address();
    auto client = Client::Connect(options);
    EXPECT_TRUE(client.ok()) << client.status();
    return *client;
  }

  // The server sends these and ends the call with `status`.
  void Script(std::vector<v1::JobEvent> events, grpc::Status status = grpc::Status::OK) {
    server_.SetStylize([events = std::move(events), status](const v1::StylizeRequest&, EventStream& stream) {
      stream.SendAll(events);
      return status;
    });
  }

  // What becomes of a call for which the server sends these.
  absl::Status StatusOf(std::vector<v1::JobEvent> events, const grpc::Status& status = grpc::Status::OK) {
    Script(std::move(events), status);
    return Connect().StartStylize({})->Finish();
  }

  FakeServer server_;
};

std::vector<v1::JobEvent> Join(std::vector<std::vector<v1::JobEvent>> parts) {
  std::vector<v1::JobEvent> events;
  for (auto& part : parts) {
    events.insert(events.end(), part.begin(), part.end());
  }
  return events;
}

TEST_F(StylizeCallTest, GivesTypedEventsInOrder) {
  v1::Recipe recipe;
  recipe.set_preset("painterly");
  Script(Join({{AcceptedEvent(recipe, {"random weights"}), ProgressEvent(1, 2, 10, 4, 6, 0)},
               PreviewEvents(1, "preview bytes", 3),
               {ProgressEvent(2, 2, 9, 4, 5, 500), ProgressEvent(3, 2, 8, 4, 4, 1000)},
               ResultEvents(2, 8, std::string(3000000, 'r')),
               {FinishedEvent()}}));
  const auto call = Connect().StartStylize({});

  auto event = call->Next();
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(std::get<v1::Accepted>(*event).recipe().preset(), "painterly");
  EXPECT_EQ(std::get<v1::Accepted>(*event).warnings(0), "random weights");
  event = call->Next();
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(std::get<v1::Progress>(*event).total_loss(), 10);
  event = call->Next();
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(std::get<PreviewPicture>(*event).iteration, 1);
  EXPECT_EQ(std::get<PreviewPicture>(*event).picture.bytes, "preview bytes");
  EXPECT_EQ(std::get<PreviewPicture>(*event).picture.header.format(), v1::PICTURE_FORMAT_JPEG);
  for (int iteration : {2, 3}) {
    event = call->Next();
    ASSERT_TRUE(event.has_value());
    EXPECT_EQ(std::get<v1::Progress>(*event).iteration(), iteration);
  }
  event = call->Next();
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(std::get<ResultPicture>(*event).iteration, 2);
  EXPECT_EQ(std::get<ResultPicture>(*event).total_loss, 8);
  EXPECT_TRUE(std::get<ResultPicture>(*event).picture.bytes == std::string(3000000, 'r'));
  EXPECT_FALSE(call->Next().has_value());
  EXPECT_FALSE(call->Next().has_value());
  EXPECT_TRUE(call->Finish().ok());
  EXPECT_TRUE(call->Finish().ok());
}

TEST_F(StylizeCallTest, ProgressMayComeBetweenAPicturesChunks) {
  auto preview = PreviewEvents(1, "abcd", 2);
  Script(Join({{preview[0], ProgressEvent(2, 2, 1, 1, 1, 1), preview[1]},
               ResultEvents(1, 1, "r"),
               {FinishedEvent()}}));
  const auto call = Connect().StartStylize({});
  EXPECT_TRUE(std::holds_alternative<v1::Progress>(call->Next().value()));
  EXPECT_EQ(std::get<PreviewPicture>(call->Next().value()).picture.bytes, "abcd");
  EXPECT_TRUE(call->Finish().ok());
}

TEST_F(StylizeCallTest, PassesOverEventsThatItDoesNotKnow) {
  EXPECT_TRUE(StatusOf(Join({{v1::JobEvent()}, ResultEvents(1, 1, "r"), {FinishedEvent()}})).ok());
}

TEST_F(StylizeCallTest, FailsWithTheServersOwnStatus) {
  const absl::Status status = StatusOf(
      {}, StatusWithDetails(grpc::StatusCode::INVALID_ARGUMENT, "styles: none", "styles", "BAD_FIELD"));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "styles: none");
  EXPECT_EQ(ErrorField(status), "styles");
}

TEST_F(StylizeCallTest, AFailedJobHasItsBestPictureFirst) {
  v1::JobEvent failed = FinishedEvent(v1::Finished::STATE_FAILED);
  failed.mutable_finished()->mutable_error()->set_code(13);
  failed.mutable_finished()->mutable_error()->set_message("loss is not a number");
  Script(Join({ResultEvents(4, 3, "best"), {failed}}), {grpc::StatusCode::INTERNAL, "loss is not a number"});
  const auto call = Connect().StartStylize({});
  EXPECT_EQ(std::get<ResultPicture>(call->Next().value()).iteration, 4);
  EXPECT_EQ(call->Finish(), absl::InternalError("loss is not a number"));
}

TEST_F(StylizeCallTest, AFailureInTheLastEventAloneIsAFailure) {
  v1::JobEvent failed = FinishedEvent(v1::Finished::STATE_FAILED);
  failed.mutable_finished()->mutable_error()->set_code(8);
  failed.mutable_finished()->mutable_error()->set_message("out of memory");
  EXPECT_EQ(StatusOf({failed}), absl::ResourceExhaustedError("out of memory"));
  EXPECT_EQ(StatusOf({FinishedEvent(v1::Finished::STATE_FAILED)}),
            absl::InternalError("the server says that the job failed, and not why"));
}

TEST_F(StylizeCallTest, AServersCancelIsNotOurs) {
  EXPECT_EQ(StatusOf({FinishedEvent(v1::Finished::STATE_CANCELLED)}),
            absl::CancelledError("the server cancelled the job"));
}

TEST_F(StylizeCallTest, AnEndWithoutTheLastEventIsAnError) {
  EXPECT_EQ(StatusOf(ResultEvents(1, 1, "r")),
            absl::InternalError("the server ended the job without saying how"));
}

TEST_F(StylizeCallTest, SuccessWithoutAWholeResultIsAnError) {
  const absl::Status expected = absl::InternalError("the server ended the job without a whole result");
  EXPECT_EQ(StatusOf({FinishedEvent()}), expected);
  EXPECT_EQ(StatusOf({ResultEvents(1, 1, "abcd", 2)[0], FinishedEvent()}), expected);
}

TEST_F(StylizeCallTest, RefusesBrokenPictures) {
  const auto preview = PreviewEvents(1, "abcdef", 2);
  const auto later = PreviewEvents(2, "abcdef", 2);
  const auto result = ResultEvents(2, 1, "abcdef", 2);
  EXPECT_EQ(StatusOf({preview[0], preview[2]}).message(),
            "the server sent a broken picture: a chunk is for offset 4, the next is 2");
  EXPECT_EQ(StatusOf({preview[0], later[1]}).message(),
            "the server sent a broken picture: the preview of iteration 2 begins within another picture");
  EXPECT_EQ(StatusOf({preview[0], result[0]}).message(),
            "the server sent a broken picture: the result begins within another picture");
  EXPECT_EQ(StatusOf({result[0], preview[0]}).message(),
            "the server sent a broken picture: the preview of iteration 1 begins within another picture");
  EXPECT_EQ(StatusOf(Join({result, result})).message(), "the server sent two results");
}

TEST_F(StylizeCallTest, ABrokenPictureEndsTheCallOnTheServerToo) {
  std::promise<void> cancelled;
  server_.SetStylize([&](const v1::StylizeRequest&, EventStream& stream) {
    stream.Send(PreviewEvents(1, "abcdef", 2)[1]);
    stream.WaitForCancel();
    cancelled.set_value();
    return grpc::Status::CANCELLED;
  });
  EXPECT_EQ(Connect().StartStylize({})->Finish().code(), absl::StatusCode::kInternal);
  cancelled.get_future().wait();
}

TEST_F(StylizeCallTest, RefusesAPictureBeyondTheLimit) {
  Script(Join({ResultEvents(1, 1, "abcdef"), {FinishedEvent()}}));
  ClientOptions options;
  options.max_received_picture_bytes = 5;
  EXPECT_EQ(Connect(options).StartStylize({})->Finish().message(),
            "the server sent a broken picture: it has 6 bytes, not 1 to 5");
}

TEST_F(StylizeCallTest, CancelFromAnotherThreadEndsTheWait) {
  std::promise<void> cancelled;
  server_.SetStylize([&](const v1::StylizeRequest&, EventStream& stream) {
    stream.Send(AcceptedEvent());
    stream.WaitForCancel();
    cancelled.set_value();
    return grpc::Status::CANCELLED;
  });
  const auto call = Connect().StartStylize({});
  ASSERT_TRUE(call->Next().has_value());
  std::thread canceller([&] { call->Cancel(); });
  EXPECT_FALSE(call->Next().has_value());
  canceller.join();
  EXPECT_EQ(call->Finish(), absl::CancelledError("cancelled"));
  cancelled.get_future().wait();
}

TEST_F(StylizeCallTest, CancelBeforeTheFirstEventSendsNothing) {
  const auto call = Connect().StartStylize({});
  call->Cancel();
  EXPECT_EQ(call->Finish(), absl::CancelledError("cancelled"));
  EXPECT_THAT(server_.requests(), ::testing::IsEmpty());
}

TEST_F(StylizeCallTest, CancelAfterTheEndChangesNothing) {
  Script(Join({ResultEvents(1, 1, "r"), {FinishedEvent()}}));
  const auto call = Connect().StartStylize({});
  EXPECT_TRUE(call->Finish().ok());
  call->Cancel();
  EXPECT_TRUE(call->Finish().ok());
}

TEST_F(StylizeCallTest, DroppingTheCallCancelsIt) {
  std::promise<void> cancelled;
  server_.SetStylize([&](const v1::StylizeRequest&, EventStream& stream) {
    stream.Send(AcceptedEvent());
    stream.WaitForCancel();
    cancelled.set_value();
    return grpc::Status::CANCELLED;
  });
  auto call = Connect().StartStylize({});
  ASSERT_TRUE(call->Next().has_value());
  call.reset();
  cancelled.get_future().wait();
}

TEST_F(StylizeCallTest, ACallThatNobodyReadSendsNothing) {
  Connect().StartStylize({}).reset();
  EXPECT_THAT(server_.requests(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace impasto
