#include "rpc/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "rpc/listen.h"
#include "rpc/models_service.h"
#include "rpc/request_budget.h"
#include "rpc/server_service.h"
#include "rpc/styles_service.h"
#include "rpc/stylization_service.h"
#include "rpc/worker.h"

namespace impasto::rpc {
namespace {

// What a message may hold besides its pictures: recipe, profiles, framing.
constexpr int64_t kRequestSlack = 1 << 20;
// Messages that are being received, of all clients. Beyond it gRPC holds clients back.
constexpr size_t kReceiveMemory = size_t{1} << 30;
// For each connection. A host uses one or two, but a proxy may bring all clients over one.
constexpr int kMaxStreams = 1024;
// A client whose machine is gone is noticed, and its watch dropped, within half a minute.
constexpr int kKeepaliveMillis = 20'000;
constexpr int kKeepaliveTimeoutMillis = 10'000;
// Clients may ping as often, with no call under way either.
constexpr int kMinClientPingMillis = 10'000;
// Loads that wait for the one that runs; each takes seconds.
constexpr int kMaxWaitingLoads = 16;
// Openings of watches, checks of uploads and looks at models and styles that wait for the one that runs; each
// takes milliseconds. All watchers of a busy server may come back at once after a restart.
constexpr int kMaxWaitingHelp = 1024;
// New styles and estimates that wait for the one that runs; each decodes a picture.
constexpr int kMaxWaitingPictures = 64;
// Of requests whose pictures aren't read yet.
constexpr int64_t kMaxWaitingBytes = int64_t{1} << 30;

// Certificates that are renewed on the disk are taken without a restart: gRPC looks at their files again and
// again. It takes them as they are, so it shouldn't be long until it looks the next time.
std::shared_ptr<grpc::ServerCredentials> CredentialsOf(const KeyPairFiles& files, int seconds) {
  grpc::experimental::TlsServerCredentialsOptions options(
      std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(files.key, files.certificate,
                                                                           static_cast<unsigned>(seconds)));
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  return grpc::experimental::TlsServerCredentials(options);
}

class ServerImpl final : public Server {
 public:
  explicit ServerImpl(const ServerOptions& options)
      : callers_(options.tokens),
        loader_(kMaxWaitingLoads),
        helper_(kMaxWaitingHelp),
        decoder_(kMaxWaitingPictures),
        stylization_(&callers_, options.stylization, options.uploads, &helper_, &decoder_, &waiting_,
                     {.event_streams = options.max_event_streams}),
        models_(&callers_, options.models, &loader_, &helper_),
        styles_(&callers_, options.styles, &helper_, &decoder_, &waiting_),
        service_({.version = options.version,
                  .max_request_bytes = options.max_request_bytes,
                  .max_picture_bytes = options.uploads->max_picture_bytes()},
                 &callers_) {}
  ~ServerImpl() override { Shutdown(std::chrono::milliseconds(0)); }

  absl::Status Listen(const ServerOptions& options) {
    IMPASTO_ASSIGN_OR_RETURN(ListenAddress address, ParseListenAddress(options.listen));
    if (callers_.want_tokens() && !options.tls.has_value() && !address.is_local()) {
      return absl::InvalidArgumentError(absl::StrCat("access tokens would be sent to ", address.ToString(),
                                                     " for anybody to read: encrypt connections (--tls-cert, "
                                                     "--tls-key), or listen on 127.0.0.1 or a unix "
                                                     "socket alone"));
    }
    std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
    if (options.tls.has_value()) {
      IMPASTO_RETURN_IF_ERROR(CheckKeyPair(*options.tls).status());
      credentials = CredentialsOf(*options.tls, options.certificate_seconds);
    }
    IMPASTO_RETURN_IF_ERROR(CheckListenAddress(address));

    grpc::EnableDefaultHealthCheckService(true);
    // Said aloud, so that the linker keeps the plug-in.
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();

    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(address.ToString(), credentials, &port);
    builder.RegisterService(&stylization_);
    builder.RegisterService(&models_);
    builder.RegisterService(&styles_);
    builder.RegisterService(&service_);
    builder.SetMaxReceiveMessageSize(static_cast<int>(options.max_request_bytes + kRequestSlack));
    builder.SetResourceQuota(grpc::ResourceQuota("impasto").Resize(kReceiveMemory));
    // Two servers on one port would share its clients between them.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreams);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMillis);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMillis);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    // A job that waits sends nothing for long: pings go on all the same.
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kMinClientPingMillis);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) {
      return absl::UnavailableError(absl::StrCat("cannot listen on ", address.ToString()));
    }
    SetServing(false);
    if (!address.is_unix()) address.port = port_ = port;
    address_ = address.ToString();
    return absl::OkStatus();
  }

  int port() const override { return port_; }
  const std::string& address() const override { return address_; }

  void SetServing(bool serving) override {
    grpc::HealthCheckServiceInterface* health = server_->GetHealthCheckService();
    health->SetServingStatus("", serving);
    health->SetServingStatus(v1::Stylization::service_full_name(), serving);
    health->SetServingStatus(v1::Models::service_full_name(), serving);
    health->SetServingStatus(v1::Styles::service_full_name(), serving);
    health->SetServingStatus(v1::Server::service_full_name(), serving);
  }

  void Shutdown(std::chrono::milliseconds grace) override {
    MutexLock lock(&shutdown_mutex_);
    if (server_ == nullptr || std::exchange(shut_down_, true)) return;
    // Waits for the reactors as well.
    server_->Shutdown(std::chrono::system_clock::now() + grace);
  }

 private:
  // In this order: the server goes first, the workers last.
  const Callers callers_;
  Worker loader_;
  Worker helper_;
  Worker decoder_;
  RequestBudget waiting_{kMaxWaitingBytes};
  StylizationService stylization_;
  ModelsService models_;
  StylesService styles_;
  ServerService service_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  std::string address_;

  Mutex shutdown_mutex_;
  bool shut_down_ ABSL_GUARDED_BY(shutdown_mutex_) = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options) {
  if (options.stylization == nullptr || options.uploads == nullptr || options.models == nullptr ||
      options.styles == nullptr) {
    return absl::InvalidArgumentError("the server needs all of its backends");
  }
  // gRPC counts messages' bytes in an int.
  constexpr int64_t kMost = std::numeric_limits<int>::max() - kRequestSlack;
  if (options.max_request_bytes < 1 || options.max_request_bytes > kMost) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_request_bytes: ", options.max_request_bytes, " is outside 1..", kMost));
  }
  if (options.max_event_streams < 1) {
    return absl::InvalidArgumentError("max_event_streams: must be at least 1");
  }
  if (options.certificate_seconds < 1) {
    return absl::InvalidArgumentError("certificate_seconds: must be at least 1");
  }
  auto server = std::make_unique<ServerImpl>(options);
  IMPASTO_RETURN_IF_ERROR(server->Listen(options));
  return server;
}

}  // namespace impasto::rpc
