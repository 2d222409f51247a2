// Looks after the connection to a server, in the background: is it there, is it ready, what does it offer.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/settings.h"
#include "impasto/client.h"

namespace impasto::gimp {

// Opens a connection: Client::Connect with the settings' files read, or a test's own.
using Connect = std::function<absl::StatusOr<Client>(const ServerSettings& server)>;
// The real one, with `client_name` as the jobs' owner, and 5 s for the first answer.
Connect ConnectOverGrpc(std::string client_name);

struct ServerStatus {
  enum class Light {
    kConnecting,   // nothing is known yet
    kLoading,      // it is there; no model is loaded yet
    kReady,        // a job can start
    kUnreachable,  // or of no use: `words` say why, and what to do
  };
  Light light = Light::kConnecting;
  std::string words;              // for people, translated, beside the light
  std::string address;            // in use
  bool nobody_there = false;      // on this machine: starting impastod may help
  std::vector<v1::Model> models;  // those that are loaded, as ListModels gives them
  std::vector<v1::Style> styles;  // the library, with thumbnails
};

// Thread-safe. `changed` is called on a thread of its own, after every change; it may only hand over to the
// host's main loop. It isn't called any more once the destructor has returned. The destructor doesn't wait: a
// call to the server that is under way is left to end by itself.
class ServerWatch {
 public:
  // How often it looks.
  struct Pace {
    absl::Duration not_ready = absl::Seconds(2);
    absl::Duration ready = absl::Seconds(10);
  };

  ServerWatch(ServerSettings server, Connect connect, std::function<void()> changed)
      : ServerWatch(std::move(server), std::move(connect), std::move(changed), Pace()) {}
  ServerWatch(ServerSettings server, Connect connect, std::function<void()> changed, Pace pace);
  ~ServerWatch();
  ServerWatch(const ServerWatch&) = delete;
  ServerWatch& operator=(const ServerWatch&) = delete;

  // Another server, or the same once more. Returns at once; the light is kConnecting then.
  void Use(ServerSettings server);
  // Looks now, instead of at the next time.
  void LookNow();
  ServerStatus status() const;
  // The connection, while the light is kLoading or kReady.
  std::optional<Client> client() const;
  ServerSettings server() const;

 private:
  class State;
  std::shared_ptr<State> state_;  // shared with the thread, which may outlive this
};

}  // namespace impasto::gimp
