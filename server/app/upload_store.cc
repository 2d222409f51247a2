#include "app/upload_store.h"

#include <sys/random.h>

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "app/picture_proto.h"
#include "base/field_error.h"
#include "base/status_macros.h"
#include "base/strings.h"

namespace impasto::app {
namespace {

constexpr int64_t kLargestProfile = int64_t{4} << 20;  // real ICC profiles have up to 2 MB

// 128 random bits: the name is all that keeps one client's picture from another's.
absl::StatusOr<std::string> RandomName() {
  std::string bits(16, '\0');
  if (getrandom(bits.data(), bits.size(), 0) != static_cast<ssize_t>(bits.size())) {
    return absl::InternalError("getrandom failed");
  }
  return absl::StrCat("uploads/", absl::BytesToHexString(bits));
}

}  // namespace

class UploadStoreWriter final : public rpc::UploadWriter {
 public:
  explicit UploadStoreWriter(UploadStore* store) : store_(store), upload_(std::make_shared<Upload>()) {}
  ~UploadStoreWriter() override { store_->Release(reserved_); }

  absl::Status Append(const v1::UploadPictureRequest& part) override {
    if (part.has_raw()) IMPASTO_RETURN_IF_ERROR(InField("raw", SetLayout(part.raw())));
    const int64_t bytes = static_cast<int64_t>(part.data().size());
    const int64_t size = static_cast<int64_t>(upload_->data.size()) + bytes;
    if (size > store_->options_.max_upload_bytes) return TooLarge(size);
    IMPASTO_RETURN_IF_ERROR(Reserve(bytes));
    upload_->data += part.data();
    return absl::OkStatus();
  }

  absl::StatusOr<v1::UploadPictureResponse> Finish() override {
    if (upload_->raw) upload_->layout.data = upload_->data;
    const auto picture = upload_->raw ? imaging::Picture::FromRaw(upload_->layout, store_->options_.limits)
                                      : imaging::Picture::Decode(upload_->data, store_->options_.limits);
    if (!picture.ok()) return InField(upload_->raw ? "raw" : "data", picture.status());

    v1::UploadPictureResponse response;
    v1::PictureHeader* header = response.mutable_header();
    header->set_width(picture->width());
    header->set_height(picture->height());
    header->set_total_bytes(static_cast<int64_t>(upload_->data.size()));
    if (upload_->raw) {
      header->set_format(v1::PICTURE_FORMAT_RAW);
      header->set_pixel_format(PixelFormatToProto(upload_->layout.format));
      header->set_stride(Stride());
    } else {
      header->set_format(PictureFormatToProto(picture->format()));
    }
    IMPASTO_ASSIGN_OR_RETURN(*response.mutable_name(), store_->Add(std::move(upload_)));
    reserved_ = 0;
    const absl::Duration expires =
        absl::Now() - absl::UnixEpoch() + absl::Seconds(store_->options_.lifetime_seconds);
    response.mutable_expire_time()->set_seconds(absl::ToInt64Seconds(expires));
    return response;
  }

 private:
  // Looks at the numbers before any pixel is there, so that a picture that can't be taken is refused with its
  // first message.
  absl::Status SetLayout(const v1::RawPixels& raw) {
    const int64_t profile_bytes = static_cast<int64_t>(raw.icc_profile().size());
    if (profile_bytes > kLargestProfile) {
      return FieldError("icc_profile",
                        absl::StrFormat("has %d bytes; at most %d", profile_bytes, kLargestProfile));
    }
    IMPASTO_RETURN_IF_ERROR(Reserve(profile_bytes));
    IMPASTO_RETURN_IF_ERROR(CheckRawLayout(raw, store_->options_.limits));
    upload_->layout = RawPixelsFromProto(raw);
    // With both factors bounded the product can't overflow.
    if (raw.stride() > store_->options_.max_upload_bytes) return TooLarge(raw.stride());
    const int64_t row = int64_t{raw.width()} * imaging::BytesPerPixel(upload_->layout.format);
    const int64_t size = Stride() * (raw.height() - 1) + row;
    if (size > store_->options_.max_upload_bytes) return TooLarge(size);
    upload_->raw = true;
    upload_->icc_profile = raw.icc_profile();
    upload_->layout.icc_profile = upload_->icc_profile;
    return absl::OkStatus();
  }

  int64_t Stride() const {
    const imaging::RawPixels& layout = upload_->layout;
    return layout.stride != 0 ? layout.stride : int64_t{layout.width} * imaging::BytesPerPixel(layout.format);
  }

  absl::Status Reserve(int64_t bytes) {
    IMPASTO_RETURN_IF_ERROR(store_->Reserve(bytes));
    reserved_ += bytes;
    return absl::OkStatus();
  }

  absl::Status TooLarge(int64_t size) const {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the picture has ", HumanBytes(static_cast<double>(size)), " or more; an upload has at most ",
        HumanBytes(static_cast<double>(store_->options_.max_upload_bytes))));
  }

  UploadStore* const store_;
  std::shared_ptr<Upload> upload_;
  int64_t reserved_ = 0;
};

UploadStore::UploadStore(const Options& options) : options_(options) {}

std::unique_ptr<rpc::UploadWriter> UploadStore::StartUpload() {
  return std::make_unique<UploadStoreWriter>(this);
}

absl::StatusOr<std::shared_ptr<const Upload>> UploadStore::Find(const std::string& name) {
  MutexLock lock(&mutex_);
  DropExpired();
  const auto it = uploads_.find(name);
  if (it == uploads_.end()) {
    return absl::NotFoundError(
        absl::StrCat("no upload \"", name.substr(0, 64), "\": it is unknown, or went away after ",
                     static_cast<int>(options_.lifetime_seconds / 60), " minutes without use"));
  }
  it->second.expires = options_.clock->NowSeconds() + options_.lifetime_seconds;
  return it->second.upload;
}

int64_t UploadStore::total_bytes() {
  MutexLock lock(&mutex_);
  DropExpired();
  return total_bytes_;
}

absl::Status UploadStore::Reserve(int64_t bytes) {
  MutexLock lock(&mutex_);
  DropExpired();
  if (bytes > options_.max_total_bytes - total_bytes_) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the server's room for uploads, ",
                     HumanBytes(static_cast<double>(options_.max_total_bytes)), ", is full"));
  }
  total_bytes_ += bytes;
  return absl::OkStatus();
}

void UploadStore::Release(int64_t bytes) {
  MutexLock lock(&mutex_);
  total_bytes_ -= bytes;
}

absl::StatusOr<std::string> UploadStore::Add(std::shared_ptr<const Upload> upload) {
  IMPASTO_ASSIGN_OR_RETURN(std::string name, RandomName());
  MutexLock lock(&mutex_);
  DropExpired();
  if (uploads_.size() >= static_cast<size_t>(options_.max_uploads)) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the server holds ", options_.max_uploads, " uploads already"));
  }
  uploads_[name] = {std::move(upload), options_.clock->NowSeconds() + options_.lifetime_seconds};
  return name;
}

void UploadStore::DropExpired() {
  const double now = options_.clock->NowSeconds();
  for (auto it = uploads_.begin(); it != uploads_.end();) {
    if (it->second.expires > now) {
      ++it;
      continue;
    }
    total_bytes_ -=
        static_cast<int64_t>(it->second.upload->data.size() + it->second.upload->icc_profile.size());
    it = uploads_.erase(it);
  }
}

}  // namespace impasto::app
