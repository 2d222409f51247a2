#include "upload.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <grpcpp/client_context.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "connect_error.h"
#include "google/rpc/error_details.pb.h"
#include "impasto/error.h"
#include "impasto/internal/status_macros.h"
#include "impasto/picture.h"
#include "status_conversion.h"

namespace impasto {
namespace {

constexpr size_t kUploadPartBytes = size_t{1} << 20;

// A picture of a request, and its field there.
struct NamedPicture {
  std::string field;
  v1::Picture* picture;
};

std::vector<NamedPicture> PicturesOf(v1::StylizeRequest* request) {
  std::vector<NamedPicture> pictures;
  if (request->has_content()) {
    pictures.push_back({"content", request->mutable_content()});
  }
  for (int i = 0; i < request->styles_size(); ++i) {
    pictures.push_back({absl::StrCat("styles[", i, "]"), request->mutable_styles(i)});
  }
  if (request->has_initial()) {
    pictures.push_back({"initial", request->mutable_initial()});
  }
  return pictures;
}

// A refused upload of a request's picture, told as if the picture had been refused inline: in terms of the
// request.
absl::Status InRequestField(const std::string& field, const absl::Status& status) {
  if (!absl::IsInvalidArgument(status)) {
    return status;
  }
  const std::string upload_field = ErrorField(status);
  absl::string_view words = status.message();
  if (!upload_field.empty()) {
    absl::ConsumePrefix(&words, absl::StrCat(upload_field, ": "));
  }
  absl::Status renamed = absl::InvalidArgumentError(absl::StrCat(field, ": ", words));
  google::rpc::BadRequest bad_request;
  bad_request.add_field_violations()->set_field(field);
  bad_request.mutable_field_violations(0)->set_description(std::string(words));
  SetDetail(bad_request, &renamed);
  return renamed;
}

int64_t InlineBytes(const v1::Picture& picture) {
  return static_cast<int64_t>(picture.encoded().size() + picture.raw().data().size());
}

}  // namespace

absl::StatusOr<v1::UploadPictureResponse> Upload(const ClientCore& core, const v1::Picture& picture,
                                                 Canceller* canceller) {
  if (InlineBytes(picture) == 0) {
    return absl::InvalidArgumentError("the picture to upload has no bytes");
  }
  if (InlineBytes(picture) > kMaxPictureBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the picture has ", InlineBytes(picture), " bytes; a server takes ", kMaxPictureBytes >> 20, " MiB"));
  }
  grpc::ClientContext context;
  core.Prepare(&context);
  std::optional<Canceller::Scope> scope;
  if (canceller != nullptr) {
    scope.emplace(canceller, &context);
  }
  v1::UploadPictureResponse response;
  const std::unique_ptr<grpc::ClientWriterInterface<v1::UploadPictureRequest>> writer(
      core.stylization().UploadPicture(&context, &response));
  bool sending = true;
  const std::string* data = &picture.encoded();
  if (picture.has_raw()) {
    data = &picture.raw().data();
    v1::UploadPictureRequest layout;
    v1::RawPixels& raw = *layout.mutable_raw();
    raw.set_format(picture.raw().format());
    raw.set_width(picture.raw().width());
    raw.set_height(picture.raw().height());
    raw.set_stride(picture.raw().stride());
    raw.set_icc_profile(picture.raw().icc_profile());
    sending = writer->Write(layout);
  }
  v1::UploadPictureRequest part;
  for (size_t offset = 0; sending && offset < data->size(); offset += kUploadPartBytes) {
    part.set_data(data->substr(offset, kUploadPartBytes));
    sending = writer->Write(part);
  }
  if (sending) {
    sending = writer->WritesDone();
  }
  IMPASTO_CLIENT_RETURN_IF_ERROR(CallStatus(core.options(), writer->Finish()));
  if (!sending) {
    return absl::InternalError("the server ended an upload before it had all of the picture");
  }
  if (response.name().empty()) {
    return absl::InternalError("the server gave an upload no name");
  }
  return response;
}

absl::Status UploadLargePictures(const ClientCore& core, v1::StylizeRequest* request, Canceller* canceller) {
  const ClientOptions& options = core.options();
  std::vector<NamedPicture> pictures = PicturesOf(request);
  // The largest first: the fewest uploads bring the request below its limit.
  std::stable_sort(pictures.begin(), pictures.end(), [](const NamedPicture& a, const NamedPicture& b) {
    return InlineBytes(*a.picture) > InlineBytes(*b.picture);
  });
  auto request_bytes = static_cast<int64_t>(request->ByteSizeLong());
  for (const NamedPicture& named : pictures) {
    const int64_t bytes = InlineBytes(*named.picture);
    if (bytes == 0 ||
        (bytes <= options.max_inline_picture_bytes && request_bytes <= core.max_request_bytes())) {
      break;
    }
    const absl::StatusOr<v1::UploadPictureResponse> upload = Upload(core, *named.picture, canceller);
    if (!upload.ok()) {
      return InRequestField(named.field, upload.status());
    }
    named.picture->set_upload(upload->name());
    request_bytes -= bytes;
  }
  return absl::OkStatus();
}

absl::Status UploadIfLarge(const ClientCore& core, v1::Picture* picture) {
  if (InlineBytes(*picture) <= core.options().max_inline_picture_bytes) {
    return absl::OkStatus();
  }
  const absl::StatusOr<v1::UploadPictureResponse> upload = Upload(core, *picture, /*canceller=*/nullptr);
  if (!upload.ok()) {
    return InRequestField("picture", upload.status());
  }
  picture->set_upload(upload->name());
  return absl::OkStatus();
}

}  // namespace impasto
