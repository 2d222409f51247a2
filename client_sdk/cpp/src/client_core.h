// The connection that a Client's copies and calls share.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "canceller.h"
#include "impasto/client.h"
#include "impasto/v1/models.grpc.pb.h"
#include "impasto/v1/stylization.grpc.pb.h"

namespace impasto {

// Thread-safe.
class ClientCore {
 public:
  // Fills in the default address. Errors as Client::Connect(); nothing is sent yet.
  static absl::StatusOr<std::shared_ptr<const ClientCore>> Create(ClientOptions options);

  // Waits for the server's first answer.
  absl::Status WaitForServer() const;

  // `canceller` may be null.
  absl::StatusOr<v1::UploadPictureResponse> Upload(const v1::Picture& picture, Canceller* canceller) const;

  // Uploads what is too large for the request, and names it there.
  absl::Status UploadLargePictures(v1::StylizeRequest* request, Canceller* canceller) const;

  const ClientOptions& options() const { return options_; }
  v1::Stylization::StubInterface& stylization() const { return *stylization_; }
  v1::Models::StubInterface& models() const { return *models_; }

 private:
  explicit ClientCore(ClientOptions options);

  const ClientOptions options_;
  std::unique_ptr<v1::Stylization::StubInterface> stylization_;
  std::unique_ptr<v1::Models::StubInterface> models_;
};

}  // namespace impasto
