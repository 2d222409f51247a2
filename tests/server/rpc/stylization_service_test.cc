#include "rpc/stylization_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/field_error.h"
#include "rpc/picture_chunks.h"
#include "tests/server/rpc/fake_backends.h"
#include "tests/server/rpc/test_server.h"

namespace impasto::rpc {
namespace {

using jobs::Counter;
using jobs::kNoLimit;
using jobs::WorkControl;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Reader = grpc::ClientReader<v1::JobEvent>;

class StylizationServiceTest : public testing::Test {
 protected:
  void Create(StylizationService::Limits limits, int max_jobs = 64) {
    server_.reset();
    service_.reset();
    checker_ = std::make_unique<Worker>(/*max_waiting=*/8);
    backend_ = std::make_unique<FakeStylization>(max_jobs);
    backend_->may_prepare.Add(kNoLimit);
    service_ = std::make_unique<StylizationService>(backend_.get(), &uploads_, checker_.get(), limits);
    server_ = std::make_unique<TestServer>(service_.get());
    stub_ = v1::Stylization::NewStub(server_->channel());
  }
  void SetUp() override { Create({}); }

  // A work that the request uploads/NAME runs.
  std::shared_ptr<WorkControl> Control(const std::string& name, int iterations = 3) {
    auto control = std::make_shared<WorkControl>();
    control->iterations = iterations;
    backend_->controls[absl::StrCat("uploads/", name)] = control;
    return control;
  }
  static v1::StylizeRequest Request(const std::string& name = "default", int preview_every = 0) {
    v1::StylizeRequest request;
    request.mutable_content()->set_upload(absl::StrCat("uploads/", name));
    request.add_styles()->set_encoded("style");
    request.mutable_preview()->set_every_iterations(preview_every);
    return request;
  }
  static std::vector<v1::JobEvent> ReadAll(Reader& reader) {
    std::vector<v1::JobEvent> events;
    v1::JobEvent event;
    while (reader.Read(&event)) events.push_back(event);
    return events;
  }
  grpc::Status Stylize(const v1::StylizeRequest& request, std::vector<v1::JobEvent>* events) {
    grpc::ClientContext context;
    const auto reader = stub_->Stylize(&context, request);
    *events = ReadAll(*reader);
    return reader->Finish();
  }
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

