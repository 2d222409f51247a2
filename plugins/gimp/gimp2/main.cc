// The program that GIMP 2.10 starts, and the procedures that it offers.
#include <unistd.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <libgimp/gimp.h>
#include <libgimp/gimpui.h>

#include "core/text.h"
#include "flow/flow.h"
#include "flow/own_files.h"

namespace {

using impasto::gimp::Painted;
using impasto::gimp::ServerSettings;
using impasto::gimp::Settings;

constexpr char kPaint[] = "plug-in-impasto-style-transfer";
constexpr char kRepeat[] = "plug-in-impasto-repeat";
constexpr char kShowRecipe[] = "plug-in-impasto-show-recipe";
constexpr char kWaiting[] = "plug-in-impasto-waiting";
constexpr char kNotice[] = "extension-impasto-waiting";
constexpr char kMenu[] = "<Image>/Filters/Artistic";
constexpr char kAuthor[] = "Impasto";
constexpr char kCopyright[] = "Impasto";
constexpr char kDate[] = "2026";

gchar* Param(const char* text) { return const_cast<gchar*>(text); }

// What every procedure of the menu begins with.
const std::vector<GimpParamDef> kOnDrawable = {
    {GIMP_PDB_INT32, Param("run-mode"),
     Param("RUN-INTERACTIVE (0), RUN-NONINTERACTIVE (1), RUN-WITH-LAST-VALS (2)")},
    {GIMP_PDB_IMAGE, Param("image"), Param("The image")},
    {GIMP_PDB_DRAWABLE, Param("drawable"), Param("The layer, layer mask or channel to paint")},
};

// In the order in which ReadSettings() takes them.
const std::vector<GimpParamDef> kSettings = {
    {GIMP_PDB_STRING, Param("style-file"), Param("The style: the path of a picture; \"\": none")},
    {GIMP_PDB_INT32, Param("style-drawable"), Param("... or the number of an open layer; -1: none")},
    {GIMP_PDB_STRING, Param("style-name"),
     Param("... or \"styles/NAME\" in the server's library; \"\": none")},
    {GIMP_PDB_STRING, Param("model"), Param("\"vgg19\", ...; \"\": the server's first")},
    {GIMP_PDB_FLOAT, Param("strength"),
     Param("0 (all photograph) to 100 (all painting); 50: the model's own weights")},
    {GIMP_PDB_INT32, Param("quality"), Param("draft (0), good (1), best (2), as iterations says (3)")},
    {GIMP_PDB_INT32, Param("iterations"), Param("Steps, 1 to 100000, with quality 3")},
    {GIMP_PDB_INT32, Param("size"), Param("Long side of what is painted, pixels, 16 to 8192")},
    {GIMP_PDB_FLOAT, Param("content-weight"), Param("Weight of the photograph; 0: the model's own")},
    {GIMP_PDB_FLOAT, Param("style-weight"), Param("Weight of the style; 0: as strength says")},
    {GIMP_PDB_INT32, Param("in-place"),
     Param("In place of the drawable's pixels (TRUE), or as a new layer above (FALSE)")},
    {GIMP_PDB_STRING, Param("server"),
     Param("\"HOST:PORT\"; \"\": IMPASTO_SERVER, else this machine's port 50451")},
};

const std::vector<GimpParamDef> kPainted = {
    {GIMP_PDB_DRAWABLE, Param("painted"), Param("The drawable that has the picture")},
    {GIMP_PDB_STRING, Param("recipe"), Param("JSON: what makes the same picture again")},
};
const std::vector<GimpParamDef> kRecipe = {
    {GIMP_PDB_STRING, Param("recipe"), Param("JSON: what makes the same picture again")},
};

void Install(const char* name, const char* blurb, const char* help, const char* menu_label,
             const char* image_types, GimpPDBProcType type, const std::vector<GimpParamDef>& parameters,
             const std::vector<GimpParamDef>& returns) {
  gimp_install_procedure(name, blurb, help, kAuthor, kCopyright, kDate, menu_label, image_types, type,
                         static_cast<gint>(parameters.size()), static_cast<gint>(returns.size()),
                         parameters.data(), returns.data());
}

// Nothing here may ask a server: GIMP starts only when it is done.
void Query() {
  std::vector<GimpParamDef> paint = kOnDrawable;
  paint.insert(paint.end(), kSettings.begin(), kSettings.end());
  // "*": indexed images too, so that the user hears what to do rather than finds the entry grey.
  Install(
      kPaint, N_("Paint the picture in the manner of another"),
      N_("Paints a layer, or what is selected of it, in the manner of a painting. An Impasto server does the "
         "work. The result is a new layer above, or takes the place of the pixels; either can be undone in "
         "one "
         "step. Give exactly one of style-file, style-drawable and style-name."),
      N_("St_yle Transfer..."), "*", GIMP_PLUGIN, paint, kPainted);
  Install(
      kRepeat, N_("Paint once more with the layer's own settings, or the last ones"),
      N_("Paints with the settings that the layer was painted with, where it was, else with the last ones."),
      N_("_Repeat Style Transfer"), "*", GIMP_PLUGIN, kOnDrawable, kPainted);
  Install(
      kShowRecipe, N_("Show what the layer was painted with"),
      N_("Shows the recipe that makes the same picture again, as JSON. Called from a script, it returns it."),
      N_("Show Style Transfer Re_cipe"), "*", GIMP_PLUGIN, kOnDrawable, kRecipe);
  Install(
      kWaiting, N_("Open results that were not ready when GIMP was closed"),
      N_("Jobs go on at the server when GIMP is closed. This lists those whose result is still to be had."),
      N_("_Waiting Style Transfers..."), "", GIMP_PLUGIN, {kOnDrawable.front()}, {});
  for (const char* name : {kPaint, kRepeat, kShowRecipe, kWaiting}) {
    gimp_plugin_menu_register(name, kMenu);
  }
  // GIMP starts an extension without arguments by itself.
  Install(kNotice, N_("Tell of results that wait"), N_("Looks at files of the user's alone; asks no server."),
          nullptr, "", GIMP_EXTENSION, {}, {});
  gimp_plugin_domain_register(IMPASTO_GETTEXT_DOMAIN, impasto::gimp::LocaleFolder().c_str());
}

// `param`: from kSettings' first on. The error is for who wrote the script.
absl::StatusOr<std::pair<Settings, ServerSettings>> ReadSettings(const GimpParam* param) {
  using impasto::gimp::Placement;
  using impasto::gimp::Quality;
  using impasto::gimp::Style;
  const auto text = [&param](int i) {
    return std::string(param[i].data.d_string ? param[i].data.d_string : "");
  };
  Settings settings;
  int styles = 0;
  if (!text(0).empty()) {
    ++styles;
    const std::string file = text(0).substr(text(0).rfind('/') + 1);
    settings.style = {Style::Kind::kFile, text(0), file.substr(0, file.rfind('.'))};
  }
  if (const gint32 drawable = param[1].data.d_int32; drawable != -1) {
    ++styles;
    gchar* name = gimp_item_is_valid(drawable) ? gimp_item_get_name(drawable) : g_strdup("");
    settings.style = {Style::Kind::kDrawable, std::to_string(drawable), name};
    g_free(name);
  }
  if (!text(2).empty()) {
    ++styles;
    settings.style = {Style::Kind::kLibrary, text(2), text(2).substr(text(2).rfind('/') + 1)};
  }
  if (styles != 1) {
    return absl::InvalidArgumentError(_("Give exactly one of style-file, style-drawable and style-name."));
  }
  const gint32 quality = param[5].data.d_int32;
  if (quality < 0 || quality > 3) {
    return absl::InvalidArgumentError(
        _("quality is 0 (draft), 1 (good), 2 (best) or 3 (as iterations says)."));
  }
  settings.model = text(3);
  settings.strength = param[4].data.d_float;
  settings.quality = static_cast<Quality>(quality);
  settings.iterations = param[6].data.d_int32;
  settings.size = param[7].data.d_int32;
  if (const double weight = param[8].data.d_float; weight != 0) {
    settings.content_weight = weight;
  }
  if (const double weight = param[9].data.d_float; weight != 0) {
    settings.style_weight = weight;
  }
  settings.placement = param[10].data.d_int32 != 0 ? Placement::kInPlace : Placement::kNewLayer;
  ServerSettings server;
  server.address = text(11);
  return std::pair(settings, server);
}

// What a procedure returns. GIMP reads it before the next call, and copies nothing.
class Answer {
 public:
  void Succeed() { Set(GIMP_PDB_SUCCESS); }
  void Fail(const absl::Status& status) {
    if (absl::IsCancelled(status)) {
      Set(GIMP_PDB_CANCEL);
      return;
    }
    // The arguments are the script's own fault.
    Set(absl::IsInvalidArgument(status) ? GIMP_PDB_CALLING_ERROR : GIMP_PDB_EXECUTION_ERROR);
    AddText(std::string(status.message()));
  }
  void AddDrawable(gint32 drawable) {
    GimpParam value{};
    value.type = GIMP_PDB_DRAWABLE;
    value.data.d_drawable = drawable;
    values_.push_back(value);
  }
  void AddText(const std::string& text) {
    GimpParam value{};
    value.type = GIMP_PDB_STRING;
    texts_.push_back(g_strdup(text.c_str()));
    value.data.d_string = texts_.back();
    values_.push_back(value);
  }
  void Return(gint* count, GimpParam** values) {
    *count = static_cast<gint>(values_.size());
    *values = values_.data();
  }

