#include "host/refusals.h"

#include "absl/strings/str_format.h"
#include "core/text.h"

namespace impasto::gimp {
namespace {

// Formats that come from translations: unknown to the compiler, so never more than strings and whole numbers.
template <typename... Arguments>
std::string Filled(const char* format, const Arguments&... arguments) {
  std::string words;
  return absl::FormatUntyped(&words, absl::UntypedFormatSpec(format), {absl::FormatArg(arguments)...})
             ? words
             : std::string(format);
}

}  // namespace

absl::Status NotADrawable() {
  return absl::InvalidArgumentError(
      _("There is nothing to paint on. Choose a layer, a layer mask or a channel."));
}

absl::Status GroupRefused() {
  return absl::InvalidArgumentError(_(
      "A layer group can't be painted. Choose one of its layers, or make one layer of it with Layer > Merge "
      "Layer Group."));
}

absl::Status IndexedRefused() {
  return absl::InvalidArgumentError(
      _("This image is indexed: it has too few colours to be painted with. Choose Image > Mode > RGB first, "
        "then "
        "paint."));
}

absl::Status IndexedStyleRefused() {
  return absl::InvalidArgumentError(
      _("The style's image is indexed. Choose Image > Mode > RGB there first, or take another style."));
}

absl::Status FloatingSelectionRefused() {
  return absl::InvalidArgumentError(
      _("There is a floating selection. Anchor it first with Layer > Anchor Layer, or make it a layer of its "
        "own "
        "with Layer > To New Layer."));
}

absl::Status NothingSelected() {
  return absl::InvalidArgumentError(_(
      "Nothing of this layer is selected. Select a part of it, or choose Select > None to paint all of it."));
}

absl::Status TooSmall(int width, int height) {
  return absl::InvalidArgumentError(Filled(
      _("The part to be painted is %d x %d pixels. It has to be at least %d pixels wide and high: select "
        "more, or a larger layer."),
      width, height, kSmallestSide));
}

absl::Status Locked(const std::string& layer) {
  return absl::FailedPreconditionError(Filled(
      _("The pixels of \"%s\" are locked. Unlock them in the Layers or Channels dialog, or paint on a new "
        "layer."),
      layer));
}

absl::Status ImageGone() {
  return absl::NotFoundError(_("The picture is painted, but its image has been closed meanwhile."));
}

absl::Status LayerChanged(const std::string& layer) {
  return absl::NotFoundError(Filled(
      _("The picture is painted, but \"%s\" is gone or has been changed in size or mode meanwhile. Nothing "
        "was changed."),
      layer));
}

absl::Status HostRefused(const char* words) {
  return absl::InternalError(Filled(_("GIMP couldn't put the picture into the image: %s"), words));
}

}  // namespace impasto::gimp
