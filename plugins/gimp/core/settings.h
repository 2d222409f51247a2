// What a user chooses. Plain values: copy them as you like.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impasto/v1/recipe.pb.h"

namespace impasto::gimp {

// Where the manner of painting comes from.
struct Style {
  enum class Kind { kNone, kFile, kLibrary, kDrawable };
  Kind kind = Kind::kNone;
  std::string value;  // kFile: a path; kLibrary: "styles/..."; kDrawable: the host's number of an open layer
  std::string label;  // for people: a file's name without its ending, a style's display name, a layer's name

  bool operator==(const Style& other) const { return kind == other.kind && value == other.value; }
};

// How long the server may take.
enum class Quality { kDraft, kGood, kBest, kIterations };

// Where the result goes.
enum class Placement { kNewLayer, kInPlace };

struct Settings {
  Style style;
  std::string model;                     // "vgg19"; empty: the server's first
  double strength = 50;                  // 0: all photograph, 100: all painting; 50: the model's own weights
  std::optional<double> content_weight;  // Recipe.content_weight; not set: the model's
  std::optional<double> style_weight;    // Recipe.style_weight; not set: from `strength`
  Quality quality = Quality::kGood;
  int iterations = 300;  // for kIterations: 1..100000
  int size = 512;        // Recipe.max_size, long side of what is painted, pixels: 16..8192
  Placement placement = Placement::kNewLayer;
};

// Where the server is, and how it is spoken to. Kept apart from what decides a picture.
struct ServerSettings {
  std::string address;     // "HOST:PORT"; empty: IMPASTO_SERVER, else this machine's port 50451
  std::string tls_ca;      // a PEM file of trusted certificates; empty: as IMPASTO_TLS_CA says
  std::string token_file;  // empty: IMPASTO_TOKEN

  bool operator==(const ServerSettings& other) const {
    return address == other.address && tls_ca == other.tls_ca && token_file == other.token_file;
  }
};

// INVALID_ARGUMENT, in the user's language, naming the setting and its range.
absl::Status Validate(const Settings& settings);

// The factor on the model's own style weight: 1 at 50, ten times as much for every 25 more.
double StyleFactor(double strength);
// Its inverse, within 0..100.
double StrengthOf(double style_factor);

// The recipe that `settings` stand for. `defaults`: the model's default_recipe, or an empty one, whose
// weights are then left to the server (and a strength other than 50 needs them: FAILED_PRECONDITION).
absl::StatusOr<v1::Recipe> MakeRecipe(const Settings& settings, const v1::Recipe& defaults);

// JSON, on one line, for "last values", parasites and records. FromJson: INVALID_ARGUMENT for anything else;
// members that aren't there keep their defaults, unknown ones are passed over.
std::string ToJson(const Settings& settings);
absl::StatusOr<Settings> SettingsFromJson(std::string_view json);

// proto3 JSON of a recipe, as `impasto --save-recipe` writes it.
std::string ToJson(const v1::Recipe& recipe);
absl::StatusOr<v1::Recipe> RecipeFromJson(std::string_view json);

}  // namespace impasto::gimp
