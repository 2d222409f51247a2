// The gRPC server: the API's services, health and reflection on one address.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "base/key_pair.h"
#include "rpc/access_tokens.h"
#include "rpc/backend.h"

namespace impasto::rpc {

struct ServerOptions {
  // "HOST:PORT" (port 0: any free one) or "unix:PATH".
  std::string listen = "127.0.0.1:0";
  // Bytes of the pictures in one request. The limit on the whole message is 1 MiB above it, for everything
  // else.
  int64_t max_request_bytes = int64_t{64} << 20;
  // Stylize and WatchJob calls at the same time, from all clients. Each that stalls may hold a picture.
  int max_event_streams = 1024;
  // The program's, for clients to show.
  std::string version;
  // Who may call; without, anybody may. Tokens are only taken where nobody can listen in: INVALID_ARGUMENT
  // for a server without TLS that isn't at a loopback address or a unix socket.
  std::optional<AccessTokens> tokens;
  // TLS with this certificate; without, connections aren't encrypted.
  std::optional<KeyPairFiles> tls;
  // How often its files are looked at: new ones are taken. While a certificate lies beside another's key, new
  // connections are refused.
  int certificate_seconds = 10;
  // All required; they outlive the server.
  StylizationBackend* stylization = nullptr;
  UploadBackend* uploads = nullptr;
  ModelsBackend* models = nullptr;
  StylesBackend* styles = nullptr;
};

// Thread-safe. Destruction is Shutdown without grace.
class Server {
 public:
  // Listens, and answers calls from now on. Health (grpc.health.v1) is NOT_SERVING, for "" and for each
  // service, until SetServing(true). INVALID_ARGUMENT: a bad address or limit; ALREADY_EXISTS: the address is
  // taken; PERMISSION_DENIED, UNAVAILABLE: it cannot be had for another reason.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options);
  virtual ~Server() = default;

  // The port that it listens on; 0 for "unix:".
  virtual int port() const = 0;
  // What a client connects to: options.listen with the real port.
  virtual const std::string& address() const = 0;

  // What health says from now on. Calls are taken all the same: those that a stopping server can't serve any
  // more, the backends refuse.
  virtual void SetServing(bool serving) = 0;

  // Takes no new calls, waits up to `grace` for those under way, cancels the rest, and returns when all have
  // ended. Stop the jobs first, so that their clients get the last events and updates
  // that wait for a step are answered. Fine to call twice.
  virtual void Shutdown(std::chrono::milliseconds grace) = 0;
};

}  // namespace impasto::rpc
