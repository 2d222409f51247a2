#include "client_core.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "google/rpc/error_details.pb.h"
#include "impasto/error.h"

namespace impasto {
namespace {

constexpr size_t kUploadPartBytes = size_t{1} << 20;
constexpr absl::Duration kShortCall = absl::Seconds(10);
// What clients call themselves, in the metadata of every call.
constexpr char kClientKey[] = "impasto-client";
constexpr size_t kMaxClientName = 64;

absl::Status CheckAddress(const std::string& address) {
  if (absl::StartsWith(address, "unix:") && address.size() > 5) {
    return absl::OkStatus();
  }
  const size_t colon = address.rfind(':');
  int port = 0;
  const bool has_port = colon != std::string::npos && colon > 0 &&
                        absl::SimpleAtoi(address.substr(colon + 1), &port) && port >= 1 && port <= 65535;
  // A second colon outside brackets is an IPv6 address without a port.
  const std::string host = has_port ? address.substr(0, colon) : "";
  const bool bracketed = absl::StartsWith(host, "[") && absl::EndsWith(host, "]");
  if (!has_port || (!bracketed && absl::StrContains(host, ":")) || absl::StrContains(host, "/")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "server address \"", address, "\": not of the form HOST:PORT, [IPv6]:PORT or unix:PATH"));
  }
  return absl::OkStatus();
}

// A name is metadata, and stands in filters of ListJobs: no blanks, quotes or wildcards.
absl::Status CheckClientName(const std::string& name) {
  for (const char c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && !absl::StrContains("-_.@:", c)) {
      return absl::InvalidArgumentError(absl::StrCat("client_name \"", absl::CEscape(name),
                                                     "\": other characters than A-Z a-z 0-9 - _ . @ :"));
    }
  }
  if (name.size() > kMaxClientName) {
    return absl::InvalidArgumentError(absl::StrCat("client_name: longer than ", kMaxClientName));
  }
  return absl::OkStatus();
}

bool IsLocal(const std::string& address) {
  return absl::StartsWith(address, "127.") || absl::StartsWith(address, "localhost:") ||
         absl::StartsWith(address, "[::1]:") || absl::StartsWith(address, "unix:");
}

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
  if (IsLocal(options.address)) {
    // gRPC honours http_proxy even for this machine, and a proxy can't reach its loopback.
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  }
  arguments.SetUserAgentPrefix("impasto-cpp");
  return arguments;
}

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

ClientCore::ClientCore(ClientOptions options) : options_(std::move(options)) {
  const std::shared_ptr<grpc::Channel> channel = grpc::CreateCustomChannel(
      options_.address, grpc::InsecureChannelCredentials(), ChannelArgumentsFor(options_));
  stylization_ = v1::Stylization::NewStub(channel);
  models_ = v1::Models::NewStub(channel);
  styles_ = v1::Styles::NewStub(channel);
}

absl::StatusOr<std::shared_ptr<const ClientCore>> ClientCore::Create(ClientOptions options) {
  if (options.address.empty()) {
    options.address = DefaultServerAddress();
  }
  IMPASTO_CLIENT_RETURN_IF_ERROR(CheckAddress(options.address));
  if (options.connect_timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("connect_timeout: not above zero");
  }
  if (options.keepalive < absl::Seconds(10) || options.keepalive > absl::Hours(24)) {
    return absl::InvalidArgumentError("keepalive: not in 10 s to 24 h");
  }
  if (options.reattach_timeout < absl::ZeroDuration()) {
    return absl::InvalidArgumentError("reattach_timeout: below zero");
  }
  IMPASTO_CLIENT_RETURN_IF_ERROR(CheckClientName(options.client_name));
  return std::shared_ptr<const ClientCore>(new ClientCore(std::move(options)));
}

void ClientCore::Prepare(grpc::ClientContext* context) const {
  if (!options_.client_name.empty()) {
    context->AddMetadata(kClientKey, options_.client_name);
  }
}

void ClientCore::PrepareShort(grpc::ClientContext* context) const {
  Prepare(context);
  context->set_deadline(absl::ToChronoTime(absl::Now() + kShortCall));
}

