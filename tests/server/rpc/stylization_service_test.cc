#include "rpc/stylization_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "base/error_details.h"
#include "base/field_error.h"
#include "tests/server/rpc/stylization_fixture.h"

namespace impasto::rpc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class StylizationServiceTest : public StylizationTest {
 protected:
  // Makes jobs/1, which does nothing by itself.
  void MakeJob() {
    Script();
    maker_ = stub_->Stylize(&maker_context_, Request());
    backend_->job(1);
  }
  template <typename Method, typename Request>
  grpc::Status Call(Method method, const Request& request, v1::Job* job) {
    grpc::ClientContext context;
    return (stub_.get()->*method)(&context, request, job);
  }
  template <typename Request, typename Method>
  grpc::Status CallFor(Method method, const std::string& name, v1::Job* job) {
    Request request;
    request.set_name(name);
    return Call(method, request, job);
  }
  grpc::Status Delete(const std::string& name) {
    grpc::ClientContext context;
    v1::DeleteJobRequest request;
    request.set_name(name);
    google::protobuf::Empty response;
    return stub_->DeleteJob(&context, request, &response);
  }
  static v1::UpdateJobRequest UpdateRequest() {
    v1::UpdateJobRequest request;
    request.mutable_job()->set_name("jobs/1");
    request.mutable_job()->mutable_recipe()->set_style_weight(0.5);
    return request;
  }

  grpc::ClientContext maker_context_;
  std::unique_ptr<Reader> maker_;
  v1::Job job_;
};

