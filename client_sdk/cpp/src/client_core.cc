#include "client_core.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "connect_error.h"
#include "impasto/address.h"
#include "impasto/error.h"
#include "impasto/internal/status_macros.h"
#include "resolve_options.h"

namespace impasto {
namespace {

// For calls that nobody should wait for long.
constexpr absl::Duration kShortCall = absl::Seconds(10);
// For a last question of why nothing came: gRPC knows that at once, if it does.
constexpr absl::Duration kProbe = absl::Seconds(1);
// What clients call themselves, in the metadata of every call.
constexpr char kClientKey[] = "impasto-client";
// The revision of the API that these sources were made from.
constexpr int kApiRevision = v1::ApiRevision_MAX;

grpc::ChannelArguments ChannelArgumentsFor(const ClientOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS,
                   static_cast<int>(absl::ToInt64Milliseconds(options.keepalive)));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20000);
  // A job that waits for others is silent for long: pings go on all the same.
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // While a server is waited for, it is tried often: starting takes it seconds, not minutes.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  if (IsThisMachine(options.address)) {
    // gRPC honours http_proxy even for this machine, and a proxy can't reach its loopback.
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  }
  arguments.SetUserAgentPrefix("impasto-cpp");
  if (options.tls.has_value() && !options.tls->server_name.empty()) {
    arguments.SetSslTargetNameOverride(options.tls->server_name);
  }
  return arguments;
}

std::shared_ptr<grpc::ChannelCredentials> CredentialsFor(const ClientOptions& options) {
  if (!options.tls.has_value()) {
    return grpc::InsecureChannelCredentials();
  }
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs = options.tls->root_certificates;
  return grpc::SslCredentials(ssl);
}

absl::Status CheckRevisions(const std::string& address, const v1::ServerInfo& info) {
  if (info.api_revision() < kApiRevision) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the server at ", address, " (impastod ", info.version(), ") speaks revision ", info.api_revision(),
        " of the API; this client needs ", kApiRevision, ": update the server"));
  }
  if (info.min_client_revision() > kApiRevision) {
    return absl::FailedPreconditionError(
        absl::StrCat("the server at ", address, " (impastod ", info.version(),
                     ") no longer understands this client (revision ", kApiRevision, "): update the client"));
  }
  return absl::OkStatus();
}

}  // namespace

ClientCore::ClientCore(ClientOptions options) : options_(std::move(options)) {
  const std::shared_ptr<grpc::Channel> channel =
      grpc::CreateCustomChannel(options_.address, CredentialsFor(options_), ChannelArgumentsFor(options_));
  server_ = v1::Server::NewStub(channel);
  stylization_ = v1::Stylization::NewStub(channel);
  models_ = v1::Models::NewStub(channel);
  styles_ = v1::Styles::NewStub(channel);
}

absl::StatusOr<std::shared_ptr<const ClientCore>> ClientCore::Connect(ClientOptions options) {
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(options, ResolveOptions(std::move(options)));
  const std::shared_ptr<ClientCore> core(new ClientCore(std::move(options)));
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(
      core->server_info_,
      core->Greet(core->options_.wait_for_server, core->options_.connect_timeout, /*canceller=*/nullptr));
  return core;
}

int64_t ClientCore::max_request_bytes() const {
  // A server that says nothing has the usual limit, which the options' default keeps below.
  return server_info_.max_request_bytes() > 0
             ? std::min(options_.max_request_bytes, server_info_.max_request_bytes())
             : options_.max_request_bytes;
}

const std::string& ClientCore::name() const {
  return options_.token.empty() ? options_.client_name : server_info_.client();
}

void ClientCore::Prepare(grpc::ClientContext* context) const {
  if (!options_.client_name.empty()) {
    context->AddMetadata(kClientKey, options_.client_name);
  }
  if (!options_.token.empty()) {
    context->AddMetadata("authorization", absl::StrCat("Bearer ", options_.token));
  }
}

void ClientCore::PrepareShort(grpc::ClientContext* context) const {
  Prepare(context);
  context->set_deadline(absl::ToChronoTime(absl::Now() + kShortCall));
}

absl::StatusOr<v1::ServerInfo> ClientCore::Greet(bool wait_for_ready, absl::Duration timeout,
                                                 Canceller* canceller) const {
  grpc::ClientContext context;
  Prepare(&context);
  context.set_wait_for_ready(wait_for_ready);
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  std::optional<Canceller::Scope> scope;
  if (canceller != nullptr) {
    scope.emplace(canceller, &context);
  }
  v1::ServerInfo info;
  const absl::Status status =
      CallStatus(options_, server_->GetServerInfo(&context, v1::GetServerInfoRequest(), &info));
  if (absl::IsDeadlineExceeded(status)) {
    // A call that waits ends without a word of what stood in its way; one that doesn't wait has that.
    if (wait_for_ready) {
      scope.reset();
      absl::StatusOr<v1::ServerInfo> now = Greet(/*wait_for_ready=*/false, kProbe, canceller);
      if (now.ok() || !absl::IsUnavailable(now.status()) || !ErrorReason(now.status()).empty()) {
        return now;
      }
    }
    return absl::UnavailableError(
        absl::StrCat("no answer from ", options_.address, " within ", absl::FormatDuration(timeout)));
  }
  if (absl::IsUnimplemented(status)) {
    return absl::FailedPreconditionError(
        absl::StrCat(options_.address, " is no Impasto server, or one older than API revision ", kApiRevision,
                     ": update the server"));
  }
  IMPASTO_CLIENT_RETURN_IF_ERROR(status);
  IMPASTO_CLIENT_RETURN_IF_ERROR(CheckRevisions(options_.address, info));
  return info;
}

}  // namespace impasto
