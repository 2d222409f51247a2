#include "app/request_picture.h"

#include <memory>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "app/picture_proto.h"
#include "base/field_error.h"
#include "base/sha256.h"
#include "base/status_macros.h"

namespace impasto::app {
namespace {

int64_t RowBytes(const v1::RawPixels& raw) {
  return int64_t{raw.width()} * imaging::BytesPerPixel(RawPixelsFromProto(raw).format);
}

// Of a picture that has a size: the row lies within the data.
std::string_view Row(const v1::RawPixels& raw, int y) {
  const int64_t bytes = RowBytes(raw);
  const int64_t stride = raw.stride() == 0 ? bytes : raw.stride();
  return std::string_view(raw.data()).substr(static_cast<size_t>(stride * y), static_cast<size_t>(bytes));
}

}  // namespace

absl::StatusOr<v1::Picture> InlinePicture(const v1::Picture& picture, UploadStore& uploads) {
  switch (picture.source_case()) {
    case v1::Picture::kEncoded:
    case v1::Picture::kRaw:
      return picture;
    case v1::Picture::kUpload: {
      const absl::StatusOr<std::shared_ptr<const Upload>> upload = uploads.Find(picture.upload());
      if (!upload.ok()) return InField("upload", upload.status());
      v1::Picture result;
      if (!(*upload)->raw) {
        result.set_encoded((*upload)->data);
        return result;
      }
      const imaging::RawPixels& layout = (*upload)->layout;
      v1::RawPixels& raw = *result.mutable_raw();
      raw.set_format(PixelFormatToProto(layout.format));
      raw.set_width(layout.width);
      raw.set_height(layout.height);
      raw.set_stride(layout.stride);
      raw.set_data((*upload)->data);
      raw.set_icc_profile((*upload)->icc_profile);
      return result;
    }
    case v1::Picture::kStyle:
      return FieldError("style", "a style of the library can't be used here");
    case v1::Picture::SOURCE_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("no picture is given");
}

absl::StatusOr<imaging::Picture> DecodePicture(const v1::Picture& picture, const imaging::Limits& limits) {
  if (!picture.has_raw()) return imaging::Picture::Decode(picture.encoded(), limits);
  IMPASTO_RETURN_IF_ERROR(InField("raw", CheckRawLayout(picture.raw(), limits)));
  absl::StatusOr<imaging::Picture> result =
      imaging::Picture::FromRaw(RawPixelsFromProto(picture.raw()), limits);
  if (!result.ok()) return InField("raw", result.status());
  return result;
}

absl::StatusOr<Size> PictureSize(const v1::Picture& picture, const imaging::Limits& limits) {
  if (!picture.has_raw()) return imaging::Picture::DecodedSize(picture.encoded(), limits);
  IMPASTO_RETURN_IF_ERROR(InField("raw", CheckRawLayout(picture.raw(), limits)));
  const absl::StatusOr<Size> size = imaging::Picture::RawSize(RawPixelsFromProto(picture.raw()), limits);
  if (!size.ok()) return InField("raw", size.status());
  return size;
}

void TakeOutPadding(v1::Picture* picture) {
  if (!picture->has_raw()) return;
  v1::RawPixels& raw = *picture->mutable_raw();
  const int64_t bytes = RowBytes(raw) * raw.height();
  if (static_cast<int64_t>(raw.data().size()) != bytes) {
    std::string rows;
    rows.reserve(static_cast<size_t>(bytes));
    for (int y = 0; y < raw.height(); ++y) rows += Row(raw, y);
    raw.set_data(std::move(rows));
  }
  raw.set_stride(0);
}

std::string PictureSha256(const v1::Picture& picture) {
  if (!picture.has_raw()) return Sha256OfString(picture.encoded());
  const v1::RawPixels& raw = picture.raw();
  // No file of the four formats starts like this.
  const std::string layout = absl::StrFormat("raw %s %d %d %d\n", v1::PixelFormat_Name(raw.format()),
                                             raw.width(), raw.height(), raw.icc_profile().size());
  Sha256 sha;
  sha.Update(layout.data(), layout.size());
  sha.Update(raw.icc_profile().data(), raw.icc_profile().size());
  for (int y = 0; y < raw.height(); ++y) {
    const std::string_view row = Row(raw, y);
    sha.Update(row.data(), row.size());
  }
  return sha.Finish();
}

}  // namespace impasto::app
