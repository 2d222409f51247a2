// Who calls, and what he may know of.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/string_ref.h>

#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpc/access_tokens.h"

namespace impasto::rpc {

struct Caller {
  std::string client;          // v1::Job.client of the jobs that he starts
  bool own_jobs_only = false;  // others' are, for him, not there
};

// Thread-safe.
class Callers {
 public:
  // Without tokens anybody may call, and is who ClientId() says. With tokens, a call has to bring one.
  explicit Callers(std::optional<AccessTokens> tokens = std::nullopt) : tokens_(std::move(tokens)) {}

  bool want_tokens() const { return tokens_.has_value(); }

  // Metadata and peer of a call, as gRPC has them. UNAUTHENTICATED: no token, another form than
  // "authorization: Bearer TOKEN", or an unknown one; without tokens, errors as ClientId().
  absl::StatusOr<Caller> Identify(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata,
                                  absl::string_view peer) const;
  absl::StatusOr<Caller> Identify(const grpc::CallbackServerContext& context) const {
    return Identify(context.client_metadata(), context.peer());
  }

 private:
  const std::optional<AccessTokens> tokens_;
};

}  // namespace impasto::rpc
