// The connection that a Client's copies and calls share.
#pragma once

#include <memory>

#include <grpcpp/client_context.h>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "canceller.h"
#include "impasto/client.h"
#include "impasto/internal/status_macros.h"
#include "impasto/v1/models.grpc.pb.h"
#include "impasto/v1/styles.grpc.pb.h"
#include "impasto/v1/stylization.grpc.pb.h"
#include "status_conversion.h"

namespace impasto {

// Thread-safe.
class ClientCore {
 public:
  // Fills in the default address. Errors as Client::Connect(); nothing is sent yet.
  static absl::StatusOr<std::shared_ptr<const ClientCore>> Create(ClientOptions options);

  // Waits for an answer of the server, for up to `timeout`. `wait_for_ready`: also for a server that isn't
  // there yet. UNAVAILABLE: there was none. `canceller` may be null.
  absl::Status WaitForServer(bool wait_for_ready, absl::Duration timeout, Canceller* canceller) const;

  // What every call sends: who is calling.
  void Prepare(grpc::ClientContext* context) const;
  // The same for a call that is to be over in 10 s.
  void PrepareShort(grpc::ClientContext* context) const;

  // A unary call without a deadline: Call(core.models(), &v1::Models::StubInterface::GetModel, request).
  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request) const {
    grpc::ClientContext context;
    Prepare(&context);
    Response response;
    IMPASTO_CLIENT_RETURN_IF_ERROR(FromGrpcStatus((stub.*method)(&context, request, &response)));
    return response;
  }

  // `canceller` may be null.
  absl::StatusOr<v1::UploadPictureResponse> Upload(const v1::Picture& picture, Canceller* canceller) const;

  // Uploads what is too large for the request, and names it there.
  absl::Status UploadLargePictures(v1::StylizeRequest* request, Canceller* canceller) const;
  // Uploads a picture that is too large to be sent inline, and names it.
  absl::Status UploadIfLarge(v1::Picture* picture) const;

  const ClientOptions& options() const { return options_; }
  v1::Stylization::StubInterface& stylization() const { return *stylization_; }
  v1::Models::StubInterface& models() const { return *models_; }
  v1::Styles::StubInterface& styles() const { return *styles_; }

 private:
  explicit ClientCore(ClientOptions options);

  const ClientOptions options_;
  std::unique_ptr<v1::Stylization::StubInterface> stylization_;
  std::unique_ptr<v1::Models::StubInterface> models_;
  std::unique_ptr<v1::Styles::StubInterface> styles_;
};

}  // namespace impasto
