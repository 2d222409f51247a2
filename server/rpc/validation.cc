#include "rpc/validation.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/field_error.h"
#include "base/status_macros.h"

namespace impasto::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Each decoded style picture costs memory and two or three steps' time before the first step.
constexpr int kMaxStyles = 16;
constexpr int kMaxIterations = 100'000;
constexpr int kMinSide = 16;
constexpr int kMaxSide = 8192;
constexpr double kMinPreviewSeconds = 0.1;
constexpr int kMaxQuality = 100;

// Enum values that the API doesn't have, and numbers that are none, in one field of any message.
absl::Status CheckValue(const Message& message, const FieldDescriptor* field, int index) {
  const Reflection* reflection = message.GetReflection();
  const bool repeated = field->is_repeated();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int value = repeated ? reflection->GetRepeatedEnumValue(message, field, index)
                                 : reflection->GetEnumValue(message, field);
      if (field->enum_type()->FindValueByNumber(value) != nullptr) return absl::OkStatus();
      return absl::InvalidArgumentError(absl::StrCat(value, " is no value of ", field->enum_type()->name()));
    }
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      const double value = repeated ? reflection->GetRepeatedDouble(message, field, index)
                                    : reflection->GetDouble(message, field);
      return std::isnan(value) ? absl::InvalidArgumentError("is not a number") : absl::OkStatus();
    }
    default:
      return absl::OkStatus();
  }
}

// CheckValue for everything in `message`. The API's messages don't hold themselves: the depth is bounded.
absl::Status CheckValues(const Message& message) {
  const Reflection* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const bool is_message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    const int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      absl::Status status;
      if (!is_message) {
        status = CheckValue(message, field, i);
      } else if (field->is_repeated()) {
        status = CheckValues(reflection->GetRepeatedMessage(message, field, i));
      } else {
        status = CheckValues(reflection->GetMessage(message, field));
      }
      if (!status.ok()) {
        return InField(field->is_repeated() ? absl::StrCat(field->name(), "[", i, "]") : field->name(),
                       status);
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CheckPicture(const v1::Picture& picture, absl::string_view field) {
  switch (picture.source_case()) {
    case v1::Picture::kRaw:
      if (picture.raw().format() == v1::PIXEL_FORMAT_UNSPECIFIED) {
        return FieldError(absl::StrCat(field, ".raw.format"), "is required: the layout of a pixel");
      }
      return absl::OkStatus();
    case v1::Picture::kEncoded:
    case v1::Picture::kUpload:
      return absl::OkStatus();
    case v1::Picture::SOURCE_NOT_SET:
      break;
  }
  return FieldError(field, "holds no picture: give `encoded`, `raw` or `upload`");
}

absl::Status CheckRange(int64_t value, int64_t least, int64_t most, absl::string_view field) {
  if (value >= least && value <= most) return absl::OkStatus();
  return FieldError(field, absl::StrCat(value, " is outside ", least, "..", most));
}

// A size in pixels that 0 leaves open.
absl::Status CheckOptionalSide(int value, absl::string_view field) {
  if (value == 0 || (value >= kMinSide && value <= kMaxSide)) return absl::OkStatus();
  return FieldError(field,
                    absl::StrCat(value, " is neither 0 nor within ", kMinSide, "..", kMaxSide, " pixels"));
}

absl::Status CheckPreview(const v1::PreviewOptions& preview) {
  IMPASTO_RETURN_IF_ERROR(
      CheckRange(preview.every_iterations(), 0, kMaxIterations, "preview.every_iterations"));
  const auto& interval = preview.interval();
  const double seconds = static_cast<double>(interval.seconds()) + interval.nanos() / 1e9;
  const bool is_zero = interval.seconds() == 0 && interval.nanos() == 0;
  if (!is_zero && seconds < kMinPreviewSeconds) {
    return FieldError("preview.interval",
                      absl::StrCat(seconds, " s is neither 0 nor at least ", kMinPreviewSeconds, " s"));
  }
  return CheckOptionalSide(preview.max_size(), "preview.max_size");
}

}  // namespace

absl::Status ValidateStylizeRequest(const v1::StylizeRequest& request) {
  if (!request.has_content()) return FieldError("content", "is required: the picture to paint");
  IMPASTO_RETURN_IF_ERROR(CheckPicture(request.content(), "content"));

  const int styles = request.styles_size();
  if (styles == 0) return FieldError("styles", "is required: at least one picture");
  if (styles > kMaxStyles) {
    return FieldError("styles", absl::StrCat(styles, " pictures are more than ", kMaxStyles));
  }
  for (int i = 0; i < styles; ++i) {
    IMPASTO_RETURN_IF_ERROR(CheckPicture(request.styles(i), absl::StrCat("styles[", i, "]")));
  }
  if (request.has_initial()) IMPASTO_RETURN_IF_ERROR(CheckPicture(request.initial(), "initial"));
  IMPASTO_RETURN_IF_ERROR(CheckValues(request));

  const v1::Recipe& recipe = request.recipe();
  const bool wants_initial = recipe.initial_picture() == v1::INITIAL_PICTURE_SUPPLIED;
  if (wants_initial && !request.has_initial()) {
    return FieldError("initial", "is required with recipe.initial_picture INITIAL_PICTURE_SUPPLIED");
  }
  if (request.has_initial() && !wants_initial) {
    return FieldError("initial", "is used with recipe.initial_picture INITIAL_PICTURE_SUPPLIED alone");
  }
  const int weights = recipe.style_picture_weights_size();
  if (weights != 0 && weights != styles) {
    return FieldError("recipe.style_picture_weights",
                      absl::StrCat("has ", weights, " weights for ", styles, " style pictures"));
  }

  IMPASTO_RETURN_IF_ERROR(CheckPreview(request.preview()));
  return CheckRange(request.output().quality(), 0, kMaxQuality, "output.quality");
}

absl::Status ValidateUploadPart(const v1::UploadPictureRequest& part, bool first) {
  if (!part.has_raw()) return absl::OkStatus();
  if (!first) return FieldError("raw", "belongs in the first message alone");
  if (!part.raw().data().empty()) return FieldError("raw.data", "must be empty: the pixels go into `data`");
  IMPASTO_RETURN_IF_ERROR(CheckValues(part));
  if (part.raw().format() == v1::PIXEL_FORMAT_UNSPECIFIED) {
    return FieldError("raw.format", "is required: the layout of a pixel");
  }
  return absl::OkStatus();
}

absl::Status ValidateModelName(const std::string& name) {
  constexpr absl::string_view kPrefix = "models/";
  if (name.empty()) return FieldError("name", "is required: models/{model}");
  const absl::string_view model = absl::string_view(name).substr(std::min(name.size(), kPrefix.size()));
  if (!absl::StartsWith(name, kPrefix) || model.empty() || absl::StrContains(model, '/')) {
    return FieldError("name", absl::StrCat("\"", name, "\" is not of the form models/{model}"));
  }
  return absl::OkStatus();
}

}  // namespace impasto::rpc
