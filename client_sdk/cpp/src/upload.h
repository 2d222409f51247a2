// Pictures that are sent in parts, ahead of the request that uses them.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "canceller.h"
#include "client_core.h"
#include "impasto/v1/stylization.pb.h"

namespace impasto {

// INVALID_ARGUMENT: the picture has no bytes, or too many. `canceller` may be null.
absl::StatusOr<v1::UploadPictureResponse> Upload(const ClientCore& core, const v1::Picture& picture,
                                                 Canceller* canceller);

// Uploads what is too large for the request, and names it there. `canceller` may be null.
absl::Status UploadLargePictures(const ClientCore& core, v1::StylizeRequest* request, Canceller* canceller);

// Uploads a picture that is too large to be sent inline, and names it.
absl::Status UploadIfLarge(const ClientCore& core, v1::Picture* picture);

}  // namespace impasto