 private:
  void Set(GimpPDBStatusType status) {
    GimpParam value{};
    value.type = GIMP_PDB_STATUS;
    value.data.d_status = status;
    values_ = {value};
  }

  std::vector<GimpParam> values_;
  std::vector<gchar*> texts_;  // the program ends after one call
};

absl::StatusOr<Painted> Paint(GimpRunMode mode, gint count, const GimpParam* param) {
  const gint32 image = param[1].data.d_image;
  const gint32 drawable = param[2].data.d_drawable;
  switch (mode) {
    case GIMP_RUN_INTERACTIVE:
      return impasto::gimp::PaintInteractively(image, drawable);
    case GIMP_RUN_WITH_LAST_VALS:
      return impasto::gimp::PaintAgain(image, drawable, /*from_layer=*/false);
    default:
      break;
  }
  if (count != static_cast<gint>(kOnDrawable.size() + kSettings.size())) {
    return absl::InvalidArgumentError(_("The procedure was called with too few arguments."));
  }
  const auto settings = ReadSettings(param + kOnDrawable.size());
  if (!settings.ok()) {
    return settings.status();
  }
  return impasto::gimp::Paint(image, drawable, settings->first, settings->second);
}

void AnswerPainted(const absl::StatusOr<Painted>& painted, Answer* answer) {
  if (!painted.ok()) {
    answer->Fail(painted.status());
    return;
  }
  answer->Succeed();
  answer->AddDrawable(painted->drawable);
  answer->AddText(painted->recipe_json);
}

// At GIMP's start: it waits for the acknowledgement alone.
void RunNotice() {
  gimp_extension_ack();
  const std::string message = impasto::gimp::WaitingMessage();
  if (!message.empty()) {
    gimp_message(message.c_str());
  }
}

void Run(const gchar* called, gint count, const GimpParam* param, gint* return_count, GimpParam** returned) {
  static Answer answer;
  impasto::gimp::BindTexts(impasto::gimp::LocaleFolder().c_str());
  const std::string name = called;
  answer.Succeed();
  if (name == kNotice) {
    RunNotice();
    answer.Return(return_count, returned);
    return;
  }
  gegl_init(nullptr, nullptr);  // takes a while: it looks at all of GEGL's operations
  const GimpRunMode mode =
      count > 0 ? static_cast<GimpRunMode>(param[0].data.d_int32) : GIMP_RUN_NONINTERACTIVE;
  if (mode == GIMP_RUN_INTERACTIVE && name != kRepeat) {
    gimp_ui_init("impasto-style-transfer", FALSE);
  }
  if (name == kPaint) {
    AnswerPainted(Paint(mode, count, param), &answer);
  } else if (name == kRepeat) {
    AnswerPainted(
        impasto::gimp::PaintAgain(param[1].data.d_image, param[2].data.d_drawable, /*from_layer=*/true),
        &answer);
  } else if (name == kShowRecipe) {
    const gint32 drawable = param[2].data.d_drawable;
    const absl::StatusOr<std::string> recipe = impasto::gimp::RecipeOf(drawable);
    const absl::Status shown =
        recipe.ok() && mode == GIMP_RUN_INTERACTIVE ? impasto::gimp::ShowRecipe(drawable) : recipe.status();
    if (shown.ok()) {
      answer.AddText(*recipe);
    } else {
      answer.Fail(shown);
    }
  } else if (name == kWaiting) {
    const absl::Status shown = mode == GIMP_RUN_INTERACTIVE ? impasto::gimp::ShowWaiting() : absl::OkStatus();
    if (!shown.ok()) {
      answer.Fail(shown);
    }
  }
  answer.Return(return_count, returned);
}

}  // namespace

const GimpPlugInInfo PLUG_IN_INFO = {nullptr, nullptr, Query, Run};

int main(int argc, char* argv[]) {
  const gint status = gimp_main(&PLUG_IN_INFO, argc, argv);
  std::fflush(nullptr);
  // A call to a server may still be under way on its own thread; nobody waits for it, nor for the destructors
  // that it would miss what it uses.
  _exit(status);
}
