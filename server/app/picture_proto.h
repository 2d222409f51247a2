// The API's pictures and options, and imaging's.
#pragma once

#include "absl/status/status.h"
#include "imaging/picture.h"
#include "impasto/v1/picture.pb.h"
#include "impasto/v1/stylization.pb.h"
#include "jobs/work.h"

namespace impasto::app {

// `unspecified` where the format is. rpc lets no other value through that isn't one of the API's.
imaging::PixelFormat PixelFormatOr(v1::PixelFormat format, imaging::PixelFormat unspecified);
v1::PixelFormat PixelFormatToProto(imaging::PixelFormat format);
v1::PictureFormat PictureFormatToProto(imaging::Format format);

// The options of a request that rpc has checked. `has_alpha`: the content picture has alpha. `original` isn't
// filled in.
imaging::EncodeOptions ResultOptions(const v1::OutputOptions& output, bool has_alpha);
imaging::EncodeOptions PreviewEncodeOptions(const v1::PreviewOptions& preview);

// The layout of raw pixels; data and profile are views of the message's.
imaging::RawPixels RawPixelsFromProto(const v1::RawPixels& raw);

// What can be said of raw pixels before any of them is there. INVALID_ARGUMENT, naming `width`, `height` or
// `stride`, with the limit.
absl::Status CheckRawLayout(const v1::RawPixels& raw, const imaging::Limits& limits);

// Ready to be sent.
jobs::EncodedPicture ToEncodedPicture(imaging::Encoded encoded);

}  // namespace impasto::app