  FakeUploads uploads_;
  std::unique_ptr<FakeStylization> backend_;
  std::unique_ptr<Worker> checker_;
  std::unique_ptr<StylizationService> service_;
  std::unique_ptr<TestServer> server_;
  std::unique_ptr<v1::Stylization::Stub> stub_;
  std::vector<v1::JobEvent> events_;
};

// Checks the order of events and the chunks of each picture, and puts the pictures together, by sequence
// number.
std::map<int64_t, std::string> CheckStream(const std::vector<v1::JobEvent>& events) {
  std::map<int64_t, std::string> pictures;
  int64_t sequence = 0;
  int64_t expected = 0;  // bytes of the picture that has begun
  int last_preview = 0;
  for (const v1::JobEvent& event : events) {
    const bool in_picture =
        pictures.contains(sequence) && static_cast<int64_t>(pictures[sequence].size()) < expected;
    if (in_picture) {
      EXPECT_EQ(event.sequence(), sequence);
    } else {
      EXPECT_GT(event.sequence(), sequence);
    }
    sequence = event.sequence();
    if (event.has_preview() && !in_picture) {
      EXPECT_GT(event.preview().iteration(), last_preview);
      last_preview = event.preview().iteration();
    }
    if (!event.has_preview() && !event.has_result()) continue;
    const v1::PictureChunk& chunk = event.has_preview() ? event.preview().chunk() : event.result().chunk();
    EXPECT_EQ(chunk.has_header(), !in_picture);
    if (chunk.has_header()) expected = chunk.header().total_bytes();
    EXPECT_EQ(chunk.offset(), static_cast<int64_t>(pictures[sequence].size()));
    EXPECT_LE(static_cast<int64_t>(chunk.data().size()), kMaxChunkBytes);
    pictures[sequence] += chunk.data();
    EXPECT_LE(static_cast<int64_t>(pictures[sequence].size()), expected);
  }
  return pictures;
}

std::vector<int> ProgressIterations(const std::vector<v1::JobEvent>& events) {
  std::vector<int> iterations;
  for (const v1::JobEvent& event : events) {
    if (event.has_progress()) iterations.push_back(event.progress().iteration());
  }
  return iterations;
}

TEST_F(StylizationServiceTest, StreamsAJob) {
  ASSERT_TRUE(Stylize(Request(), &events_).ok());
  ASSERT_THAT(events_, SizeIs(1 + 4 + 2));
  EXPECT_EQ(events_[0].accepted().job(), backend_->job(1)->name());
  EXPECT_THAT(ProgressIterations(events_), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(events_[5].result().chunk().data(), "r3aaaaaaaa");
  EXPECT_EQ(events_[5].result().total_loss(), 96);
  EXPECT_EQ(events_[6].finished().state(), v1::Finished::STATE_SUCCEEDED);
  CheckStream(events_);
  EXPECT_EQ(backend_->cancels.value(), 0);
}

TEST_F(StylizationServiceTest, EventsComeAsTheyHappen) {
  auto control = Control("x");
  control->may_result.Add(kNoLimit);
  grpc::ClientContext context;
  const auto reader = stub_->Stylize(&context, Request("x"));
  v1::JobEvent event;
  ASSERT_TRUE(reader->Read(&event));
  EXPECT_TRUE(event.has_accepted());
  for (int step = 1; step <= 4; ++step) {
    control->allowed.Add();
    ASSERT_TRUE(reader->Read(&event));
    EXPECT_EQ(event.progress().iteration(), step);
  }
  EXPECT_THAT(ReadAll(*reader), SizeIs(2));
  EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(StylizationServiceTest, ALargePictureIsReadWithAClientsDefaultLimit) {
  auto control = Control("large", 1);
  control->Free();
  control->picture_bytes = (8 << 20) + 12345;
  ASSERT_TRUE(Stylize(Request("large", 1), &events_).ok());
  const auto pictures = CheckStream(events_);
  ASSERT_THAT(pictures, SizeIs(2));
  EXPECT_EQ(pictures.begin()->second, absl::StrCat("p1", std::string(control->picture_bytes - 2, 'a')));
  EXPECT_EQ(pictures.rbegin()->second, absl::StrCat("r1", std::string(control->picture_bytes - 2, 'a')));
}

TEST_F(StylizationServiceTest, ASlowReaderGetsEveryLossAndTheNewestPreviews) {
  auto control = Control("slow", 60);
  control->Free();
  control->picture_bytes = 1 << 20;
  grpc::ClientContext context;
  const auto reader = stub_->Stylize(&context, Request("slow", 1));
  v1::JobEvent event;
  ASSERT_TRUE(reader->Read(&event));
  // The job doesn't wait for its reader.
  backend_->ended.WaitFor(1);
  EXPECT_EQ(backend_->job(1)->EndStatus(), absl::OkStatus());

  std::vector<v1::JobEvent> events = ReadAll(*reader);
  EXPECT_TRUE(reader->Finish().ok());
  const auto pictures = CheckStream(events);
  const std::vector<int> progress = ProgressIterations(events);
  ASSERT_THAT(progress, SizeIs(61));
  for (int i = 0; i <= 60; ++i) EXPECT_EQ(progress[i], i + 1);
  // What was on its way when the reader stopped, and the newest.
  EXPECT_LE(pictures.size(), 30u);
  ASSERT_GE(pictures.size(), 2u);
  EXPECT_EQ(std::next(pictures.rbegin())->second.substr(0, 4), "p60a");
  EXPECT_EQ(pictures.rbegin()->second.substr(0, 4), "r60a");
}

TEST_F(StylizationServiceTest, ACancelledCallStopsItsJobWithinOneStep) {
  auto control = Control("x", 100);
  control->allowed.Add(2);
  grpc::ClientContext context;
  const auto reader = stub_->Stylize(&context, Request("x"));
  control->entered.WaitFor(3);
  context.TryCancel();
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  backend_->cancels.WaitFor(1);
  control->allowed.Add(kNoLimit);
  control->freed.WaitFor(1);
  EXPECT_EQ(control->entered.value(), 3);
  backend_->ended.WaitFor(1);
  EXPECT_EQ(backend_->job(1)->EndStatus(), absl::CancelledError("the job was cancelled"));
}

TEST_F(StylizationServiceTest, ACancelledCallWithAFullPipeStopsItsJob) {
  auto control = Control("x", 100'000);
  control->Free();
  control->picture_bytes = 16 << 20;
  grpc::ClientContext context;
  const auto reader = stub_->Stylize(&context, Request("x", 1));
  control->previewing.WaitFor(2);
  context.TryCancel();
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  backend_->ended.WaitFor(1);
  EXPECT_EQ(backend_->job(1)->EndStatus(), absl::CancelledError("the job was cancelled"));
}

TEST_F(StylizationServiceTest, TwoClientsOneCancelling) {
  auto first = Control("first", 50);
  auto second = Control("second", 5);
  second->Free();
  grpc::ClientContext first_context, second_context;
  const auto cancelled = stub_->Stylize(&first_context, Request("first", 1));
  first->entered.WaitFor(1);
  const auto other = stub_->Stylize(&second_context, Request("second", 1));
  v1::JobEvent event;
  ASSERT_TRUE(other->Read(&event));
  EXPECT_EQ(event.accepted().jobs_ahead(), 1);
  first_context.TryCancel();
  backend_->cancels.WaitFor(1);
  first->Free();
  EXPECT_EQ(cancelled->Finish().error_code(), grpc::StatusCode::CANCELLED);
  const std::vector<v1::JobEvent> events = ReadAll(*other);
  EXPECT_TRUE(other->Finish().ok());
  CheckStream(events);
  EXPECT_THAT(ProgressIterations(events), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(events.back().finished().state(), v1::Finished::STATE_SUCCEEDED);
  EXPECT_EQ(first->entered.value(), 1);
}

TEST_F(StylizationServiceTest, ARefusedJobEndsWithItsStatus) {
  backend_->prepare_status = FieldError("styles[0].encoded", "is no picture");
  const grpc::Status status = Stylize(Request(), &events_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "styles[0].encoded: is no picture");
  EXPECT_EQ(FieldOfDetails(status), "styles[0].encoded");
  EXPECT_THAT(events_, IsEmpty());
}

TEST_F(StylizationServiceTest, ABadRequestNeverBecomesAJob) {
  v1::StylizeRequest request = Request();
  request.mutable_output()->set_quality(101);
  const grpc::Status status = Stylize(request, &events_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(FieldOfDetails(status), "output.quality");
  EXPECT_EQ(backend_->preparing.value(), 0);
}

TEST_F(StylizationServiceTest, AFailedJobEndsWithItsPictureAndStatus) {
  auto control = Control("x", 5);
  control->Free();
  control->failing_step = 3;
  control->step_status = FieldError("recipe.learning_rate", "is too large: the loss is not a number",
                                    absl::StatusCode::kDataLoss);
  const grpc::Status status = Stylize(Request("x"), &events_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_EQ(FieldOfDetails(status), "recipe.learning_rate");
  ASSERT_THAT(events_, SizeIs(1 + 2 + 2));
  EXPECT_EQ(events_[3].result().chunk().data(), "r2aaaaaaaa");
  const v1::Finished& finished = events_[4].finished();
  EXPECT_EQ(finished.state(), v1::Finished::STATE_FAILED);
  // The same as the call's own, details and all.
  EXPECT_EQ(finished.error().SerializeAsString(), status.error_details());
}

TEST_F(StylizationServiceTest, AJobThatTheServerCancelsEndsTheCall) {
  auto control = Control("x", 5);
  grpc::ClientContext context;
  const auto reader = stub_->Stylize(&context, Request("x"));
  control->entered.WaitFor(1);
  std::thread stop([&] { backend_->scheduler->Stop(); });
  // New jobs are refused from then on.
  while (Stylize(Request(), &events_).error_code() != grpc::StatusCode::UNAVAILABLE) {
  }
  control->Free();
  stop.join();
  const std::vector<v1::JobEvent> events = ReadAll(*reader);
  EXPECT_EQ(events.back().finished().state(), v1::Finished::STATE_CANCELLED);
  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(status.error_message(), "the server is stopping");
}

TEST_F(StylizationServiceTest, TooManyJobsAndCallsAreRefused) {
  StylizationService::Limits limits;
  limits.stylize_calls = 3;
  Create(limits, /*max_jobs=*/2);
  auto control = Control("x");
  grpc::ClientContext contexts[2];
  const auto first = stub_->Stylize(&contexts[0], Request("x"));
  control->entered.WaitFor(1);
  const auto second = stub_->Stylize(&contexts[1], Request());
  backend_->job(2);
  grpc::Status status = Stylize(Request(), &events_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("2 jobs at a time"));
  control->Free();
  EXPECT_THAT(ReadAll(*first), SizeIs(7));
  EXPECT_THAT(ReadAll(*second), SizeIs(7));

  limits.stylize_calls = 1;
  Create(limits);
  control = Control("x");
  grpc::ClientContext context;
  const auto only = stub_->Stylize(&context, Request("x"));
  backend_->job(1);
  status = Stylize(Request(), &events_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("1 Stylize calls at a time"));
  EXPECT_EQ(FieldOfDetails(status), "");
  control->Free();
  EXPECT_THAT(ReadAll(*only), SizeIs(7));
}

TEST_F(StylizationServiceTest, RequestsThatWaitHaveALimitInAll) {
  StylizationService::Limits limits;
  limits.waiting_request_bytes = 5 << 20;
  Create(limits);
  backend_->may_prepare.Add(-kNoLimit);
  v1::StylizeRequest large = Request();
  large.mutable_content()->set_encoded(std::string(3 << 20, 'x'));
  grpc::ClientContext context;
  const auto first = stub_->Stylize(&context, large);
  backend_->preparing.WaitFor(1);
  EXPECT_EQ(Stylize(large, &events_).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  // A small one has room.
  grpc::ClientContext small_context;
  const auto small = stub_->Stylize(&small_context, Request());
  backend_->preparing.WaitFor(2);
  backend_->may_prepare.Add(kNoLimit);
  EXPECT_THAT(ReadAll(*first), SizeIs(7));
  EXPECT_THAT(ReadAll(*small), SizeIs(7));
  // Prepared requests don't count any more.
  EXPECT_TRUE(Stylize(large, &events_).ok());
  EXPECT_EQ(backend_->bytes_received, 6 << 20);
}

TEST_F(StylizationServiceTest, ManyClientsThatComeAndGo) {
  std::vector<std::thread> clients;
  for (int t = 0; t < 8; ++t) {
    clients.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        grpc::ClientContext context;
        const auto reader = stub_->Stylize(&context, Request("default", 1));
        if ((t + i) % 3 == 0) {
          context.TryCancel();
        }
        const std::vector<v1::JobEvent> events = ReadAll(*reader);
        CheckStream(events);
        const grpc::Status status = reader->Finish();
        if ((t + i) % 3 != 0) {
          EXPECT_TRUE(status.ok()) << status.error_message();
        } else {
          EXPECT_TRUE(status.ok() || status.error_code() == grpc::StatusCode::CANCELLED);
        }
      }
    });
  }
  for (std::thread& client : clients) client.join();
}

v1::UploadPictureRequest Part(const std::string& data) {
  v1::UploadPictureRequest part;
  part.set_data(data);
  return part;
}

TEST_F(StylizationServiceTest, UploadsInParts) {
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

TEST_F(StylizationServiceTest, UploadsRawPixels) {
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

TEST_F(StylizationServiceTest, ABadUploadEndsAtOnceAndLeavesNothing) {
  v1::UploadPictureResponse response;
  const grpc::Status status = Upload({Part("good"), Part("bad"), Part("more")}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "bad data");
  uploads_.dropped.WaitFor(1);
  EXPECT_EQ(uploads_.finished.value(), 0);
}

TEST_F(StylizationServiceTest, AnUploadThatIsNoPictureIsRefused) {
  uploads_.may_finish.Add();
  v1::UploadPictureResponse response;
  const grpc::Status status = Upload({}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "data: is empty");
  uploads_.dropped.WaitFor(1);
}

TEST_F(StylizationServiceTest, AnUploadThatIsCancelledLeavesNothing) {
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

TEST_F(StylizationServiceTest, TooManyUploadsAreRefused) {
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