TEST_F(StylizationServiceTest, StreamsAJob) {
  ASSERT_TRUE(Stylize(Request(), &events_).ok());
  ASSERT_THAT(events_, SizeIs(1 + 4 + 2));
  EXPECT_EQ(events_[0].accepted().job(), "jobs/1");
  EXPECT_THAT(ProgressIterations(events_), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(events_[5].result().chunk().data(), "r3aaaaaaaa");
  EXPECT_EQ(events_[6].finished().state(), v1::Finished::STATE_SUCCEEDED);
  CheckStream(events_);
  EXPECT_EQ(backend_->job(1).left.value(), 1);
}

TEST_F(StylizationServiceTest, AJobBelongsToWhoeverTheClientIs) {
  EXPECT_TRUE(Stylize(Request(), &events_).ok());
  EXPECT_EQ(backend_->client(1), "127.0.0.1");
  const auto stylize_as = [&](const std::string& client) {
    grpc::ClientContext context;
    context.AddMetadata("impasto-client", client);
    const auto reader = stub_->Stylize(&context, Request());
    ReadAll(*reader);
    return reader->Finish();
  };
  EXPECT_TRUE(stylize_as("gimp of Anna").ok());
  EXPECT_EQ(backend_->client(2), "gimp of Anna");
  const grpc::Status status = stylize_as(std::string(65, 'x'));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(FieldOfDetails(status), "impasto-client");
}

TEST_F(StylizationServiceTest, ARefusedJobEndsWithItsStatus) {
  backend_->run = [](FakeJob& job) { job.End(FieldError("styles[0].encoded", "is no picture")); };
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
  EXPECT_EQ(backend_->started.value(), 0);
}

TEST_F(StylizationServiceTest, AServerThatStopsSaysWhenToTryAgain) {
  backend_->stylize_status = WithRetryAfter(absl::UnavailableError("the server is stopping"), 30);
  const grpc::Status status = Stylize(Request(), &events_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(details.details(1).UnpackTo(&retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 30);
}

TEST_F(StylizationServiceTest, TooManyStreamsAreRefused) {
  StylizationService::Limits limits;
  limits.event_streams = 2;
  Create(limits);
  MakeJob();
  grpc::ClientContext context;
  const auto second = stub_->WatchJob(&context, WatchRequest("jobs/1"));
  backend_->job(1).attached.WaitFor(2);
  for (const grpc::Status& status : {Stylize(Request(), &events_), Watch("jobs/1", 0, &events_)}) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_THAT(status.error_message(), HasSubstr("2 Stylize and WatchJob calls at a time"));
    EXPECT_EQ(FieldOfDetails(status), "");
  }
  backend_->job(1).Run(3);
  EXPECT_THAT(ReadAll(*maker_), SizeIs(7));
  EXPECT_THAT(ReadAll(*second), SizeIs(7));
  EXPECT_TRUE(maker_->Finish().ok());
  EXPECT_TRUE(second->Finish().ok());
}

TEST_F(StylizationServiceTest, RequestsThatWaitHaveALimitInAll) {
  Create({}, /*waiting_bytes=*/5 << 20);
  backend_->keep_requests = true;
  EXPECT_TRUE(Stylize(Request(3 << 20), &events_).ok());
  EXPECT_EQ(Stylize(Request(3 << 20), &events_).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  grpc::ClientContext context;
  v1::EstimateJobRequest estimate;
  *estimate.mutable_request() = Request(3 << 20);
  v1::EstimateJobResponse response;
  EXPECT_EQ(stub_->EstimateJob(&context, estimate, &response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  // A small one has room.
  EXPECT_TRUE(Stylize(Request(), &events_).ok());
  // Prepared requests don't count any more.
  backend_->ForgetRequests();
  EXPECT_TRUE(Stylize(Request(3 << 20), &events_).ok());
  EXPECT_EQ(backend_->bytes_received, (6 << 20) + 7);
}

TEST_F(StylizationServiceTest, WatchesNameTheirFault) {
  MakeJob();
  grpc::Status status = Watch("jobs/2", 0, &events_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "there is no jobs/2");
  status = Watch("jobs/A", 0, &events_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(FieldOfDetails(status), "name");
  status = Watch("jobs/1", -1, &events_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(FieldOfDetails(status), "after_event");
}

TEST_F(StylizationServiceTest, TooManyWatchesThatWaitAreRefused) {
  Create({}, 1 << 20, /*max_waiting=*/1);
  MakeJob();
  backend_->holds_watches = true;
  // One is being opened, one waits, the other two are refused at once.
  Counter refused;
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      std::vector<v1::JobEvent> events;
      const grpc::Status status = Watch("jobs/1", 0, &events);
      if (status.ok()) return;
      EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
      EXPECT_EQ(status.error_message(), "too many calls are waiting; try again later");
      refused.Add();
    });
    backend_->opening.WaitFor(1);
  }
  refused.WaitFor(2);
  backend_->may_open.Add(2);
  backend_->job(1).Run(3);
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(refused.value(), 2);
}

TEST_F(StylizationServiceTest, EstimatesWithoutStarting) {
  grpc::ClientContext context;
  v1::EstimateJobRequest request;
  *request.mutable_request() = Request(1234);
  v1::EstimateJobResponse response;
  ASSERT_TRUE(stub_->EstimateJob(&context, request, &response).ok());
  EXPECT_EQ(response.memory().peak_bytes(), 1234);
  EXPECT_EQ(backend_->started.value(), 0);

  const auto refused = [&](const v1::EstimateJobRequest& bad) {
    grpc::ClientContext again;
    const grpc::Status status = stub_->EstimateJob(&again, bad, &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    return FieldOfDetails(status);
  };
  EXPECT_EQ(refused({}), "request");
  request.mutable_request()->clear_styles();
  EXPECT_EQ(refused(request), "request.styles");
}

TEST_F(StylizationServiceTest, AnEstimateKeepsNobodyElseWaiting) {
  MakeJob();
  backend_->holds_estimates = true;
  std::thread estimate([&] {
    grpc::ClientContext context;
    v1::EstimateJobRequest request;
    *request.mutable_request() = Request();
    v1::EstimateJobResponse response;
    EXPECT_TRUE(stub_->EstimateJob(&context, request, &response).ok());
  });
  backend_->estimating.WaitFor(1);
  backend_->job(1).Run(3);
  EXPECT_TRUE(Watch("jobs/1", 0, &events_).ok());
  EXPECT_TRUE(CallFor<v1::GetJobRequest>(&v1::Stylization::Stub::GetJob, "jobs/1", &job_).ok());
  backend_->may_estimate.Add();
  estimate.join();
}

TEST_F(StylizationServiceTest, CallsForOneJob) {
  MakeJob();
  using Stub = v1::Stylization::Stub;
  ASSERT_TRUE(CallFor<v1::GetJobRequest>(&Stub::GetJob, "jobs/1", &job_).ok());
  EXPECT_EQ(job_.name(), "jobs/1");
  EXPECT_EQ(job_.state(), v1::Job::STATE_RUNNING);
  ASSERT_TRUE(CallFor<v1::PauseJobRequest>(&Stub::PauseJob, "jobs/1", &job_).ok());
  EXPECT_EQ(job_.state(), v1::Job::STATE_PAUSED);
  ASSERT_TRUE(CallFor<v1::ResumeJobRequest>(&Stub::ResumeJob, "jobs/1", &job_).ok());
  EXPECT_EQ(job_.state(), v1::Job::STATE_WAITING);
  ASSERT_TRUE(CallFor<v1::CancelJobRequest>(&Stub::CancelJob, "jobs/1", &job_).ok());
  EXPECT_EQ(job_.state(), v1::Job::STATE_CANCELLED);

  for (const auto& [name, code, field] : std::vector<std::tuple<std::string, grpc::StatusCode, std::string>>{
           {"jobs/2", grpc::StatusCode::NOT_FOUND, ""},
           {"", grpc::StatusCode::INVALID_ARGUMENT, "name"},
           {"jobs/", grpc::StatusCode::INVALID_ARGUMENT, "name"},
           {"models/1", grpc::StatusCode::INVALID_ARGUMENT, "name"}}) {
    const grpc::Status all[] = {CallFor<v1::GetJobRequest>(&Stub::GetJob, name, &job_),
                                CallFor<v1::PauseJobRequest>(&Stub::PauseJob, name, &job_),
                                CallFor<v1::ResumeJobRequest>(&Stub::ResumeJob, name, &job_),
                                CallFor<v1::CancelJobRequest>(&Stub::CancelJob, name, &job_), Delete(name)};
    for (const grpc::Status& status : all) {
      EXPECT_EQ(status.error_code(), code) << name;
      EXPECT_EQ(FieldOfDetails(status), field) << name;
    }
  }
  const grpc::Status running = Delete("jobs/1");
  EXPECT_EQ(running.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(running.error_message(), "it runs: cancel it first");
}

TEST_F(StylizationServiceTest, ListsJobs) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Stylize(Request(), &events_).ok());
  v1::ListJobsRequest request;
  request.set_order_by("name desc");
  request.set_filter("state = RUNNING AND name != jobs/2");
  request.set_page_size(1);
  std::vector<std::string> names;
  do {
    grpc::ClientContext context;
    v1::ListJobsResponse response;
    ASSERT_TRUE(stub_->ListJobs(&context, request, &response).ok());
    for (const v1::Job& job : response.jobs()) names.push_back(job.name());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(names, ElementsAre("jobs/3", "jobs/1"));

  request.set_filter("state");
  grpc::ClientContext context;
  v1::ListJobsResponse response;
  const grpc::Status status = stub_->ListJobs(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(FieldOfDetails(status), "filter");
}

TEST_F(StylizationServiceTest, AnUpdateIsAnsweredWhenItIsDone) {
  std::thread answer([&] {
    const FakeStylization::Update update = backend_->update(1);
    EXPECT_THAT(update.request.update_mask().paths(), ElementsAre("recipe.style_weight"));
    v1::Job job;
    job.set_iteration(17);
    update.done(job);
    backend_->update(2).done(absl::FailedPreconditionError("it has ended"));
  });
  ASSERT_TRUE(Call(&v1::Stylization::Stub::UpdateJob, UpdateRequest(), &job_).ok());
  EXPECT_EQ(job_.iteration(), 17);
  const grpc::Status ended = Call(&v1::Stylization::Stub::UpdateJob, UpdateRequest(), &job_);
  EXPECT_EQ(ended.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  answer.join();

  v1::UpdateJobRequest bad = UpdateRequest();
  bad.mutable_update_mask()->add_paths("state");
  const grpc::Status refused = Call(&v1::Stylization::Stub::UpdateJob, bad, &job_);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(FieldOfDetails(refused), "update_mask");
  EXPECT_EQ(backend_->updating.value(), 2);
}

TEST_F(StylizationServiceTest, AnUpdateMayBeDoneAtOnce) {
  backend_->update_at_once = true;
  ASSERT_TRUE(Call(&v1::Stylization::Stub::UpdateJob, UpdateRequest(), &job_).ok());
  EXPECT_EQ(job_.name(), "jobs/1");
}

TEST_F(StylizationServiceTest, AnUpdateThatIsDoneAfterItsClientHasGone) {
  grpc::ClientContext context;
  v1::Job response;
  Counter answered;
  grpc::Status status;
  const v1::UpdateJobRequest request = UpdateRequest();
  stub_->async()->UpdateJob(&context, &request, &response, [&](grpc::Status result) {
    status = result;
    answered.Add();
  });
  const FakeStylization::Update update = backend_->update(1);
  context.TryCancel();
  answered.WaitFor(1);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  // The server's end waits for the call.
  std::thread stop([&] { server_.reset(); });
  v1::Job job;
  job.set_display_name(std::string(1000, 'x'));
  update.done(job);
  stop.join();
}

// With tokens, jobs/1 is Anna's, and Ben knows nothing of it.
class OwnJobsTest : public StylizationServiceTest {
 protected:
  void SetUp() override {
    callers_.emplace(*AccessTokens::Parse("anna token.of.anna.xx\nben token.of.ben.xxx"));
    Create({});
    Script();
    maker_context_.AddMetadata("authorization", "Bearer token.of.anna.xx");
    maker_ = stub_->Stylize(&maker_context_, Request());
    backend_->job(1);
    backend_->update_at_once = true;
  }
  // Every method that is about one job, called by the owner of `token`.
  std::map<std::string, grpc::Status> CallAll(const std::string& token) {
    std::map<std::string, grpc::Status> statuses;
    const auto call = [&](const char* name, auto method, auto request, auto response) {
      grpc::ClientContext context;
      Authorize(&context, token);
      statuses[name] = (stub_.get()->*method)(&context, request, &response);
    };
    const auto naming = [](auto request) {
      request.set_name("jobs/1");
      return request;
    };
    using Stub = v1::Stylization::Stub;
    call("GetJob", &Stub::GetJob, naming(v1::GetJobRequest()), v1::Job());
    call("CancelJob", &Stub::CancelJob, naming(v1::CancelJobRequest()), v1::Job());
    call("PauseJob", &Stub::PauseJob, naming(v1::PauseJobRequest()), v1::Job());
    call("ResumeJob", &Stub::ResumeJob, naming(v1::ResumeJobRequest()), v1::Job());
    call("UpdateJob", &Stub::UpdateJob, UpdateRequest(), v1::Job());
    call("DeleteJob", &Stub::DeleteJob, naming(v1::DeleteJobRequest()), google::protobuf::Empty());
    return statuses;
  }
  std::vector<std::string> List(const std::string& token) {
    grpc::ClientContext context;
    Authorize(&context, token);
    v1::ListJobsResponse response;
    EXPECT_TRUE(stub_->ListJobs(&context, v1::ListJobsRequest(), &response).ok());
    std::vector<std::string> names;
    for (const v1::Job& job : response.jobs()) names.push_back(job.name());
    return names;
  }
  grpc::Status WatchAs(const std::string& token, std::unique_ptr<Reader>* reader,
                       grpc::ClientContext* context) {
    Authorize(context, token);
    *reader = stub_->WatchJob(context, WatchRequest("jobs/1"));
    v1::JobEvent event;
    return (*reader)->Read(&event) ? grpc::Status::OK : (*reader)->Finish();
  }
  static void Authorize(grpc::ClientContext* context, const std::string& token) {
    if (!token.empty()) context->AddMetadata("authorization", "Bearer " + token);
  }
};

TEST_F(OwnJobsTest, AreTheirOwnersAlone) {
  EXPECT_EQ(backend_->client(1), "anna");
  EXPECT_THAT(List("token.of.anna.xx"), ElementsAre("jobs/1"));
  EXPECT_THAT(List("token.of.ben.xxx"), IsEmpty());
  for (const auto& [method, status] : CallAll("token.of.anna.xx")) {
    EXPECT_EQ(status.error_code(),
              method == "DeleteJob" ? grpc::StatusCode::FAILED_PRECONDITION : grpc::StatusCode::OK)
        << method;
  }
  for (const auto& [method, status] : CallAll("token.of.ben.xxx")) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND) << method;
    EXPECT_EQ(status.error_message(), "there is no jobs/1") << method;
  }
  std::unique_ptr<Reader> reader;
  grpc::ClientContext ben;
  const grpc::Status unknown = WatchAs("token.of.ben.xxx", &reader, &ben);
  EXPECT_EQ(unknown.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(unknown.error_message(), "there is no jobs/1");
  backend_->job(1).Run(3);
  grpc::ClientContext anna;
  EXPECT_TRUE(WatchAs("token.of.anna.xx", &reader, &anna).ok());
  anna.TryCancel();
}

TEST_F(OwnJobsTest, NobodyCallsWithoutAToken) {
  for (const auto& [method, status] : CallAll("")) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << method;
  }
  EXPECT_EQ(Stylize(Request(), &events_).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Watch("jobs/1", 0, &events_).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  // Nor is anything said of what is wrong with his request.
  grpc::ClientContext estimate;
  v1::EstimateJobResponse estimated;
  EXPECT_EQ(stub_->EstimateJob(&estimate, v1::EstimateJobRequest(), &estimated).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  grpc::ClientContext list;
  v1::ListJobsResponse listed;
  EXPECT_EQ(stub_->ListJobs(&list, v1::ListJobsRequest(), &listed).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  grpc::ClientContext upload;
  v1::UploadPictureResponse uploaded;
  const auto writer = stub_->UploadPicture(&upload, &uploaded);
  writer->WritesDone();
  EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

}  // namespace
}  // namespace impasto::rpc
