#include "core/server_watch.h"

#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "impasto/mocks/mock_connection.h"
#include "tests/plugins/gimp/core/news.h"
#include "tests/plugins/gimp/core/temporary_folder.h"
#include "tests/testing/fake_service.h"

namespace impasto::gimp {
namespace {

using ::testing::NiceMock;
using ::testing::Return;
using Light = ServerStatus::Light;

// Looks again when it is told to.
constexpr ServerWatch::Pace kPatient{absl::InfiniteDuration(), absl::InfiniteDuration()};
// As often as it can.
constexpr ServerWatch::Pace kEager{absl::Milliseconds(1), absl::Milliseconds(1)};

v1::Model Model(const std::string& name, v1::Model::State state) {
  v1::Model model;
  model.set_name("models/" + name);
  model.set_state(state);
  return model;
}

v1::ListModelsResponse Models(const std::vector<v1::Model>& models) {
  v1::ListModelsResponse response;
  response.mutable_models()->Add(models.begin(), models.end());
  return response;
}

v1::ListStylesResponse Styles(const std::vector<std::string>& names) {
  v1::ListStylesResponse response;
  for (const std::string& name : names) {
    response.add_styles()->set_name(name);
  }
  return response;
}

class ServerWatchTest : public ::testing::Test {
 protected:
  ServerWatchTest()
      : connection_(
            std::make_shared<NiceMock<mocks::MockConnection>>(ClientOptions{.address = "studio:50451"})) {
    ON_CALL(*connection_, ListModels)
        .WillByDefault(Return(Models({Model("vgg19", v1::Model::STATE_LOADED)})));
    ON_CALL(*connection_, ListStyles).WillByDefault(Return(Styles({"styles/1"})));
  }

  ~ServerWatchTest() override { EXPECT_TRUE(WaitUntilAlone(connection_)); }

  Connect Mocked() {
    return [connection = connection_](const ServerSettings&) -> absl::StatusOr<Client> {
      return Client(connection);
    };
  }
  bool WaitFor(const ServerWatch& watch, Light light) {
    return news_.WaitUntil([&] { return watch.status().light == light; });
  }

