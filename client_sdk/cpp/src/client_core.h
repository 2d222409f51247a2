// The connection that a Client's copies and calls share: channel, metadata, and the first word with the
// server.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <grpcpp/client_context.h>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "canceller.h"
#include "impasto/options.h"
#include "impasto/v1/models.grpc.pb.h"
#include "impasto/v1/server.grpc.pb.h"
#include "impasto/v1/styles.grpc.pb.h"
#include "impasto/v1/stylization.grpc.pb.h"

namespace impasto {

// Thread-safe.
class ClientCore {
 public:
  // Errors as MakeConnection().
  static absl::StatusOr<std::shared_ptr<const ClientCore>> Connect(ClientOptions options);

  // Asks the server who it is, for up to `timeout`, and checks that it and this client understand each other.
  // `wait_for_ready`: also a server that isn't there yet. Errors as MakeConnection(). `canceller` may be
  // null.
  absl::StatusOr<v1::ServerInfo> Greet(bool wait_for_ready, absl::Duration timeout,
                                       Canceller* canceller) const;

  // What every call sends: who is calling.
  void Prepare(grpc::ClientContext* context) const;
  // The same for a call that is to be over in 10 s.
  void PrepareShort(grpc::ClientContext* context) const;

  const ClientOptions& options() const { return options_; }
  const v1::ServerInfo& server_info() const { return server_info_; }
  // What the server calls this client: Job.client of its jobs. "" where that is the address that calls come
  // from.
  const std::string& name() const;
  // Bytes of a request, by the options and by the server.
  int64_t max_request_bytes() const;

  v1::Stylization::StubInterface& stylization() const { return *stylization_; }
  v1::Models::StubInterface& models() const { return *models_; }
  v1::Styles::StubInterface& styles() const { return *styles_; }

 private:
  explicit ClientCore(ClientOptions options);

  const ClientOptions options_;
  v1::ServerInfo server_info_;  // set once, by Connect()
  std::unique_ptr<v1::Server::StubInterface> server_;
  std::unique_ptr<v1::Stylization::StubInterface> stylization_;
  std::unique_ptr<v1::Models::StubInterface> models_;
  std::unique_ptr<v1::Styles::StubInterface> styles_;
};

}  // namespace impasto
