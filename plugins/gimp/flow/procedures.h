// The procedures as GIMP's procedure database and menus know them: the same in both GIMPs.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/settings.h"
#include "core/text.h"
#include "host/host.h"

namespace impasto::gimp {

inline constexpr char kMenu[] = "<Image>/Filters/Artistic";
// The help system's domain; the procedures' names are its identifiers.
inline constexpr char kHelpDomain[] = "impasto";
inline constexpr char kAuthor[] = "Impasto";
inline constexpr char kCopyright[] = "Impasto";
inline constexpr char kDate[] = "2026";

// Words are marked for translation, not translated.
struct Procedure {
  const char* name;
  const char* blurb;
  const char* help;
  const char* menu_label;  // null: in no menu
};
inline constexpr Procedure kPaint = {
    "plug-in-impasto-style-transfer",
    N_("Paint the picture in the manner of another"),
    N_("Paints a layer, or what is selected of it, in the manner of a painting. An Impasto server does the "
       "work. The result is a new layer above, or takes the place of the pixels; either can be undone in "
       "one step. Give exactly one of style-file, style-drawable and style-name."),
    N_("St_yle Transfer..."),
};
inline constexpr Procedure kRepeat = {
    "plug-in-impasto-repeat",
    N_("Paint once more with the layer's own settings, or the last ones"),
    N_("Paints with the settings that the layer was painted with, where it was, else with the last ones."),
    N_("_Repeat Style Transfer"),
};
inline constexpr Procedure kShowRecipe = {
    "plug-in-impasto-show-recipe",
    N_("Show what the layer was painted with"),
    N_("Shows the recipe that makes the same picture again, as JSON. Called from a script, it returns it."),
    N_("Show Style Transfer Re_cipe"),
};
inline constexpr Procedure kWaiting = {
    "plug-in-impasto-waiting",
    N_("Open results that were not ready when GIMP was closed"),
    N_("Jobs go on at the server when GIMP is closed. This lists those whose result is still to be had."),
    N_("_Waiting Style Transfers..."),
};
// GIMP starts it by itself.
inline constexpr Procedure kNotice = {
    "extension-impasto-waiting",
    N_("Tell of results that wait"),
    N_("Looks at files of the user's alone; asks no server."),
    nullptr,
};

// What scripts give to kPaint: the arguments, in words for who writes scripts (not translated), and their
// values.
struct Argument {
  const char* name;
  const char* blurb;
};
inline constexpr Argument kStyleFile = {"style-file", "The style: the path of a picture; \"\": none"};
inline constexpr Argument kStyleDrawable = {"style-drawable", "... or the number of an open layer; -1: none"};
inline constexpr Argument kStyleName = {"style-name",
                                        "... or \"styles/NAME\" in the server's library; \"\": none"};
inline constexpr Argument kModel = {"model", "\"vgg19\", ...; \"\": the server's first"};
inline constexpr Argument kStrength = {
    "strength", "0 (all photograph) to 100 (all painting); 50: the model's own weights"};
inline constexpr Argument kQuality = {"quality", "draft (0), good (1), best (2), as iterations says (3)"};
inline constexpr Argument kIterations = {"iterations", "Steps, 1 to 100000, with quality 3"};
inline constexpr Argument kSize = {"size", "Long side of what is painted, pixels, 16 to 8192"};
inline constexpr Argument kContentWeight = {"content-weight", "Weight of the photograph; 0: the model's own"};
inline constexpr Argument kStyleWeight = {"style-weight", "Weight of the style; 0: as strength says"};
inline constexpr Argument kInPlace = {
    "in-place", "In place of the drawable's pixels (TRUE), or as a new layer above (FALSE)"};
inline constexpr Argument kServer = {"server",
                                     "\"HOST:PORT\"; \"\": IMPASTO_SERVER, else this machine's port 50451"};
// What is returned.
inline constexpr Argument kPaintedDrawable = {"painted", "The drawable that has the picture"};
inline constexpr Argument kRecipe = {"recipe", "JSON: what makes the same picture again"};

struct PaintArguments {
  std::string style_file;
  int32_t style_drawable = -1;
  std::string style_drawable_name;  // of that layer; "" where there is none such
  std::string style_name;
  std::string model;
  double strength = 50;
  int quality = 1;
  int iterations = 300;
  int size = 512;
  double content_weight = 0;
  double style_weight = 0;
  bool in_place = false;
};

// INVALID_ARGUMENT, for who wrote the script: not one style, no such quality. Ranges are Paint()'s to check.
absl::StatusOr<Settings> SettingsOf(const PaintArguments& arguments);

}  // namespace impasto::gimp