  std::shared_ptr<NiceMock<mocks::MockConnection>> connection_;
  News news_;
};

TEST_F(ServerWatchTest, Ready) {
  ServerWatch watch({.address = "studio:50451"}, Mocked(), news_.Listener(), kPatient);
  ASSERT_TRUE(WaitFor(watch, Light::kReady));
  const ServerStatus status = watch.status();
  EXPECT_EQ(status.words, "Ready");
  EXPECT_EQ(status.address, "studio:50451");
  EXPECT_FALSE(status.nobody_there);
  ASSERT_EQ(status.models.size(), 1u);
  EXPECT_EQ(status.models[0].name(), "models/vgg19");
  ASSERT_EQ(status.styles.size(), 1u);
  EXPECT_EQ(status.styles[0].name(), "styles/1");
  EXPECT_EQ(watch.client()->address(), "studio:50451");
  EXPECT_EQ(watch.server().address, "studio:50451");
}

TEST_F(ServerWatchTest, LoadingUntilAModelIsLoaded) {
  EXPECT_CALL(*connection_, ListModels)
      .WillOnce(Return(
          Models({Model("vgg19", v1::Model::STATE_LOADING), Model("vgg16", v1::Model::STATE_UNAVAILABLE)})))
      .WillOnce(Return(Models({Model("vgg19", v1::Model::STATE_UNLOADED)})))
      .WillRepeatedly(Return(Models({Model("vgg19", v1::Model::STATE_LOADED)})));
  ServerWatch watch({}, Mocked(), news_.Listener(), kPatient);
  ASSERT_TRUE(WaitFor(watch, Light::kLoading));
  EXPECT_EQ(watch.status().words, "The server is loading its models");
  EXPECT_TRUE(watch.status().models.empty());
  EXPECT_TRUE(watch.client().has_value());
  watch.LookNow();
  ASSERT_TRUE(news_.WaitUntil([&] { return watch.status().words != "The server is loading its models"; }));
  EXPECT_EQ(watch.status().light, Light::kLoading);
  EXPECT_EQ(watch.status().words,
            "The server hasn't loaded a model yet. If that lasts, `impasto models load vgg19` loads one.");
  watch.LookNow();
  EXPECT_TRUE(WaitFor(watch, Light::kReady));
}

TEST_F(ServerWatchTest, AServerWithoutWeightsIsOfNoUse) {
  ON_CALL(*connection_, ListModels)
      .WillByDefault(Return(Models({Model("vgg19", v1::Model::STATE_UNAVAILABLE)})));
  ServerWatch watch({}, Mocked(), news_.Listener(), kPatient);
  ASSERT_TRUE(WaitFor(watch, Light::kUnreachable));
  EXPECT_EQ(watch.status().words,
            "The server has no model that it can paint with. The command `impastod weights pull vgg19`, run "
            "where the server runs, gets the weights of one.");
  EXPECT_FALSE(watch.client().has_value());
}

TEST_F(ServerWatchTest, AServerThatGoesAwayAndComesBack) {
  EXPECT_CALL(*connection_, ListModels)
      .WillOnce(Return(Models({Model("vgg19", v1::Model::STATE_LOADED)})))
      .WillOnce(Return(absl::UnavailableError("gone")))
      .WillRepeatedly(Return(Models({Model("vgg19", v1::Model::STATE_LOADED)})));
  ServerWatch watch({.address = "studio:50451"}, Mocked(), news_.Listener(), kPatient);
  ASSERT_TRUE(WaitFor(watch, Light::kReady));
  watch.LookNow();
  ASSERT_TRUE(WaitFor(watch, Light::kUnreachable));
  EXPECT_EQ(
      watch.status().words,
      "The server at studio:50451 doesn't answer. Check the address and the network; if both are right, "
      "try again in a moment.");
  EXPECT_TRUE(watch.status().models.empty());
  EXPECT_FALSE(watch.client().has_value());
  watch.LookNow();
  EXPECT_TRUE(WaitFor(watch, Light::kReady));
}

TEST_F(ServerWatchTest, WithoutItsLibraryAServerIsReadyAllTheSame) {
  EXPECT_CALL(*connection_, ListStyles)
      .WillOnce(Return(Styles({"styles/1"})))
      .WillOnce(Return(absl::InternalError("broken")))
      .WillRepeatedly(Return(Styles({"styles/1", "styles/2"})));
  ServerWatch watch({}, Mocked(), news_.Listener(), kEager);
  EXPECT_TRUE(news_.WaitUntil([&] { return watch.status().styles.size() == 2; }));
  EXPECT_EQ(watch.status().light, Light::kReady);
}

TEST_F(ServerWatchTest, ItLooksAgainByItselfAndTellsOfChangesAlone) {
  int looks = 0;
  absl::Notification enough;
  ON_CALL(*connection_, ListModels).WillByDefault([&](const v1::ListModelsRequest&) {
    if (++looks == 20) {
      enough.Notify();
    }
    return Models({Model("vgg19", v1::Model::STATE_LOADED)});
  });
  {
    ServerWatch watch({}, Mocked(), news_.Listener(), kEager);
    enough.WaitForNotification();
  }
  EXPECT_EQ(news_.count(), 1);
}

TEST_F(ServerWatchTest, AnotherServerIsntKeptWaitingByTheFirst) {
  absl::Notification answer;
  absl::Notification answered;
  const Connect connect = [&](const ServerSettings& server) -> absl::StatusOr<Client> {
    if (server.address == "slow:1") {
      answer.WaitForNotification();
      answered.Notify();
      return absl::UnavailableError("slow");
    }
    return Client(connection_);
  };
  ServerWatch watch({.address = "slow:1"}, connect, news_.Listener(), kPatient);
  EXPECT_EQ(watch.status().light, Light::kConnecting);
  EXPECT_EQ(watch.status().words, "Connecting to slow:1");
  watch.Use({.address = "studio:50451"});
  ASSERT_TRUE(WaitFor(watch, Light::kReady));
  answer.Notify();
  answered.WaitForNotification();
  EXPECT_EQ(watch.status().light, Light::kReady);
  EXPECT_EQ(watch.server().address, "studio:50451");
}

TEST_F(ServerWatchTest, TheSameServerOnceMoreIsConnectingFirst) {
  ServerWatch watch({.address = "studio:50451"}, Mocked(), news_.Listener(), kPatient);
  ASSERT_TRUE(WaitFor(watch, Light::kReady));
  absl::Notification hold;
  ON_CALL(*connection_, ListModels).WillByDefault([&](const v1::ListModelsRequest&) {
    hold.WaitForNotification();
    return Models({Model("vgg16", v1::Model::STATE_LOADED)});
  });
  const int told = news_.count();
  watch.Use({.address = "studio:50451"});
  EXPECT_EQ(watch.status().light, Light::kConnecting);
  EXPECT_TRUE(watch.status().models.empty());
  EXPECT_FALSE(watch.client().has_value());
  EXPECT_TRUE(news_.WaitUntil([&] { return news_.count() > told; }));
  hold.Notify();
  ASSERT_TRUE(WaitFor(watch, Light::kReady));
  EXPECT_EQ(watch.status().models[0].name(), "models/vgg16");
}

TEST_F(ServerWatchTest, ItsEndWaitsForNoCall) {
  // Shared with a thread that outlives the watch.
  struct Calls {
    absl::Notification begun, go_on, ended;
  };
  const auto calls = std::make_shared<Calls>();
  const Connect connect = [calls](const ServerSettings&) -> absl::StatusOr<Client> {
    calls->begun.Notify();
    calls->go_on.WaitForNotification();
    calls->ended.Notify();
    return absl::UnavailableError("late");
  };
  {
    ServerWatch watch({.address = "slow:1"}, connect, news_.Listener(), kPatient);
    calls->begun.WaitForNotification();
  }
  calls->go_on.Notify();
  calls->ended.WaitForNotification();
  EXPECT_EQ(news_.count(), 0);
}

// Over gRPC, against a scripted server.
class ConnectOverGrpcTest : public ServerWatchTest {
 protected:
  ConnectOverGrpcTest() { unsetenv("IMPASTO_TOKEN"), unsetenv("IMPASTO_TLS_CA"); }

