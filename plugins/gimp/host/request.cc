#include "host/request.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <glib.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/text.h"

namespace impasto::gimp {
namespace {

// What a server takes of a name for people, characters.
constexpr int kLongestName = 200;

}  // namespace

absl::StatusOr<v1::Picture> ReadStyle(const Style& style) {
  switch (style.kind) {
    case Style::Kind::kFile:
      return PictureFromFile(style.value);
    case Style::Kind::kLibrary: {
      v1::Picture picture;
      picture.set_style(style.value);
      return picture;
    }
    case Style::Kind::kDrawable:
      return ReadDrawable(std::atoi(style.value.c_str()));
    case Style::Kind::kNone:
      break;
  }
  return absl::InvalidArgumentError(_("Choose a style first: a picture whose manner is to be painted in."));
}

v1::StylizeRequest MakeRequest(const Target& target, v1::Picture content, v1::Picture style,
                               v1::Recipe recipe) {
  v1::StylizeRequest request;
  *request.mutable_content() = std::move(content);
  *request.add_styles() = std::move(style);
  *request.mutable_recipe() = std::move(recipe);
  v1::OutputOptions& output = *request.mutable_output();
  output.set_format(v1::PICTURE_FORMAT_RAW);
  output.set_pixel_format(target.travels);
  output.set_size(v1::OUTPUT_SIZE_ORIGINAL);
  const std::string name = absl::StrCat(target.image_name, ", ", target.layer_name);
  gchar* start =
      g_utf8_substring(name.c_str(), 0, std::min<glong>(kLongestName, g_utf8_strlen(name.c_str(), -1)));
  request.set_display_name(start);
  g_free(start);
  return request;
}

std::string ResultName(const std::string& layer, const Style& style, const v1::Recipe& recipe) {
  return absl::StrCat(layer, " (", style.label, ", ", absl::StripPrefix(recipe.model(), "models/"), ")");
}

std::string ClientName() {
  std::string name = "gimp-";
  for (const char letter : absl::string_view(g_get_user_name())) {
    if (absl::ascii_isalnum(letter) || letter == '-' || letter == '_' || letter == '.') {
      name += letter;
    }
  }
  return name.substr(0, 64);
}

}  // namespace impasto::gimp
