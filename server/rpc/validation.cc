#include "rpc/validation.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/field_error.h"
#include "base/status_macros.h"
#include "rpc/field_checks.h"

namespace impasto::rpc {
namespace {

// Each decoded style picture costs memory and two or three steps' time before the first step.
constexpr int kMaxStyles = 16;
constexpr int kMaxIterations = 100'000;
constexpr int kMaxChanges = 1000;
constexpr int kMaxQuality = 100;
constexpr size_t kMaxRequestId = 64;

// Whether a picture may be one of the style library.
enum class Library { kAllowed, kRefused };

absl::Status CheckPicture(const v1::Picture& picture, Library library, absl::string_view field) {
  switch (picture.source_case()) {
    case v1::Picture::kRaw:
      if (picture.raw().format() == v1::PIXEL_FORMAT_UNSPECIFIED) {
        return FieldError(absl::StrCat(field, ".raw.format"), "is required: the layout of a pixel");
      }
      return absl::OkStatus();
    case v1::Picture::kEncoded:
    case v1::Picture::kUpload:
      return absl::OkStatus();
    case v1::Picture::kStyle: {
      const std::string style_field = absl::StrCat(field, ".style");
      if (library == Library::kRefused) {
        return FieldError(style_field, "is for style pictures alone: give `encoded`, `raw` or `upload`");
      }
      return CheckResourceName(picture.style(), "styles", style_field);
    }
    case v1::Picture::SOURCE_NOT_SET:
      break;
  }
  return FieldError(field, library == Library::kAllowed
                               ? "holds no picture: give `encoded`, `raw`, `upload` or `style`"
                               : "holds no picture: give `encoded`, `raw` or `upload`");
}

absl::Status CheckRequestId(absl::string_view id) {
  if (id.size() > kMaxRequestId) {
    return FieldError("request_id", absl::StrCat(id.size(), " characters are more than ", kMaxRequestId));
  }
  if (!std::all_of(id.begin(), id.end(),
                   [](unsigned char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_'; })) {
    return FieldError("request_id", "has characters other than A-Z, a-z, 0-9, \"-\" and \"_\"");
  }
  return absl::OkStatus();
}

absl::Status CheckStylePictureWeights(int weights, int styles) {
  if (weights == 0 || weights == styles) return absl::OkStatus();
  return FieldError("style_picture_weights",
                    absl::StrCat("has ", weights, " weights for ", styles, " style pictures"));
}

// In their order, each one's place among the recipe's steps.
absl::Status CheckChanges(const v1::Recipe& recipe, int styles) {
  if (recipe.changes_size() > kMaxChanges) {
    return FieldError("changes", absl::StrCat(recipe.changes_size(), " changes are more than ", kMaxChanges));
  }
  int before = 0;
  for (int i = 0; i < recipe.changes_size(); ++i) {
    const v1::RecipeChange& change = recipe.changes(i);
    const std::string field = absl::StrCat("changes[", i, "]");
    IMPASTO_RETURN_IF_ERROR(InField(field, CheckRange(change.iteration(), 0, kMaxIterations, "iteration")));
    if (change.iteration() < before) {
      return FieldError(absl::StrCat(field, ".iteration"),
                        absl::StrCat(change.iteration(), " comes after ", before,
                                     ": changes are in the order of their iteration"));
    }
    before = change.iteration();
    IMPASTO_RETURN_IF_ERROR(
        InField(field, CheckStylePictureWeights(change.style_picture_weights_size(), styles)));
  }
  return absl::OkStatus();
}

absl::Status CheckPictures(const v1::StylizeRequest& request) {
  if (!request.has_content()) return FieldError("content", "is required: the picture to paint");
  IMPASTO_RETURN_IF_ERROR(CheckPicture(request.content(), Library::kRefused, "content"));
  const int styles = request.styles_size();
  if (styles == 0) return FieldError("styles", "is required: at least one picture");
  if (styles > kMaxStyles) {
    return FieldError("styles", absl::StrCat(styles, " pictures are more than ", kMaxStyles));
  }
  for (int i = 0; i < styles; ++i) {
    IMPASTO_RETURN_IF_ERROR(
        CheckPicture(request.styles(i), Library::kAllowed, absl::StrCat("styles[", i, "]")));
  }
  if (request.has_initial()) {
    IMPASTO_RETURN_IF_ERROR(CheckPicture(request.initial(), Library::kRefused, "initial"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateStylizeRequest(const v1::StylizeRequest& request) {
  IMPASTO_RETURN_IF_ERROR(CheckPictures(request));
  IMPASTO_RETURN_IF_ERROR(CheckValues(request));

  const v1::Recipe& recipe = request.recipe();
  const bool wants_initial = recipe.initial_picture() == v1::INITIAL_PICTURE_SUPPLIED;
  if (wants_initial && !request.has_initial()) {
    return FieldError("initial", "is required with recipe.initial_picture INITIAL_PICTURE_SUPPLIED");
  }
  if (request.has_initial() && !wants_initial) {
    return FieldError("initial", "is used with recipe.initial_picture INITIAL_PICTURE_SUPPLIED alone");
  }
  IMPASTO_RETURN_IF_ERROR(InField(
      "recipe", CheckStylePictureWeights(recipe.style_picture_weights_size(), request.styles_size())));
  IMPASTO_RETURN_IF_ERROR(InField("recipe", CheckChanges(recipe, request.styles_size())));
  IMPASTO_RETURN_IF_ERROR(InField("preview", CheckPreview(request.preview())));
  IMPASTO_RETURN_IF_ERROR(CheckRange(request.output().quality(), 0, kMaxQuality, "output.quality"));
  IMPASTO_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  return CheckDisplayName(request.display_name());
}

absl::Status ValidateEstimateJobRequest(const v1::EstimateJobRequest& request) {
  if (!request.has_request()) return FieldError("request", "is required: what Stylize would get");
  return InField("request", ValidateStylizeRequest(request.request()));
}

absl::Status ValidateWatchJobRequest(const v1::WatchJobRequest& request) {
  IMPASTO_RETURN_IF_ERROR(CheckResourceName(request.name(), "jobs", "name"));
  if (request.after_event() < 0) {
    return FieldError("after_event", absl::StrCat(request.after_event(), " is negative"));
  }
  return absl::OkStatus();
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

absl::Status ValidateCreateStyleRequest(const v1::CreateStyleRequest& request) {
  if (!request.has_picture()) return FieldError("picture", "is required: the picture to keep");
  IMPASTO_RETURN_IF_ERROR(CheckPicture(request.picture(), Library::kRefused, "picture"));
  IMPASTO_RETURN_IF_ERROR(CheckValues(request));
  return CheckDisplayName(request.display_name());
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