  // What the light says in the end.
  ServerStatus StatusAt(const ServerSettings& server) {
    ServerWatch watch(server, ConnectOverGrpc("gimp-test"), news_.Listener(), kPatient);
    EXPECT_TRUE(news_.WaitUntil([&] { return watch.status().light != Light::kConnecting; }));
    return watch.status();
  }

  testing::FakeServer fake_;
};

TEST_F(ConnectOverGrpcTest, Ready) {
  fake_.SetModels({Model("vgg19", v1::Model::STATE_LOADED)});
  const ServerStatus status = StatusAt({.address = fake_.address()});
  EXPECT_EQ(status.light, Light::kReady);
  EXPECT_EQ(status.address, fake_.address());
}

TEST_F(ConnectOverGrpcTest, NobodyThere) {
  // Such a path is nobody's, and no port has to be guessed.
  const TemporaryFolder folder;
  const std::string address = absl::StrCat("unix:", folder / "socket");
  const ServerStatus status = StatusAt({.address = address});
  EXPECT_EQ(status.light, Light::kUnreachable);
  EXPECT_TRUE(status.nobody_there);
  EXPECT_EQ(status.words, absl::StrCat("No Impasto server runs on this computer, at ", address,
                                       ". Start it, or choose the address of another one."));
}

TEST_F(ConnectOverGrpcTest, OfAnotherVersion) {
  v1::ServerInfo info;
  info.set_version("0.0.1");
  info.set_api_revision(v1::ApiRevision_MAX - 1);
  fake_.SetServerInfo(info);
  const ServerStatus old = StatusAt({.address = fake_.address()});
  EXPECT_EQ(old.light, Light::kUnreachable);
  EXPECT_FALSE(old.nobody_there);
  EXPECT_EQ(old.words, absl::StrCat("The server at ", fake_.address(),
                                    " is too old for this plug-in. Update the server."));
  info.set_api_revision(v1::ApiRevision_MAX + 1);
  info.set_min_client_revision(v1::ApiRevision_MAX + 1);
  fake_.SetServerInfo(info);
  EXPECT_EQ(
      StatusAt({.address = fake_.address()}).words,
      absl::StrCat("This plug-in is too old for the server at ", fake_.address(), ". Update the plug-in."));
  fake_.SetServerInfo(info, {grpc::StatusCode::UNIMPLEMENTED, "no such method"});
  EXPECT_EQ(StatusAt({.address = fake_.address()}).words,
            absl::StrCat("What answers at ", fake_.address(),
                         " is no Impasto server, or one that is too old for this plug-in. Check the address, "
                         "or update the server."));
}

TEST_F(ConnectOverGrpcTest, TheFilesThatTheSettingsName) {
  const TemporaryFolder folder;
  EXPECT_EQ(
      StatusAt({.address = fake_.address(), .token_file = folder / "token"}).words,
      absl::StrCat("The access token can't be used: ", folder / "token", ": No such file or directory"));
  EXPECT_EQ(
      StatusAt({.address = fake_.address(), .tls_ca = folder / "ca.pem"}).words,
      absl::StrCat("The certificate can't be used: ", folder / "ca.pem", ": No such file or directory"));
}

TEST_F(ConnectOverGrpcTest, AnAddressOfAnotherForm) {
  EXPECT_EQ(StatusAt({.address = "studio"}).words,
            "\"studio\" is no server's address. Write the computer's name and a port: localhost:50451");
}

}  // namespace
}  // namespace impasto::gimp
