#include "flow/procedures.h"

namespace impasto::gimp {
namespace {

std::string AfterLastSlash(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

absl::StatusOr<Settings> SettingsOf(const PaintArguments& arguments) {
  Settings settings;
  int styles = 0;
  if (!arguments.style_file.empty()) {
    ++styles;
    const std::string file = AfterLastSlash(arguments.style_file);
    settings.style = {Style::Kind::kFile, arguments.style_file, file.substr(0, file.rfind('.'))};
  }
  if (arguments.style_drawable != -1) {
    ++styles;
    settings.style = {Style::Kind::kDrawable, std::to_string(arguments.style_drawable),
                      arguments.style_drawable_name};
  }
  if (!arguments.style_name.empty()) {
    ++styles;
    settings.style = {Style::Kind::kLibrary, arguments.style_name, AfterLastSlash(arguments.style_name)};
  }
  if (styles != 1) {
    return absl::InvalidArgumentError(_("Give exactly one of style-file, style-drawable and style-name."));
  }
  if (arguments.quality < 0 || arguments.quality > 3) {
    return absl::InvalidArgumentError(
        _("quality is 0 (draft), 1 (good), 2 (best) or 3 (as iterations says)."));
  }
  settings.model = arguments.model;
  settings.strength = arguments.strength;
  settings.quality = static_cast<Quality>(arguments.quality);
  settings.iterations = arguments.iterations;
  settings.size = arguments.size;
  if (arguments.content_weight != 0) {
    settings.content_weight = arguments.content_weight;
  }
  if (arguments.style_weight != 0) {
    settings.style_weight = arguments.style_weight;
  }
  settings.placement = arguments.in_place ? Placement::kInPlace : Placement::kNewLayer;
  return settings;
}

}  // namespace impasto::gimp
