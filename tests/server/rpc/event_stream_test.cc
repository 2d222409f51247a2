#include "rpc/event_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/error_details.h"
#include "base/field_error.h"
#include "tests/server/rpc/stylization_fixture.h"

namespace impasto::rpc {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// A watch whose calls come back to the test.
struct Hooks {
  std::function<std::optional<jobs::Event>()> next = [] { return std::nullopt; };
  std::function<void(std::function<void()>)> notify = [](std::function<void()>) {};
  bool gone = false;
};
class HookedWatch final : public jobs::Watch {
 public:
  explicit HookedWatch(Hooks* hooks) : hooks_(hooks) {}
  ~HookedWatch() override { hooks_->gone = true; }
  const std::string& job_name() const override { return name_; }
  std::optional<jobs::Event> Next() override { return hooks_->next(); }
  std::optional<absl::Status> EndStatus() const override { return std::nullopt; }
  void Notify(std::function<void()> wake) override { hooks_->notify(std::move(wake)); }

 private:
  Hooks* const hooks_;
  const std::string name_ = "jobs/1";
};

// A stream that no call has taken up yet: what it starts stays where it is, and the test is gRPC.
class LooseStream : public testing::Test {
 protected:
  ~LooseStream() override { stream_->OnDone(); }
  void Start() { stream_->Start(std::make_unique<HookedWatch>(&hooks_)); }
  static jobs::Event AnEvent() {
    jobs::Event event;
    event.message.mutable_progress();
    return event;
  }

