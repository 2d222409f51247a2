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
#include "flow/procedures.h"
#include "impasto/internal/status_macros.h"

namespace {

using impasto::gimp::Argument;
using impasto::gimp::kNotice;
using impasto::gimp::kPaint;
using impasto::gimp::kRepeat;
using impasto::gimp::kShowRecipe;
using impasto::gimp::kWaiting;
using impasto::gimp::Painted;
using impasto::gimp::Procedure;
using impasto::gimp::ServerSettings;
using impasto::gimp::Settings;

gchar* Param(const char* text) { return const_cast<gchar*>(text); }

// What every procedure of the menu begins with.
const std::vector<GimpParamDef> kOnDrawable = {
    {GIMP_PDB_INT32, Param("run-mode"),
     Param("RUN-INTERACTIVE (0), RUN-NONINTERACTIVE (1), RUN-WITH-LAST-VALS (2)")},
    {GIMP_PDB_IMAGE, Param("image"), Param("The image")},
    {GIMP_PDB_DRAWABLE, Param("drawable"), Param("The layer, layer mask or channel to paint")},
};

GimpParamDef Param(GimpPDBArgType type, const Argument& argument) {
  return {type, Param(argument.name), Param(argument.blurb)};
}

// In the order in which ReadSettings() takes them.
const std::vector<GimpParamDef> kSettings = {
    Param(GIMP_PDB_STRING, impasto::gimp::kStyleFile),
    Param(GIMP_PDB_INT32, impasto::gimp::kStyleDrawable),
    Param(GIMP_PDB_STRING, impasto::gimp::kStyleName),
    Param(GIMP_PDB_STRING, impasto::gimp::kModel),
    Param(GIMP_PDB_FLOAT, impasto::gimp::kStrength),
    Param(GIMP_PDB_INT32, impasto::gimp::kQuality),
    Param(GIMP_PDB_INT32, impasto::gimp::kIterations),
    Param(GIMP_PDB_INT32, impasto::gimp::kSize),
    Param(GIMP_PDB_FLOAT, impasto::gimp::kContentWeight),
    Param(GIMP_PDB_FLOAT, impasto::gimp::kStyleWeight),
    Param(GIMP_PDB_INT32, impasto::gimp::kInPlace),
    Param(GIMP_PDB_STRING, impasto::gimp::kServer),
};

const std::vector<GimpParamDef> kPainted = {
    Param(GIMP_PDB_DRAWABLE, impasto::gimp::kPaintedDrawable),
    Param(GIMP_PDB_STRING, impasto::gimp::kRecipe),
};
const std::vector<GimpParamDef> kRecipe = {Param(GIMP_PDB_STRING, impasto::gimp::kRecipe)};

void Install(const Procedure& procedure, const char* image_types, GimpPDBProcType type,
             const std::vector<GimpParamDef>& parameters, const std::vector<GimpParamDef>& returns) {
  gimp_install_procedure(procedure.name, procedure.blurb, procedure.help, impasto::gimp::kAuthor,
                         impasto::gimp::kCopyright, impasto::gimp::kDate, procedure.menu_label, image_types,
                         type, static_cast<gint>(parameters.size()), static_cast<gint>(returns.size()),
                         parameters.data(), returns.data());
}

// Nothing here may ask a server: GIMP starts only when it is done.
void Query() {
  std::vector<GimpParamDef> paint = kOnDrawable;
  paint.insert(paint.end(), kSettings.begin(), kSettings.end());
  // "*": indexed images too, so that the user hears what to do rather than finds the entry grey.
  Install(kPaint, "*", GIMP_PLUGIN, paint, kPainted);
  Install(kRepeat, "*", GIMP_PLUGIN, kOnDrawable, kPainted);
  Install(kShowRecipe, "*", GIMP_PLUGIN, kOnDrawable, kRecipe);
  Install(kWaiting, "", GIMP_PLUGIN, {kOnDrawable.front()}, {});
  for (const Procedure& procedure : {kPaint, kRepeat, kShowRecipe, kWaiting}) {
    gimp_plugin_menu_register(procedure.name, impasto::gimp::kMenu);
  }
  // GIMP starts an extension without arguments by itself.
  Install(kNotice, "", GIMP_EXTENSION, {}, {});
  gimp_plugin_domain_register(IMPASTO_GETTEXT_DOMAIN, impasto::gimp::LocaleFolder().c_str());
  gchar* help = g_filename_to_uri(impasto::gimp::HelpFolder().c_str(), nullptr, nullptr);
  gimp_plugin_help_register(impasto::gimp::kHelpDomain, help);
  g_free(help);
}

// `param`: from kSettings' first on. The error is for who wrote the script.
absl::StatusOr<std::pair<Settings, ServerSettings>> ReadSettings(const GimpParam* param) {
  const auto text = [&param](int i) {
    return std::string(param[i].data.d_string ? param[i].data.d_string : "");
  };
  impasto::gimp::PaintArguments arguments;
  arguments.style_file = text(0);
  arguments.style_drawable = param[1].data.d_int32;
  if (gimp_item_is_valid(arguments.style_drawable)) {
    gchar* name = gimp_item_get_name(arguments.style_drawable);
    arguments.style_drawable_name = name;
    g_free(name);
  }
  arguments.style_name = text(2);
  arguments.model = text(3);
  arguments.strength = param[4].data.d_float;
  arguments.quality = param[5].data.d_int32;
  arguments.iterations = param[6].data.d_int32;
  arguments.size = param[7].data.d_int32;
  arguments.content_weight = param[8].data.d_float;
  arguments.style_weight = param[9].data.d_float;
  arguments.in_place = param[10].data.d_int32 != 0;
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(Settings settings, impasto::gimp::SettingsOf(arguments));
  ServerSettings server;
  server.address = text(11);
  return std::pair(std::move(settings), std::move(server));
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
  if (name == kNotice.name) {
    RunNotice();
    answer.Return(return_count, returned);
    return;
  }
  gegl_init(nullptr, nullptr);  // takes a while: it looks at all of GEGL's operations
  const GimpRunMode mode =
      count > 0 ? static_cast<GimpRunMode>(param[0].data.d_int32) : GIMP_RUN_NONINTERACTIVE;
  if (mode == GIMP_RUN_INTERACTIVE && name != kRepeat.name) {
    gimp_ui_init("impasto-style-transfer", FALSE);
  }
  if (name == kPaint.name) {
    AnswerPainted(Paint(mode, count, param), &answer);
  } else if (name == kRepeat.name) {
    AnswerPainted(
        impasto::gimp::PaintAgain(param[1].data.d_image, param[2].data.d_drawable, /*from_layer=*/true),
        &answer);
  } else if (name == kShowRecipe.name) {
    const gint32 drawable = param[2].data.d_drawable;
    const absl::StatusOr<std::string> recipe = impasto::gimp::RecipeOf(drawable);
    const absl::Status shown =
        recipe.ok() && mode == GIMP_RUN_INTERACTIVE ? impasto::gimp::ShowRecipe(drawable) : recipe.status();
    if (shown.ok()) {
      answer.AddText(*recipe);
    } else {
      answer.Fail(shown);
    }
  } else if (name == kWaiting.name) {
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