absl::Status ClientCore::WaitForServer(bool wait_for_ready, absl::Duration timeout,
                                       Canceller* canceller) const {
  // A real request, the smallest there is: it tells a server of ours from anything else that has the port
  // open, and brings gRPC's own words for what is wrong.
  grpc::ClientContext context;
  Prepare(&context);
  context.set_wait_for_ready(wait_for_ready);
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  std::optional<Canceller::Scope> scope;
  if (canceller != nullptr) {
    scope.emplace(canceller, &context);
  }
  v1::ListModelsRequest request;
  request.set_page_size(1);
  v1::ListModelsResponse response;
  const absl::Status status = FromGrpcStatus(models_->ListModels(&context, request, &response));
  if (absl::IsDeadlineExceeded(status)) {
    return absl::UnavailableError(
        absl::StrCat("no answer from ", options_.address, " within ", absl::FormatDuration(timeout)));
  }
  if (absl::IsUnavailable(status)) {
    return absl::UnavailableError(absl::StrCat("can't reach ", options_.address, ": ", status.message()));
  }
  // Any other answer is one: the calls to come will show what it means.
  return absl::OkStatus();
}

absl::StatusOr<v1::UploadPictureResponse> ClientCore::Upload(const v1::Picture& picture,
                                                             Canceller* canceller) const {
  if (InlineBytes(picture) == 0) {
    return absl::InvalidArgumentError("the picture to upload has no bytes");
  }
  if (InlineBytes(picture) > kMaxPictureBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the picture has ", InlineBytes(picture), " bytes; a server takes ", kMaxPictureBytes >> 20, " MiB"));
  }
  grpc::ClientContext context;
  Prepare(&context);
  std::optional<Canceller::Scope> scope;
  if (canceller != nullptr) {
    scope.emplace(canceller, &context);
  }
  v1::UploadPictureResponse response;
  const std::unique_ptr<grpc::ClientWriterInterface<v1::UploadPictureRequest>> writer(
      stylization_->UploadPicture(&context, &response));
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
  IMPASTO_CLIENT_RETURN_IF_ERROR(FromGrpcStatus(writer->Finish()));
  if (!sending) {
    return absl::InternalError("the server ended an upload before it had all of the picture");
  }
  if (response.name().empty()) {
    return absl::InternalError("the server gave an upload no name");
  }
  return response;
}

absl::Status ClientCore::UploadLargePictures(v1::StylizeRequest* request, Canceller* canceller) const {
  std::vector<NamedPicture> pictures = PicturesOf(request);
  // The largest first: the fewest uploads bring the request below its limit.
  std::stable_sort(pictures.begin(), pictures.end(), [](const NamedPicture& a, const NamedPicture& b) {
    return InlineBytes(*a.picture) > InlineBytes(*b.picture);
  });
  auto request_bytes = static_cast<int64_t>(request->ByteSizeLong());
  for (const NamedPicture& named : pictures) {
    const int64_t bytes = InlineBytes(*named.picture);
    if (bytes == 0 ||
        (bytes <= options_.max_inline_picture_bytes && request_bytes <= options_.max_request_bytes)) {
      break;
    }
    const absl::StatusOr<v1::UploadPictureResponse> upload = Upload(*named.picture, canceller);
    if (!upload.ok()) {
      return InRequestField(named.field, upload.status());
    }
    named.picture->set_upload(upload->name());
    request_bytes -= bytes;
  }
  return absl::OkStatus();
}

absl::Status ClientCore::UploadIfLarge(v1::Picture* picture) const {
  if (InlineBytes(*picture) <= options_.max_inline_picture_bytes) {
    return absl::OkStatus();
  }
  const absl::StatusOr<v1::UploadPictureResponse> upload = Upload(*picture, /*canceller=*/nullptr);
  if (!upload.ok()) {
    return InRequestField("picture", upload.status());
  }
  picture->set_upload(upload->name());
  return absl::OkStatus();
}

}  // namespace impasto