  Hooks hooks_;
  EventStream* const stream_ = new EventStream(nullptr);
};

TEST_F(LooseStream, TheClientLeavesBeforeTheWatchIsOpen) {
  EXPECT_FALSE(stream_->client_left());
  stream_->OnCancel();
  EXPECT_TRUE(stream_->client_left());
  Start();
  EXPECT_TRUE(hooks_.gone);
}

TEST_F(LooseStream, TheClientLeavesWhileTheNextEventIsTaken) {
  hooks_.next = [&] {
    stream_->OnCancel();
    EXPECT_FALSE(hooks_.gone);
    return AnEvent();
  };
  Start();
  EXPECT_TRUE(hooks_.gone);
}

TEST_F(LooseStream, TheClientLeavesWhileItIsWrittenTo) {
  hooks_.next = [] { return AnEvent(); };
  Start();
  stream_->OnCancel();
  EXPECT_FALSE(hooks_.gone);
  stream_->OnWriteDone(false);
  EXPECT_TRUE(hooks_.gone);
}

TEST_F(LooseStream, AWriteFailsBeforeTheClientIsSaidToHaveLeft) {
  hooks_.next = [] { return AnEvent(); };
  Start();
  stream_->OnWriteDone(false);
  EXPECT_TRUE(hooks_.gone);
  stream_->OnCancel();
}

TEST_F(LooseStream, TheLastWriteGoesOutThoughTheClientHasLeft) {
  hooks_.next = [] { return AnEvent(); };
  Start();
  stream_->OnCancel();
  stream_->OnWriteDone(true);
  EXPECT_TRUE(hooks_.gone);
}

TEST_F(LooseStream, TheClientLeavesWhileTheStreamAsksToBeWoken) {
  hooks_.notify = [&](std::function<void()>) {
    stream_->OnCancel();
    EXPECT_FALSE(hooks_.gone);
  };
  Start();
  EXPECT_TRUE(hooks_.gone);
}

TEST_F(LooseStream, TheClientLeavesWhileTheStreamWaits) {
  std::function<void()> wake;
  hooks_.notify = [&](std::function<void()> w) { wake = std::move(w); };
  Start();
  EXPECT_FALSE(hooks_.gone);
  stream_->OnCancel();
  EXPECT_TRUE(hooks_.gone);
  wake();  // one that was under way: nothing is left to do
}

TEST_F(LooseStream, AWakeThatComesAtOnce) {
  int asked = 0;
  hooks_.next = [&]() -> std::optional<jobs::Event> {
    if (asked == 0) return std::nullopt;
    return AnEvent();
  };
  hooks_.notify = [&](std::function<void()> wake) {
    ++asked;
    wake();
  };
  Start();
  EXPECT_EQ(asked, 1);
  EXPECT_FALSE(hooks_.gone);
  stream_->OnWriteDone(false);
  EXPECT_TRUE(hooks_.gone);
}

TEST_F(LooseStream, AWakeThatComesAtOnceAsTheClientLeaves) {
  hooks_.notify = [&](std::function<void()> wake) {
    wake();
    stream_->OnCancel();
  };
  Start();
  EXPECT_TRUE(hooks_.gone);
}

class EventStreamTest : public StylizationTest {
 protected:
  void SetUp() override {
    StylizationTest::SetUp();
    Script();
  }
};

TEST_F(EventStreamTest, EventsComeAsTheyHappen) {
  grpc::ClientContext context;
  const auto reader = stub_->Stylize(&context, Request());
  FakeJob& job = backend_->job(1);
  v1::JobEvent event;
  job.Accept();
  ASSERT_TRUE(reader->Read(&event));
  EXPECT_EQ(event.accepted().job(), "jobs/1");
  for (int step = 1; step <= 4; ++step) {
    job.Progress(step, step);
    ASSERT_TRUE(reader->Read(&event));
    EXPECT_EQ(event.progress().iteration(), step);
  }
  job.Finish(v1::Finished::STATE_CANCELLED, absl::CancelledError("the job was cancelled"));
  EXPECT_THAT(ReadAll(*reader), SizeIs(1));
  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(status.error_message(), "the job was cancelled");
}

TEST_F(EventStreamTest, ALargePictureIsReadWithAClientsDefaultLimit) {
  const size_t bytes = (8 << 20) + 12345;
  backend_->run = [&](FakeJob& job) {
    job.Preview(1, bytes);
    job.Result(1, bytes);
    job.Finish(v1::Finished::STATE_SUCCEEDED);
  };
  ASSERT_TRUE(Stylize(Request(), &events_).ok());
  const auto pictures = CheckStream(events_);
  ASSERT_THAT(pictures, SizeIs(2));
  EXPECT_EQ(pictures.begin()->second, absl::StrCat("p1", std::string(bytes - 2, 'a')));
  EXPECT_EQ(pictures.rbegin()->second, absl::StrCat("r1", std::string(bytes - 2, 'a')));
}

TEST_F(EventStreamTest, AFailedJobEndsWithItsPictureAndStatus) {
  backend_->run = [](FakeJob& job) {
    job.Accept();
    job.Progress(1, 2);
    job.Result(2, 10);
    absl::Status status = FieldError("recipe.learning_rate", "is too large: the loss is not a number",
                                     absl::StatusCode::kDataLoss);
    job.Finish(v1::Finished::STATE_FAILED, WithFact(status, "iteration", "2"));
  };
  const grpc::Status status = Stylize(Request(), &events_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_EQ(FieldOfDetails(status), "recipe.learning_rate");
  ASSERT_THAT(events_, SizeIs(1 + 2 + 2));
  EXPECT_EQ(events_[3].result().chunk().data(), "r2aaaaaaaa");
  const v1::Finished& finished = events_[4].finished();
  EXPECT_EQ(finished.state(), v1::Finished::STATE_FAILED);
  // The same as the call's own, details and all.
  EXPECT_EQ(finished.error().SerializeAsString(), status.error_details());
}

TEST_F(EventStreamTest, ASlowReaderGetsEveryLossAndTheNewestPreview) {
  grpc::ClientContext context;
  const auto reader = stub_->Stylize(&context, Request());
  FakeJob& job = backend_->job(1);
  job.Accept();
  v1::JobEvent event;
  ASSERT_TRUE(reader->Read(&event));
  // The job doesn't wait for its reader.
  for (int step = 1; step <= 60; ++step) {
    job.Progress(step, step);
    job.Preview(step, 1 << 20);
  }
  job.Result(60, 1 << 20);
  job.Finish(v1::Finished::STATE_SUCCEEDED);

  const std::vector<v1::JobEvent> events = ReadAll(*reader);
  EXPECT_TRUE(reader->Finish().ok());
  const auto pictures = CheckStream(events);
  const std::vector<int> progress = ProgressIterations(events);
  ASSERT_THAT(progress, SizeIs(60));
  for (int i = 0; i < 60; ++i) EXPECT_EQ(progress[i], i + 1);
  // What was on its way when the reader stopped, and the newest.
  EXPECT_LE(pictures.size(), 30u);
  ASSERT_GE(pictures.size(), 2u);
  EXPECT_EQ(std::next(pictures.rbegin())->second.substr(0, 4), "p60a");
  EXPECT_EQ(pictures.rbegin()->second.substr(0, 4), "r60a");
}

TEST_F(EventStreamTest, TwoHundredWatchersAndOneThatStalls) {
  constexpr int kWatchers = 200;
  constexpr int kSteps = 300;
  grpc::ChannelArguments own_connection;
  own_connection.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto stalled_stub = v1::Stylization::NewStub(
      grpc::CreateCustomChannel(server_->address(), grpc::InsecureChannelCredentials(), own_connection));
  grpc::ClientContext stalled_context;
  const auto stalled = stalled_stub->Stylize(&stalled_context, Request());
  FakeJob& job = backend_->job(1);
  job.Accept();
  job.Preview(1, 32 << 20);
  // It has taken both, and isn't done with the second.
  job.taken.WaitFor(2);
  job.Preview(2, 10);

  std::vector<grpc::ClientContext> contexts(kWatchers);
  std::vector<std::unique_ptr<Reader>> readers;
  for (grpc::ClientContext& context : contexts) {
    readers.push_back(stub_->WatchJob(&context, WatchRequest("jobs/1")));
  }
  job.attached.WaitFor(1 + kWatchers);
  job.Progress(1, kSteps);
  job.Result(kSteps, 10);
  job.Finish(v1::Finished::STATE_SUCCEEDED);

  const auto check = [&](Reader& reader) {
    const std::vector<v1::JobEvent> events = ReadAll(reader);
    EXPECT_TRUE(reader.Finish().ok());
    CheckStream(events);
    const std::vector<int> progress = ProgressIterations(events);
    ASSERT_THAT(progress, SizeIs(kSteps));
    for (int i = 0; i < kSteps; ++i) ASSERT_EQ(progress[i], i + 1);
    EXPECT_EQ(events.back().finished().state(), v1::Finished::STATE_SUCCEEDED);
  };
  for (const auto& reader : readers) check(*reader);
  EXPECT_EQ(job.left.value(), kWatchers);
  // The one that stalls has taken nothing more: the rest waits in the job, once for all.
  EXPECT_EQ(job.taken.value(), 2 + kWatchers * (1 + 1 + kSteps + 2));
  check(*stalled);
}

TEST_F(EventStreamTest, WhoComesBackMissesNothingAndGetsNothingTwice) {
  backend_->run = [](FakeJob& job) {
    job.Accept();
    job.Progress(1, 3);
    job.Preview(3, kMaxChunkBytes + 1);
    job.Progress(4, 6);
    job.Result(5, 2 * kMaxChunkBytes + 1);
    job.Finish(v1::Finished::STATE_SUCCEEDED);
  };
  ASSERT_TRUE(Stylize(Request(), &events_).ok());
  const std::vector<v1::JobEvent> all = events_;
  ASSERT_THAT(all, SizeIs(1 + 3 + 2 + 3 + 3 + 1));
  for (size_t cut = 0; cut <= all.size(); ++cut) {
    grpc::ClientContext context;
    const auto reader = stub_->WatchJob(&context, WatchRequest("jobs/1"));
    std::vector<v1::JobEvent> seen(cut);
    for (v1::JobEvent& event : seen) ASSERT_TRUE(reader->Read(&event));
    context.TryCancel();
    reader->Finish();
    // A picture that the cut goes through comes again, from its start.
    if (cut < all.size()) {
      std::erase_if(seen, [&](const v1::JobEvent& event) { return event.sequence() == all[cut].sequence(); });
    }
    std::vector<v1::JobEvent> rest;
    ASSERT_TRUE(Watch("jobs/1", seen.empty() ? 0 : seen.back().sequence(), &rest).ok());
    seen.insert(seen.end(), rest.begin(), rest.end());
    ASSERT_EQ(seen.size(), all.size()) << cut;
    for (size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(seen[i].SerializeAsString(), all[i].SerializeAsString()) << cut;
    }
  }
}

TEST_F(EventStreamTest, WhoComesBackWhileTheJobRuns) {
  grpc::ClientContext first_context;
  const auto first = stub_->Stylize(&first_context, Request());
  FakeJob& job = backend_->job(1);
  job.Accept();
  std::thread running([&] {
    for (int step = 1; step <= 2000; ++step) job.Progress(step, step);
    job.Finish(v1::Finished::STATE_SUCCEEDED);
  });
  std::vector<v1::JobEvent> seen(1);
  ASSERT_TRUE(first->Read(&seen[0]));
  first_context.TryCancel();
  bool ended = false;
  for (int attempt = 1; !ended; ++attempt) {
    grpc::ClientContext context;
    const auto reader = stub_->WatchJob(&context, WatchRequest("jobs/1", seen.back().sequence()));
    v1::JobEvent event;
    for (int i = 0; i < attempt && !ended; ++i) {
      ASSERT_TRUE(reader->Read(&event));
      seen.push_back(event);
      ended = event.has_finished();
    }
    context.TryCancel();
  }
  running.join();
  ASSERT_THAT(seen, SizeIs(1 + 2000 + 1));
  for (size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i].sequence(), static_cast<int64_t>(i + 1));
}

TEST_F(EventStreamTest, AWatchOfAJobThatHasEndedForWhoHasItAll) {
  backend_->run = [](FakeJob& job) { job.Run(3); };
  ASSERT_TRUE(Stylize(Request(), &events_).ok());
  EXPECT_TRUE(Watch("jobs/1", events_.back().sequence(), &events_).ok());
  EXPECT_THAT(events_, IsEmpty());
}

TEST_F(EventStreamTest, AClientThatLeavesBeforeTheFirstEvent) {
  grpc::ClientContext context;
  const auto reader = stub_->Stylize(&context, Request());
  FakeJob& job = backend_->job(1);
  context.TryCancel();
  job.left.WaitFor(1);
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(EventStreamTest, AClientThatLeavesBetweenEvents) {
  grpc::ClientContext context, other_context;
  const auto reader = stub_->Stylize(&context, Request());
  FakeJob& job = backend_->job(1);
  const auto other = stub_->WatchJob(&other_context, WatchRequest("jobs/1"));
  job.Accept();
  v1::JobEvent event;
  ASSERT_TRUE(reader->Read(&event));
  context.TryCancel();
  job.left.WaitFor(1);
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  // Nobody else is any the wiser.
  job.Progress(1, 3);
  job.Finish(v1::Finished::STATE_SUCCEEDED);
  EXPECT_THAT(ProgressIterations(ReadAll(*other)), ElementsAre(1, 2, 3));
  EXPECT_TRUE(other->Finish().ok());
}

TEST_F(EventStreamTest, AClientThatLeavesWithAFullPipe) {
  grpc::ClientContext context;
  const auto reader = stub_->Stylize(&context, Request());
  FakeJob& job = backend_->job(1);
  job.Accept();
  job.Preview(1, 32 << 20);
  job.taken.WaitFor(2);
  context.TryCancel();
  job.left.WaitFor(1);
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(EventStreamTest, AClientThatLeavesWhileItsWatchIsOpened) {
  grpc::ClientContext maker_context, context;
  const auto maker = stub_->Stylize(&maker_context, Request());
  FakeJob& job = backend_->job(1);
  backend_->holds_watches = true;
  const auto reader = stub_->WatchJob(&context, WatchRequest("jobs/1"));
  backend_->opening.WaitFor(1);
  context.TryCancel();
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(job.attached.value(), 1);
  backend_->may_open.Add();
  job.left.WaitFor(1);
  EXPECT_EQ(job.attached.value(), 2);
}

TEST_F(EventStreamTest, ADeadlineIsAClientThatLeaves) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
  const auto reader = stub_->Stylize(&context, Request());
  backend_->job(1).left.WaitFor(1);
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(EventStreamTest, ManyClientsThatComeAndGo) {
  backend_->run = [](FakeJob& job) {
    job.Accept();
    job.Progress(1, 2);
    job.Preview(2, 1000);
    job.Progress(3, 4);
    job.Result(3, 1000);
    job.Finish(v1::Finished::STATE_SUCCEEDED);
  };
  std::vector<std::thread> clients;
  for (int t = 0; t < 8; ++t) {
    clients.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const bool leaves = (t + i) % 3 == 0;
        grpc::ClientContext context;
        const auto reader = stub_->Stylize(&context, Request());
        if (leaves) context.TryCancel();
        CheckStream(ReadAll(*reader));
        const grpc::Status status = reader->Finish();
        EXPECT_TRUE(status.ok() || (leaves && status.error_code() == grpc::StatusCode::CANCELLED))
            << status.error_message();
      }
    });
  }
  for (std::thread& client : clients) client.join();
  server_.reset();
  // All streams are gone, and so are their watches.
  for (int k = 1; k <= backend_->started.value(); ++k) EXPECT_EQ(backend_->job(k).left.value(), 1);
}

