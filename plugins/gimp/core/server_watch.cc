#include "core/server_watch.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "absl/time/time.h"
#include "core/notifier.h"
#include "core/text.h"
#include "core/words.h"
#include "google/protobuf/util/message_differencer.h"
#include "impasto/address.h"
#include "impasto/error.h"
#include "impasto/internal/status_macros.h"

namespace impasto::gimp {
namespace {

using google::protobuf::util::MessageDifferencer;

template <class Message>
bool Same(const std::vector<Message>& a, const std::vector<Message>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Message& x, const Message& y) { return MessageDifferencer::Equals(x, y); });
}

bool Same(const ServerStatus& a, const ServerStatus& b) {
  return a.light == b.light && a.words == b.words && a.address == b.address &&
         a.nobody_there == b.nobody_there && Same(a.models, b.models) && Same(a.styles, b.styles);
}

std::string AddressOf(const ServerSettings& server) {
  return server.address.empty() ? DefaultServerAddress() : server.address;
}

ServerStatus Connecting(const ServerSettings& server) {
  ServerStatus status;
  status.address = AddressOf(server);
  status.words = absl::Substitute(_("Connecting to $0"), status.address);
  return status;
}

ServerStatus Failed(const absl::Status& why, const std::string& address) {
  ServerStatus status;
  status.light = ServerStatus::Light::kUnreachable;
  status.address = address;
  status.words = Explain(why, address);
  status.nobody_there = ErrorReason(why) == "NOBODY_THERE" && IsThisMachine(address);
  return status;
}

// Light and words that the models stand for.
ServerStatus StatusOf(const std::vector<v1::Model>& models) {
  ServerStatus status;
  const auto any = [&](v1::Model::State state) {
    return std::any_of(models.begin(), models.end(),
                       [state](const v1::Model& model) { return model.state() == state; });
  };
  std::copy_if(models.begin(), models.end(), std::back_inserter(status.models),
               [](const v1::Model& model) { return model.state() == v1::Model::STATE_LOADED; });
  if (!status.models.empty()) {
    status.light = ServerStatus::Light::kReady;
    status.words = _("Ready");
  } else if (any(v1::Model::STATE_LOADING)) {
    status.light = ServerStatus::Light::kLoading;
    status.words = _("The server is loading its models");
  } else if (any(v1::Model::STATE_UNLOADED)) {
    // So it is for a moment when a server starts.
    status.light = ServerStatus::Light::kLoading;
    status.words =
        _("The server hasn't loaded a model yet. If that lasts, `impasto models load vgg19` loads "
          "one.");
  } else {
    status.light = ServerStatus::Light::kUnreachable;
    status.words =
        _("The server has no model that it can paint with. The command `impastod weights pull "
          "vgg19`, run where the server runs, gets the weights of one.");
  }
  return status;
}

// A file that the settings name: what is wrong with it is wrong with the settings.
absl::StatusOr<std::string> OfFile(const char* what, absl::StatusOr<std::string> text) {
  if (!text.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(what, " ", text.status().message()));
  }
  return text;
}

}  // namespace

Connect ConnectOverGrpc(std::string client_name) {
  return [client_name = std::move(client_name)](const ServerSettings& server) -> absl::StatusOr<Client> {
    ClientOptions options;
    options.address = server.address;
    options.client_name = client_name;
    options.connect_timeout = absl::Seconds(5);
    // Who looks at a light, or waits for a slider to act, is told soon; the watch asks again anyway.
    options.timeout = absl::Seconds(10);
    options.retry_timeout = absl::Seconds(3);
    if (!server.tls_ca.empty()) {
      IMPASTO_CLIENT_ASSIGN_OR_RETURN(
          options.tls.emplace().root_certificates,
          OfFile(_("The certificate can't be used:"), RootCertificatesFromFile(server.tls_ca)));
    }
    if (!server.token_file.empty()) {
      IMPASTO_CLIENT_ASSIGN_OR_RETURN(
          options.token, OfFile(_("The access token can't be used:"), TokenFromFile(server.token_file)));
    }
    return Client::Connect(std::move(options));
  };
}

class ServerWatch::State {
 public:
  State(Connect connect, std::function<void()> changed, Pace pace)
      : connect_(std::move(connect)), pace_(pace), notifier_(std::move(changed)) {}

  // Another thread looks from now on. That of the server before ends after its call.
  static void Use(const std::shared_ptr<State>& state, ServerSettings server);
  void End();
  void LookNow();

