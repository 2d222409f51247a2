#include "impasto/client.h"

#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "impasto/mocks/mock_connection.h"
#include "tests/client_sdk/cpp/listener.h"
#include "tests/testing/fake_service.h"

namespace impasto {
namespace {

using namespace ::impasto::testing;  // NOLINT(google-build-using-namespace): the test's vocabulary
using ::testing::ElementsAre;
using ::testing::InSequence;
using ::testing::IsEmpty;
using ::testing::Property;
using ::testing::Return;
using ::testing::SizeIs;
using ::testing::StrictMock;

Client MustConnect(const FakeServer& server, ClientOptions options = {}) {
  options.address = server.address();
  auto client = Client::Connect(options);
  EXPECT_TRUE(client.ok()) << client.status();
  return *client;
}

void Succeed(FakeServer* server) {
  server->SetStylize([](const v1::StylizeRequest&, EventStream& stream) {
    stream.SendAll(ResultEvents(2, 1.5, "painted"));
    stream.Send(FinishedEvent());
    return grpc::Status::OK;
  });
}

v1::Model ModelNamed(const std::string& name) {
  v1::Model model;
  model.set_name("models/" + name);
  model.add_layers()->set_name("block1_conv1");
  return model;
}

TEST(ConnectTest, WaitsForAServerThatIsToCome) {
  const std::string address =
      "unix:" + ::testing::TempDir() + "client_test." + std::to_string(getpid()) + ".socket";
  absl::StatusOr<Client> client = absl::UnknownError("not tried");
  std::thread connecting([&] {
    client =
        Client::Connect({.address = address, .connect_timeout = absl::Seconds(60), .wait_for_server = true});
  });
  const FakeServer server(address);
  connecting.join();
  EXPECT_TRUE(client.ok()) << client.status();
  EXPECT_EQ(client->address(), address);
}

TEST(ConnectTest, RefusesAddressesOfAnotherForm) {
  for (const std::string address :
       {"localhost", "http://localhost:50451", ":50451", "localhost:", "localhost:0", "localhost:65536",
        "localhost:abc", "::1:50451", "unix:"}) {
    EXPECT_EQ(Client::Connect({.address = address}).status(),
              absl::InvalidArgumentError("server address \"" + address +
                                         "\": not of the form HOST:PORT, [IPv6]:PORT or unix:PATH"));
  }
}

TEST(ConnectTest, RefusesBadOptions) {
  EXPECT_EQ(Client::Connect({.connect_timeout = absl::ZeroDuration()}).status(),
            absl::InvalidArgumentError("connect_timeout: not above zero"));
  EXPECT_EQ(Client::Connect({.keepalive = absl::Seconds(9)}).status(),
            absl::InvalidArgumentError("keepalive: not in 10 s to 24 h"));
}

TEST(ConnectTest, RefusesNamesThatAreNone) {
  EXPECT_EQ(
      Client::Connect({.client_name = "two words"}).status(),
      absl::InvalidArgumentError("client_name \"two words\": other characters than A-Z a-z 0-9 - _ . @ :"));
  EXPECT_EQ(Client::Connect({.client_name = std::string(65, 'n')}).status(),
            absl::InvalidArgumentError("client_name: longer than 64"));
  EXPECT_EQ(Client::Connect({.reattach_timeout = -absl::Seconds(1)}).status(),
            absl::InvalidArgumentError("reattach_timeout: below zero"));
}

TEST(ConnectTest, TellsTheServerItsName) {
  FakeServer server;
  Succeed(&server);
  server.SetEvents("jobs/1", {});
  ClientOptions options;
  options.client_name = "editor@home";
  const Client named = MustConnect(server, options);
  EXPECT_EQ(named.name(), "editor@home");
  EXPECT_TRUE(named.Stylize({}).ok());
  named.WatchJob("1", 5)->Finish().IgnoreError();
  EXPECT_TRUE(MustConnect(server).Stylize({}).ok());
  EXPECT_THAT(server.clients(), ElementsAre("editor@home", "editor@home", ""));
}

TEST(ConnectTest, TakesTheAddressFromTheEnvironment) {
  const FakeServer server;
  setenv("IMPASTO_SERVER", server.address().c_str(), 1);
  const auto client = Client::Connect();
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_EQ(client->address(), server.address());
  setenv("IMPASTO_SERVER", "", 1);
  EXPECT_EQ(DefaultServerAddress(), "127.0.0.1:50451");
  unsetenv("IMPASTO_SERVER");
  EXPECT_EQ(DefaultServerAddress(), "127.0.0.1:50451");
}

TEST(ConnectTest, IgnoresAProxyForThisMachine) {
  const FakeServer server;
  const Listener proxy(Listener::Kind::kRefuses);
  setenv("http_proxy", ("http://" + proxy.address()).c_str(), 1);
  const auto client = Client::Connect({.address = server.address()});
  unsetenv("http_proxy");
  EXPECT_TRUE(client.ok()) << client.status();
}

TEST(StylizeTest, CallsBackAndReturnsTheResult) {
  FakeServer server;
  server.SetStylize([](const v1::StylizeRequest&, EventStream& stream) {
    stream.Send(AcceptedEvent());
    stream.Send(ProgressEvent(1, 2, 3, 2, 1, 0));
    stream.SendAll(PreviewEvents(1, "preview"));
    stream.Send(ProgressEvent(2, 2, 2, 1, 1, 5));
    stream.SendAll(ResultEvents(2, 1.5, "painted"));
    stream.Send(FinishedEvent());
    return grpc::Status::OK;
  });
  std::vector<std::string> told;
  const auto result = MustConnect(server).Stylize(
      {}, {.on_accepted = [&](const v1::Accepted& accepted) { told.push_back(accepted.job()); },
           .on_progress = [&](const v1::Progress& p) { told.push_back(std::to_string(p.iteration())); },
           .on_preview = [&](const PreviewPicture& preview) { told.push_back(preview.picture.bytes); }});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->picture.bytes, "painted");
  EXPECT_EQ(result->iteration, 2);
  EXPECT_EQ(result->total_loss, 1.5);
  EXPECT_THAT(told, ElementsAre("jobs/1", "1", "preview", "2"));
}

TEST(StylizeTest, SendsTheRequestAsItIs) {
  FakeServer server;
  Succeed(&server);
  v1::StylizeRequest request;
  *request.mutable_content() = PictureFromBytes("content");
  *request.add_styles() = PictureFromBytes("style");
  request.mutable_recipe()->set_iterations(7);
  request.set_request_id("mine");
  ASSERT_TRUE(MustConnect(server).Stylize(request).ok());
  ASSERT_THAT(server.requests(), SizeIs(1));
  EXPECT_EQ(server.requests()[0].SerializeAsString(), request.SerializeAsString());
  EXPECT_THAT(server.uploads(), IsEmpty());
}

TEST(StylizeTest, ServesSeveralThreadsOnOneConnection) {
  FakeServer server;
  Succeed(&server);
  const Client client = MustConnect(server);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([client] {
      for (int run = 0; run < 5; ++run) {
        EXPECT_TRUE(client.Stylize({}).ok());
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_THAT(server.requests(), SizeIs(20));
}

TEST(UploadTest, LargePicturesAreUploadedAndNamed) {
  FakeServer server;
  Succeed(&server);
  ClientOptions options;
  options.max_inline_picture_bytes = 10;
  v1::StylizeRequest request;
  *request.mutable_content() = PictureFromBytes("eleven char");
  *request.add_styles() = PictureFromBytes("ten chars!");
  ASSERT_TRUE(MustConnect(server, options).Stylize(request).ok());
  ASSERT_THAT(server.uploads(), SizeIs(1));
  EXPECT_EQ(server.uploads()[0].bytes, "eleven char");
  ASSERT_THAT(server.requests(), SizeIs(1));
  EXPECT_EQ(server.requests()[0].content().upload(), "uploads/1");
  EXPECT_EQ(server.requests()[0].styles(0).encoded(), "ten chars!");
}

TEST(UploadTest, TheLargestGoFirstUntilTheRequestFits) {
  FakeServer server;
  Succeed(&server);
  ClientOptions options;
  options.max_request_bytes = 130;  // with the 36 characters of an id
  v1::StylizeRequest request;
  *request.mutable_content() = PictureFromBytes(std::string(40, 'c'));
  *request.add_styles() = PictureFromBytes(std::string(30, 's'));
  *request.add_styles() = PictureFromBytes(std::string(60, 't'));
  ASSERT_TRUE(MustConnect(server, options).Stylize(request).ok());
  ASSERT_THAT(server.uploads(), SizeIs(1));
  EXPECT_EQ(server.uploads()[0].bytes, std::string(60, 't'));
  EXPECT_EQ(server.requests()[0].styles(1).upload(), "uploads/1");
  EXPECT_EQ(server.requests()[0].content().encoded(), std::string(40, 'c'));
}

TEST(UploadTest, DefaultsKeepARequestBelowTheServersLimit) {
  FakeServer server;
  Succeed(&server);
  v1::StylizeRequest request;
  *request.mutable_content() = PictureFromBytes(std::string((32 << 20) + 1, 'c'));
  *request.add_styles() = PictureFromBytes(std::string(31 << 20, 's'));
  *request.add_styles() = PictureFromBytes(std::string(30 << 20, 't'));
  const auto result = MustConnect(server).Stylize(std::move(request));
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_THAT(server.uploads(), SizeIs(2));
  EXPECT_EQ(server.uploads()[0].bytes.size(), (32 << 20) + 1);
  EXPECT_EQ(server.uploads()[0].parts, 33);
  EXPECT_EQ(server.uploads()[1].bytes.size(), 31 << 20);
}

TEST(UploadTest, AFailedUploadFailsTheJob) {
  FakeServer server;
  server.SetUploadStatus({grpc::StatusCode::RESOURCE_EXHAUSTED, "the room for uploads is full"});
  ClientOptions options;
  options.max_inline_picture_bytes = 1;
  v1::StylizeRequest request;
  *request.mutable_content() = PictureFromBytes("content");
  EXPECT_EQ(MustConnect(server, options).Stylize(request).status(),
            absl::ResourceExhaustedError("the room for uploads is full"));
  EXPECT_THAT(server.requests(), IsEmpty());
}

TEST(UploadTest, ARefusedUploadIsToldInTermsOfTheRequest) {
  FakeServer server;
  server.SetUploadStatus(
      StatusWithDetails(grpc::StatusCode::INVALID_ARGUMENT, "data: not a picture", "data", "BAD_PICTURE"));
  ClientOptions options;
  options.max_inline_picture_bytes = 4;
  v1::StylizeRequest request;
  *request.mutable_content() = PictureFromBytes("c");
  *request.add_styles() = PictureFromBytes("s");
  *request.add_styles() = PictureFromBytes("large");
  const absl::Status status = MustConnect(server, options).Stylize(request).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "styles[1]: not a picture");
  EXPECT_EQ(ErrorField(status), "styles[1]");
}

TEST(UploadTest, SendsRawPixelsAfterTheirLayout) {
  FakeServer server;
  v1::Picture picture;
  v1::RawPixels& raw = *picture.mutable_raw();
  raw.set_format(v1::PIXEL_FORMAT_RGB8);
  raw.set_width(1000);
  raw.set_height(500);
  raw.set_stride(3004);
  raw.set_icc_profile("profile");
  raw.set_data(std::string(3004 * 500, 'p'));
  const auto upload = MustConnect(server).UploadPicture(picture);
  ASSERT_TRUE(upload.ok()) << upload.status();
  EXPECT_EQ(upload->name(), "uploads/1");
  ASSERT_THAT(server.uploads(), SizeIs(1));
  EXPECT_EQ(server.uploads()[0].parts, 2);
  EXPECT_TRUE(server.uploads()[0].bytes == raw.data());
  raw.clear_data();
  EXPECT_EQ(server.uploads()[0].layout.SerializeAsString(), raw.SerializeAsString());
}

TEST(UploadTest, RefusesNothingToUpload) {
  const FakeServer server;
  EXPECT_EQ(MustConnect(server).UploadPicture({}).status(),
            absl::InvalidArgumentError("the picture to upload has no bytes"));
  EXPECT_EQ(MustConnect(server).UploadPictureFile("/nowhere/p.png").status().code(),
            absl::StatusCode::kNotFound);
}

v1::Job JobNamed(const std::string& name, v1::Job::State state = v1::Job::STATE_RUNNING) {
  v1::Job job;
  job.set_name("jobs/" + name);
  job.set_state(state);
  return job;
}

TEST(StylizeTest, TellsOfChangesAndBreaks) {
  FakeServer server;
  server.SetStylize([](const v1::StylizeRequest&, EventStream& stream) {
    stream.SendAll(Numbered({AcceptedEvent(), ChangedEvent(3, 0.5)}));
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone");
  });
  std::vector<v1::JobEvent> events = {AcceptedEvent(), ChangedEvent(3, 0.5),
                                      StateEvent(v1::Job::STATE_RUNNING, 3, "restarted")};
  events.push_back(ResultEvents(2, 1, "r")[0]);
  events.push_back(FinishedEvent());
  server.SetEvents("jobs/1", Numbered(events));
  std::vector<std::string> told;
  const auto result = MustConnect(server).Stylize(
      {}, {.on_changed = [&](const v1::RecipeChange& c) { told.push_back(std::to_string(c.iteration())); },
           .on_state_changed = [&](const v1::StateChanged& c) { told.push_back(c.reason()); },
           .on_connection_lost = [&](const ConnectionLost& l) { told.emplace_back(l.status.message()); }});
  EXPECT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(told, ElementsAre("3", "gone", "restarted"));
}

TEST(JobsTest, TakesShortAndFullNames) {
  FakeServer server;
  server.SetJobs({JobNamed("1")});
  const Client client = MustConnect(server);
  EXPECT_EQ(client.GetJob("1")->name(), "jobs/1");
  EXPECT_EQ(client.PauseJob("jobs/1")->state(), v1::Job::STATE_PAUSED);
  EXPECT_EQ(client.ResumeJob("1")->state(), v1::Job::STATE_RUNNING);
  EXPECT_EQ(client.DeleteJob("1"), absl::FailedPreconditionError("\"jobs/1\" hasn't ended: cancel it first"));
  EXPECT_EQ(client.CancelJob("1")->state(), v1::Job::STATE_CANCELLED);
  EXPECT_TRUE(client.DeleteJob("jobs/1").ok());
  EXPECT_EQ(client.GetJob("2").status(), absl::NotFoundError("no job \"jobs/2\""));
  EXPECT_THAT(server.calls(),
              ElementsAre("GetJob jobs/1", "PauseJob jobs/1", "ResumeJob jobs/1", "DeleteJob jobs/1",
                          "CancelJob jobs/1", "DeleteJob jobs/1", "GetJob jobs/2"));
}

TEST(JobsTest, ListsAllPages) {
  FakeServer server;
  server.SetJobs({JobNamed("5"), JobNamed("4"), JobNamed("3"), JobNamed("2"), JobNamed("1")},
                 /*page_size=*/2);
  const auto jobs = MustConnect(server).ListJobs("state = RUNNING", "create_time");
  ASSERT_TRUE(jobs.ok()) << jobs.status();
  ASSERT_THAT(*jobs, SizeIs(5));
  EXPECT_EQ((*jobs)[4].name(), "jobs/1");
  ASSERT_THAT(server.lists(), SizeIs(3));
  for (const v1::ListJobsRequest& request : server.lists()) {
    EXPECT_EQ(request.filter(), "state = RUNNING");
    EXPECT_EQ(request.order_by(), "create_time");
  }
}

TEST(JobsTest, UpdatesTheFieldsOfTheMask) {
  FakeServer server;
  server.SetJobs({JobNamed("1")});
  v1::Job job;
  job.set_name("1");
  job.set_priority(v1::PRIORITY_BATCH);
  job.mutable_recipe()->set_style_weight(0.5);
  const auto updated = MustConnect(server).UpdateJob(job, {"priority", "recipe.style_weight"});
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->priority(), v1::PRIORITY_BATCH);
  EXPECT_EQ(updated->original_recipe().changes_size(), 1);
  ASSERT_THAT(server.updates(), SizeIs(1));
  EXPECT_EQ(server.updates()[0].job().name(), "jobs/1");
}

TEST(JobsTest, AnEstimateUploadsLargePictures) {
  FakeServer server;
  v1::EstimateJobResponse estimate;
  estimate.mutable_memory()->set_peak_bytes(7);
  server.SetEstimate(estimate);
  ClientOptions options;
  options.max_inline_picture_bytes = 1;
  v1::StylizeRequest request;
  *request.mutable_content() = PictureFromBytes("content");
  const auto answer = MustConnect(server, options).EstimateJob(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->memory().peak_bytes(), 7);
  EXPECT_THAT(server.uploads(), SizeIs(1));
}

TEST(StylesTest, KeepsListsAndForgets) {
  FakeServer server;
  v1::Style first;
  first.set_name("styles/aa");
  v1::Style second;
  second.set_name("styles/bb");
  server.SetStyles({first, second});
  const Client client = MustConnect(server);
  EXPECT_EQ(client.CreateStyle(PictureFromBytes("picture"), "Night")->display_name(), "Night");
  EXPECT_EQ(server.created_styles()[0].picture().encoded(), "picture");
  const auto styles = client.ListStyles();
  ASSERT_TRUE(styles.ok()) << styles.status();
  ASSERT_THAT(*styles, SizeIs(2));
  EXPECT_EQ(client.GetStyle("bb")->name(), "styles/bb");
  EXPECT_TRUE(client.DeleteStyle("styles/aa").ok());
  EXPECT_EQ(client.GetStyle("cc").status(), absl::NotFoundError("no style \"styles/cc\""));
}

TEST(StylesTest, LargePicturesAreUploaded) {
  FakeServer server;
  ClientOptions options;
  options.max_inline_picture_bytes = 4;
  const Client client = MustConnect(server, options);
  EXPECT_TRUE(client.CreateStyle(PictureFromBytes("large")).ok());
  EXPECT_EQ(server.created_styles()[0].picture().upload(), "uploads/1");
}

TEST(ModelsTest, ListsAllPages) {
  FakeServer server;
  std::vector<v1::Model> models;
  for (int i = 0; i < 7; ++i) {
    models.push_back(ModelNamed("m" + std::to_string(i)));
  }
  server.SetModels(models, /*page_size=*/3);
  const Client client = MustConnect(server);
  const int calls_to_connect = server.list_calls();
  const auto listed = client.ListModels();
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_THAT(*listed, SizeIs(7));
  EXPECT_EQ((*listed)[6].name(), "models/m6");
  EXPECT_EQ(server.list_calls() - calls_to_connect, 3);
}

TEST(ModelsTest, AListWithoutEndIsAnError) {
  FakeServer server;
  server.SetEndlessModels();
  EXPECT_EQ(MustConnect(server).ListModels().status(),
            absl::InternalError("the server's list of models has no end: 1000 pages"));
}

TEST(ModelsTest, TakesShortAndFullNames) {
  FakeServer server;
  server.SetModels({ModelNamed("vgg19")});
  const Client client = MustConnect(server);
  for (const std::string name : {"vgg19", "models/vgg19"}) {
    const auto model = client.GetModel(name);
    ASSERT_TRUE(model.ok()) << model.status();
    EXPECT_EQ(model->name(), "models/vgg19");
    EXPECT_EQ(model->layers_size(), 1);
  }
  EXPECT_EQ(client.LoadModel("vgg19")->state(), v1::Model::STATE_LOADED);
  EXPECT_EQ(client.UnloadModel("vgg19")->state(), v1::Model::STATE_UNLOADED);
  EXPECT_EQ(client.GetModel("vgg20").status(), absl::NotFoundError("no model \"models/vgg20\""));
}

auto IsOfJob() { return Property("name", &v1::CancelJobRequest::name, "jobs/1"); }

class DiscardJobTest : public ::testing::Test {
 protected:
  const std::shared_ptr<StrictMock<mocks::MockConnection>> connection_ =
      std::make_shared<StrictMock<mocks::MockConnection>>();
  const Client client_{connection_};
};

TEST_F(DiscardJobTest, DeletesOnlyWhatHasEnded) {
  v1::Job job;
  job.set_last_event(7);
  const InSequence order;
  EXPECT_CALL(*connection_, CancelJob(IsOfJob())).WillOnce(Return(job));
  auto call = std::make_unique<mocks::MockStylizeCall>();
  mocks::MockStylizeCall* const watched = call.get();
  EXPECT_CALL(*connection_, WatchJob(Property(&v1::WatchJobRequest::after_event, 7)))
      .WillOnce(Return(::testing::ByMove(std::move(call))));
  EXPECT_CALL(*watched, Finish).WillOnce(Return(absl::CancelledError("the job was cancelled")));
  EXPECT_CALL(*connection_, DeleteJob(Property(&v1::DeleteJobRequest::name, "jobs/1")))
      .WillOnce(Return(absl::OkStatus()));
  EXPECT_EQ(client_.DiscardJob("jobs/1"), absl::OkStatus());
}

TEST_F(DiscardJobTest, SaysThatThereIsNoSuchJob) {
  EXPECT_CALL(*connection_, CancelJob(IsOfJob())).WillOnce(Return(absl::NotFoundError("no such job")));
  EXPECT_EQ(client_.DiscardJob("jobs/1"), absl::NotFoundError("no such job"));
}

TEST_F(DiscardJobTest, SaysWhyItCouldNot) {
  EXPECT_CALL(*connection_, CancelJob(IsOfJob())).WillOnce(Return(absl::UnavailableError("nobody is there")));
  EXPECT_EQ(client_.DiscardJob("jobs/1").code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace impasto
