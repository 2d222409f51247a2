// The API's pictures and options, and imaging's.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "imaging/picture.h"
#include "impasto/v1/picture.pb.h"
#include "impasto/v1/stylization.pb.h"
#include "jobs/work.h"

namespace impasto::app {

// INVALID_ARGUMENT, naming `format`: unspecified or unknown.
absl::StatusOr<imaging::PixelFormat> PixelFormatFromProto(v1::PixelFormat format);
v1::PixelFormat PixelFormatToProto(imaging::PixelFormat format);
v1::PictureFormat PictureFormatToProto(imaging::Format format);

// The result's options; `has_alpha`: the content picture has alpha. `original` isn't filled in.
// INVALID_ARGUMENT, naming the field.
absl::StatusOr<imaging::EncodeOptions> ResultOptions(const v1::OutputOptions& output, bool has_alpha);
// The previews' options. Errors as above.
absl::StatusOr<imaging::EncodeOptions> PreviewEncodeOptions(const v1::PreviewOptions& preview);
// When previews are taken. Errors as above.
absl::StatusOr<jobs::PreviewSchedule> PreviewScheduleFromProto(const v1::PreviewOptions& preview);

// The layout of raw pixels; data and profile are views of the message's. INVALID_ARGUMENT: an unspecified
// format.
absl::StatusOr<imaging::RawPixels> RawPixelsFromProto(const v1::RawPixels& raw);

// Ready to be sent.
jobs::EncodedPicture ToEncodedPicture(imaging::Encoded encoded);

}  // namespace impasto::app
