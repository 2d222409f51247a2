#include "impasto/stylize_call.h"

#include <unistd.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>
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
  void Script(std::vector<v1::JobEvent> events, const grpc::Status& status = grpc::Status::OK) {
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

TEST_F(StylizeCallTest, TellsOfChanges) {
  Script(Numbered(Join(
      {{AcceptedEvent(), ChangedEvent(7, 0.02), StateEvent(v1::Job::STATE_PAUSED, 9, "a client paused it")},
       ResultEvents(1, 1, "abcd", 2),
       {FinishedEvent()}})));
  const auto call = Connect().StartStylize({});
  EXPECT_EQ(call->job(), "");
  EXPECT_TRUE(std::holds_alternative<v1::Accepted>(call->Next().value()));
  EXPECT_EQ(call->job(), "jobs/1");
  EXPECT_EQ(call->last_event(), 1);
  EXPECT_EQ(std::get<v1::RecipeChange>(call->Next().value()).style_weight(), 0.02);
  EXPECT_EQ(std::get<v1::StateChanged>(call->Next().value()).reason(), "a client paused it");
  EXPECT_EQ(call->last_event(), 3);
  EXPECT_TRUE(std::holds_alternative<ResultPicture>(call->Next().value()));
  EXPECT_EQ(call->last_event(), 4);
  EXPECT_TRUE(call->Finish().ok());
  EXPECT_EQ(call->last_event(), 5);
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

TEST_F(StylizeCallTest, ACancelOfAnotherIsNotOurs) {
  EXPECT_EQ(StatusOf({FinishedEvent(v1::Finished::STATE_CANCELLED)}),
            absl::CancelledError("the job was cancelled"));
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

TEST_F(StylizeCallTest, CancelFromAnotherThreadStopsTheJobAndKeepsItsBest) {
  server_.SetStylize([&](const v1::StylizeRequest&, EventStream& stream) {
    stream.Send(AcceptedEvent());
    EXPECT_TRUE(stream.WaitForCancelJob());
    stream.SendAll(ResultEvents(4, 3, "best"));
    stream.Send(FinishedEvent(v1::Finished::STATE_CANCELLED));
    return grpc::Status::OK;
  });
  const auto call = Connect().StartStylize({});
  ASSERT_TRUE(call->Next().has_value());
  std::thread canceller([&] { EXPECT_TRUE(call->Cancel(absl::Seconds(60))); });
  EXPECT_EQ(std::get<ResultPicture>(call->Next().value()).picture.bytes, "best");
  EXPECT_FALSE(call->Next().has_value());
  canceller.join();
  EXPECT_EQ(call->Finish(), absl::CancelledError("cancelled"));
  EXPECT_THAT(server_.calls(), ::testing::ElementsAre("CancelJob jobs/1"));
  EXPECT_TRUE(call->Cancel()) << "again: fine";
}

TEST_F(StylizeCallTest, AServerThatCanNotBeToldIsLeft) {
  server_.SetUnaryStatus({grpc::StatusCode::UNIMPLEMENTED, "an old server"});
  server_.SetStylize([&](const v1::StylizeRequest&, EventStream& stream) {
    stream.Send(AcceptedEvent());
    stream.WaitForCancel();
    return grpc::Status::CANCELLED;
  });
  const auto call = Connect().StartStylize({});
  ASSERT_TRUE(call->Next().has_value());
  EXPECT_FALSE(call->Cancel(absl::Seconds(60)));
  EXPECT_EQ(call->Finish(), absl::CancelledError("cancelled"));
}

TEST_F(StylizeCallTest, AJobThatIsNotAcceptedYetIsCancelledByItsRequest) {
  std::promise<void> arrived;
  v1::Job job;
  job.set_name("jobs/early");
  job.set_request_id("my-request");
  job.set_client("me");
  server_.SetJobs({job});
  std::promise<void> cancelled;
  server_.SetStylize([&](const v1::StylizeRequest&, EventStream& stream) {
    arrived.set_value();
    cancelled.get_future().wait();
    stream.Send(FinishedEvent(v1::Finished::STATE_CANCELLED));
    return grpc::Status::OK;
  });
  ClientOptions options;
  options.client_name = "me";
  v1::StylizeRequest request;
  request.set_request_id("my-request");
  const auto call = Connect(options).StartStylize(request);
  std::thread reader([&] { EXPECT_EQ(call->Finish(), absl::CancelledError("cancelled")); });
  arrived.get_future().wait();
  EXPECT_TRUE(call->Cancel(absl::Seconds(60)));
  EXPECT_THAT(server_.calls(), ::testing::ElementsAre("CancelJob jobs/early"));
  ASSERT_THAT(server_.lists(), ::testing::SizeIs(1));
  EXPECT_EQ(server_.lists()[0].filter(), "request_id = \"my-request\" AND client = \"me\"");
  cancelled.set_value();
  reader.join();
}

TEST_F(StylizeCallTest, AJobThatTheServerDoesNotKnowYetIsLeft) {
  std::promise<void> arrived;
  server_.SetStylize([&](const v1::StylizeRequest&, EventStream& stream) {
    arrived.set_value();
    stream.WaitForCancel();
    return grpc::Status::CANCELLED;
  });
  const auto call = Connect().StartStylize({});
  std::thread reader([&] { EXPECT_EQ(call->Finish(), absl::CancelledError("cancelled")); });
  arrived.get_future().wait();
  EXPECT_TRUE(call->Cancel(absl::Seconds(60)));
  reader.join();
  EXPECT_THAT(server_.calls(), ::testing::IsEmpty());
}

TEST_F(StylizeCallTest, ACancelThatAcceptedOvertakesReachesTheJob) {
  std::promise<void> arrived;
  std::promise<void> looked_for;
  server_.SetStylize([&](const v1::StylizeRequest&, EventStream& stream) {
    arrived.set_value();
    looked_for.get_future().wait();
    stream.Send(AcceptedEvent());
    if (stream.WaitForCancelJob()) {
      stream.Send(FinishedEvent(v1::Finished::STATE_CANCELLED));
    }
    return grpc::Status::OK;
  });
  v1::Job job;  // found, and not the one that is cancelled first
  job.set_name("jobs/1");
  job.set_request_id("id");
  server_.SetJobs({job});
  v1::StylizeRequest request;
  request.set_request_id("id");
  const auto call = Connect().StartStylize(request);
  std::thread reader([&] { EXPECT_EQ(call->Finish(), absl::CancelledError("cancelled")); });
  arrived.get_future().wait();
  EXPECT_TRUE(call->Cancel(absl::Seconds(60)));
  looked_for.set_value();
  reader.join();
}

TEST_F(StylizeCallTest, DetachLeavesTheJobToItself) {
  std::promise<void> left;
  v1::Job job;
  job.set_name("jobs/1");
  server_.SetJobs({job});
  server_.SetStylize([&](const v1::StylizeRequest&, EventStream& stream) {
    stream.Send(AcceptedEvent());
    stream.WaitForCancel();
    left.set_value();
    return grpc::Status::CANCELLED;
  });
  const auto call = Connect().StartStylize({});
  EXPECT_EQ(call->Detach(), absl::FailedPreconditionError("the job isn't accepted yet"));
  ASSERT_TRUE(call->Next().has_value());
  EXPECT_TRUE(call->Detach().ok());
  EXPECT_FALSE(call->Next().has_value());
  EXPECT_EQ(call->Finish(), absl::CancelledError("detached"));
  left.get_future().wait();
  ASSERT_THAT(server_.updates(), ::testing::SizeIs(1));
  EXPECT_TRUE(server_.updates()[0].job().detached());
  EXPECT_EQ(server_.updates()[0].update_mask().paths(0), "detached");
}

TEST_F(StylizeCallTest, AJobThatCanNotBeDetachedIsStillWatched) {
  server_.SetUnaryStatus({grpc::StatusCode::UNAVAILABLE, "the disk is full"});
  std::promise<void> refused;
  server_.SetStylize([&](const v1::StylizeRequest&, EventStream& stream) {
    stream.Send(AcceptedEvent());
    refused.get_future().wait();
    stream.SendAll(ResultEvents(1, 1, "r"));
    stream.Send(FinishedEvent());
    return grpc::Status::OK;
  });
  const auto call = Connect().StartStylize({});
  ASSERT_TRUE(call->Next().has_value());
  EXPECT_EQ(call->Detach(), absl::UnavailableError("the disk is full"));
  refused.set_value();
  EXPECT_TRUE(call->Finish().ok());
}

TEST_F(StylizeCallTest, AJobThatIsDetachedAlreadyIsJustLeft) {
  server_.SetStylize([&](const v1::StylizeRequest&, EventStream& stream) {
    stream.Send(AcceptedEvent());
    stream.WaitForCancel();
    return grpc::Status::CANCELLED;
  });
  v1::StylizeRequest request;
  request.set_detached(true);
  const auto call = Connect().StartStylize(request);
  ASSERT_TRUE(call->Next().has_value());
  EXPECT_TRUE(call->Detach().ok());
  EXPECT_THAT(server_.updates(), ::testing::IsEmpty());
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

TEST_F(StylizeCallTest, DroppingTheCallLeavesTheJob) {
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
  EXPECT_THAT(server_.calls(), ::testing::IsEmpty());
}

TEST_F(StylizeCallTest, ACallThatNobodyReadSendsNothing) {
  Connect().StartStylize({}).reset();
  EXPECT_THAT(server_.requests(), ::testing::IsEmpty());
}

TEST_F(StylizeCallTest, WatchesFromAnEventOn) {
  server_.SetEvents(
      "jobs/7",
      Numbered(Join({{AcceptedEvent(), ProgressEvent(1, 1, 2, 1, 1, 0), ProgressEvent(2, 1, 1, 1, 1, 0)},
                     ResultEvents(1, 1, "r"),
                     {FinishedEvent()}})));
  const Client client = Connect();
  const auto call = client.WatchJob("7", 2);
  EXPECT_EQ(call->job(), "jobs/7");
  EXPECT_EQ(call->last_event(), 2);
  EXPECT_EQ(std::get<v1::Progress>(call->Next().value()).iteration(), 2);
  EXPECT_TRUE(call->Finish().ok());
  EXPECT_TRUE(client.WatchJob("jobs/7", 4)->Finish().ok()) << "the result was taken before";
  EXPECT_TRUE(client.WatchJob("jobs/7", 5)->Finish().ok()) << "everything was";
  EXPECT_EQ(client.WatchJob("8")->Finish(), absl::NotFoundError("no job \"jobs/8\""));
}

// ---- Connections that break ----

TEST_F(StylizeCallTest, ABrokenStreamIsTakenUpWhereItBroke) {
  const auto events = Numbered(Join({{AcceptedEvent(), ProgressEvent(1, 2, 3, 1, 1, 0)},
                                     PreviewEvents(1, "preview", 4),
                                     {ProgressEvent(2, 2, 2, 1, 1, 0)},
                                     ResultEvents(1, 1, "result", 4),
                                     {FinishedEvent()}}));
  // Broken within the preview, and again within the result.
  server_.SetStylize([&](const v1::StylizeRequest&, EventStream& stream) {
    stream.SendAll({events[0], events[1], events[2]});
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "first");
  });
  int watches = 0;
  server_.SetWatch([&](const v1::WatchJobRequest& request, EventStream& stream) {
    EXPECT_EQ(request.name(), "jobs/1");
    if (++watches == 1) {
      EXPECT_EQ(request.after_event(), 2);
      stream.SendAll({events[2], events[3], events[4], events[5]});
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "second");
    }
    EXPECT_EQ(request.after_event(), 4);
    stream.SendAll({events[4], events[5], events[6], events[7]});  // the first of them once too often
    return grpc::Status::OK;
  });
  const auto call = Connect().StartStylize({});
  std::vector<std::string> told;
  while (std::optional<StylizeEvent> event = call->Next()) {
    if (const auto* progress = std::get_if<v1::Progress>(&*event)) {
      told.push_back(std::to_string(progress->iteration()));
    } else if (const auto* preview = std::get_if<PreviewPicture>(&*event)) {
      told.push_back(preview->picture.bytes);
    } else if (const auto* result = std::get_if<ResultPicture>(&*event)) {
      told.push_back(result->picture.bytes);
    } else if (const auto* lost = std::get_if<ConnectionLost>(&*event)) {
      told.emplace_back(lost->status.message());
    }
  }
  EXPECT_TRUE(call->Finish().ok()) << call->Finish();
  EXPECT_THAT(told, ::testing::ElementsAre("1", "first", "preview", "2", "second", "result"));
  EXPECT_EQ(watches, 2);
}

TEST_F(StylizeCallTest, ARequestThatBrokeBeforeItWasAcceptedIsSentAgain) {
  std::atomic<int> attempts = 0;
  server_.SetStylize([&](const v1::StylizeRequest&, EventStream& stream) {
    if (++attempts < 3) {
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "stopping");
    }
    stream.Send(AcceptedEvent());
    stream.SendAll(ResultEvents(1, 1, "r"));
    stream.Send(FinishedEvent());
    return grpc::Status::OK;
  });
  v1::StylizeRequest request;
  *request.mutable_content() = PictureFromBytes("large content");
  ClientOptions options;
  options.max_inline_picture_bytes = 5;
  EXPECT_TRUE(Connect(options).Stylize(request).ok());
  ASSERT_THAT(server_.requests(), ::testing::SizeIs(3));
  EXPECT_THAT(server_.requests()[0].request_id(),
              ::testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_EQ(server_.requests()[2].SerializeAsString(), server_.requests()[0].SerializeAsString());
  EXPECT_THAT(server_.uploads(), ::testing::SizeIs(1)) << "what is uploaded stays so";
}

TEST_F(StylizeCallTest, TakesTheJobUpAfterARestartOfTheServer) {
  const std::string address =
      "unix:" + ::testing::TempDir() + "stylize_call_test." + std::to_string(getpid()) + ".socket";
  auto server = std::make_unique<FakeServer>(address);
  server->SetStylize([](const v1::StylizeRequest&, EventStream& stream) {
    stream.Send(Numbered({AcceptedEvent()})[0]);
    stream.WaitForCancel();
    return grpc::Status::CANCELLED;
  });
  auto client = Client::Connect({.address = address});
  ASSERT_TRUE(client.ok()) << client.status();
  const auto call = client->StartStylize({});
  ASSERT_TRUE(std::holds_alternative<v1::Accepted>(call->Next().value()));
  server.reset();
  ASSERT_TRUE(std::holds_alternative<ConnectionLost>(call->Next().value()));
  std::thread reader([&] { EXPECT_TRUE(call->Finish().ok()) << call->Finish(); });
  server = std::make_unique<FakeServer>(address);
  server->SetEvents("jobs/1",
                    Numbered(Join({{AcceptedEvent()}, ResultEvents(1, 1, "r"), {FinishedEvent()}})));
  reader.join();
}

TEST_F(StylizeCallTest, GivesUpInTime) {
  server_.SetStylize([](const v1::StylizeRequest&, EventStream& stream) {
    stream.Send(AcceptedEvent());
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone");
  });
  server_.SetWatch([](const v1::WatchJobRequest&, EventStream&) {
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "still gone");
  });
  ClientOptions options;
  options.reattach_timeout = absl::Milliseconds(300);
  EXPECT_EQ(Connect(options).StartStylize({})->Finish(), absl::UnavailableError("gone"));
  EXPECT_THAT(server_.watches(), ::testing::Not(::testing::IsEmpty()));
  const size_t watches = server_.watches().size();
  options.reattach_timeout = absl::ZeroDuration();
  EXPECT_EQ(Connect(options).StartStylize({})->Finish(), absl::UnavailableError("gone"));
  EXPECT_THAT(server_.watches(), ::testing::SizeIs(watches));
}

TEST_F(StylizeCallTest, CancelEndsTheAttemptsToComeBack) {
  server_.SetStylize([](const v1::StylizeRequest&, EventStream& stream) {
    stream.Send(AcceptedEvent());
    return StatusWithFacts(grpc::StatusCode::UNAVAILABLE, "stopping", {}, /*retry_seconds=*/3600);
  });
  ClientOptions options;
  options.reattach_timeout = absl::Hours(24);
  const auto call = Connect(options).StartStylize({});
  ASSERT_TRUE(call->Next().has_value());
  ASSERT_TRUE(std::holds_alternative<ConnectionLost>(call->Next().value()));
  server_.SetUnaryStatus({grpc::StatusCode::UNAVAILABLE, "stopping"});
  EXPECT_FALSE(call->Cancel(absl::Seconds(60)));
  EXPECT_EQ(call->Finish(), absl::CancelledError("cancelled"));
}

TEST_F(StylizeCallTest, WhatIsNotABrokenConnectionIsNotTriedAgain) {
  server_.SetStylize([](const v1::StylizeRequest&, EventStream& stream) {
    stream.Send(AcceptedEvent());
    return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "no memory");
  });
  EXPECT_EQ(Connect().StartStylize({})->Finish(), absl::ResourceExhaustedError("no memory"));
  EXPECT_THAT(server_.watches(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace impasto