  ServerStatus status() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return status_;
  }
  std::optional<Client> client() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return client_;
  }
  ServerSettings server() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return server_;
  }

 private:
  // What a thread has, and nobody else.
  struct Look {
    ServerStatus status;
    std::optional<Client> client;
  };

  // A thread's life: until another server is used.
  void Run(int turn, const ServerSettings& server);
  void LookAt(const ServerSettings& server, Look* look) const;
  static absl::Status Ask(const Client& client, ServerStatus* status);
  // False: the turn is over.
  bool Publish(int turn, const Look& look);
  bool WaitForNext(int turn, ServerStatus::Light light);

  const Connect connect_;
  const Pace pace_;
  Notifier notifier_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  int turn_ = 0;  // guarded by mutex_, as all that follows; rises with every Use() and End()
  bool look_now_ = false;
  ServerSettings server_;
  ServerStatus status_;
  std::optional<Client> client_;
};

void ServerWatch::State::Use(const std::shared_ptr<State>& state, ServerSettings server) {
  int turn = 0;
  {
    const std::lock_guard<std::mutex> lock(state->mutex_);
    turn = ++state->turn_;
    state->server_ = server;
    state->status_ = Connecting(server);
    state->client_.reset();
    state->look_now_ = false;
    state->wake_.notify_all();
  }
  // Shares the state: it may be within a call to a server that doesn't answer when the watch ends. Every such
  // call has a deadline.
  std::thread([state, turn, server = std::move(server)] { state->Run(turn, server); }).detach();
}

void ServerWatch::State::End() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++turn_;
    wake_.notify_all();
  }
  notifier_.Silence();
}

void ServerWatch::State::LookNow() {
  const std::lock_guard<std::mutex> lock(mutex_);
  look_now_ = true;
  wake_.notify_all();
}

void ServerWatch::State::Run(int turn, const ServerSettings& server) {
  if (turn > 1) {
    notifier_.Notify();  // the light is kConnecting again
  }
  Look look;
  do {
    LookAt(server, &look);
  } while (Publish(turn, look) && WaitForNext(turn, look.status.light));
}

void ServerWatch::State::LookAt(const ServerSettings& server, Look* look) const {
  const std::string address = AddressOf(server);
  absl::Status status;
  if (!look->client.has_value()) {
    absl::StatusOr<Client> client = connect_(server);
    status = client.status();
    if (client.ok()) {
      look->client = *std::move(client);
    }
  }
  if (status.ok()) {
    status = Ask(*look->client, &look->status);
  }
  if (status.ok()) {
    look->status.address = look->client->address();
  } else {
    // Connecting again tells best what is wrong, and whether what comes back is of the right version.
    look->client.reset();
    look->status = Failed(status, address);
  }
}

absl::Status ServerWatch::State::Ask(const Client& client, ServerStatus* status) {
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(const std::vector<v1::Model> models, client.ListModels());
  std::vector<v1::Style> known = std::move(status->styles);
  *status = StatusOf(models);
  absl::StatusOr<std::vector<v1::Style>> styles = client.ListStyles();
  // Without its library a server can paint all the same.
  status->styles = styles.ok() ? *std::move(styles) : std::move(known);
  return absl::OkStatus();
}

bool ServerWatch::State::Publish(int turn, const Look& look) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (turn != turn_) {
      return false;
    }
    const bool useful = look.status.light == ServerStatus::Light::kReady ||
                        look.status.light == ServerStatus::Light::kLoading;
    client_ = useful ? look.client : std::nullopt;
    if (Same(status_, look.status)) {
      return true;
    }
    status_ = look.status;
  }
  notifier_.Notify();
  return true;
}

bool ServerWatch::State::WaitForNext(int turn, ServerStatus::Light light) {
  const absl::Duration pause =
      std::min(light == ServerStatus::Light::kReady ? pace_.ready : pace_.not_ready, absl::Hours(24));
  std::unique_lock<std::mutex> lock(mutex_);
  wake_.wait_for(lock, absl::ToChronoMilliseconds(pause), [&] { return turn != turn_ || look_now_; });
  look_now_ = false;
  return turn == turn_;
}

ServerWatch::ServerWatch(ServerSettings server, Connect connect, std::function<void()> changed, Pace pace)
    : state_(std::make_shared<State>(std::move(connect), std::move(changed), pace)) {
  State::Use(state_, std::move(server));
}

ServerWatch::~ServerWatch() { state_->End(); }

void ServerWatch::Use(ServerSettings server) { State::Use(state_, std::move(server)); }
void ServerWatch::LookNow() { state_->LookNow(); }
ServerStatus ServerWatch::status() const { return state_->status(); }
std::optional<Client> ServerWatch::client() const { return state_->client(); }
ServerSettings ServerWatch::server() const { return state_->server(); }

}  // namespace impasto::gimp