TEST_F(EventStreamTest, WatchersThatComeAndGoWhileTheJobRuns) {
  grpc::ClientContext context;
  const auto maker = stub_->Stylize(&context, Request());
  FakeJob& job = backend_->job(1);
  job.Accept();
  std::vector<std::thread> clients;
  for (int t = 0; t < 4; ++t) {
    clients.emplace_back([&, t] {
      for (int i = 0; i < 30; ++i) {
        grpc::ClientContext watch_context;
        const auto reader = stub_->WatchJob(&watch_context, WatchRequest("jobs/1"));
        v1::JobEvent event;
        for (int k = 0; k < (t + i) % 4; ++k) EXPECT_TRUE(reader->Read(&event));
        watch_context.TryCancel();
        reader->Finish();
      }
    });
  }
  std::thread running([&] {
    for (int step = 1; step <= 500; ++step) {
      job.Progress(step, step);
      if (step % 10 == 0) job.Preview(step, 10'000);
    }
  });
  for (std::thread& client : clients) client.join();
  running.join();
  job.Finish(v1::Finished::STATE_SUCCEEDED);
  EXPECT_THAT(ProgressIterations(ReadAll(*maker)), SizeIs(500));
  EXPECT_TRUE(maker->Finish().ok());
  server_.reset();
  EXPECT_EQ(job.left.value(), job.attached.value());
}

}  // namespace
}  // namespace impasto::rpc
