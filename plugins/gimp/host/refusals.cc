#include "host/refusals.h"

#include "absl/strings/substitute.h"
#include "core/text.h"

namespace impasto::gimp {
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
      _("There is a floating selection. Anchor it first with Layer > Anchor Layer, or make it a layer of "
        "its own with Layer > To New Layer."));
}

absl::Status NothingSelected() {
  return absl::InvalidArgumentError(_(
      "Nothing of this layer is selected. Select a part of it, or choose Select > None to paint all of it."));
}

absl::Status TooSmall(int width, int height) {
  return absl::InvalidArgumentError(absl::Substitute(
      _("The part to be painted is $0 x $1 pixels. It has to be at least $2 pixels wide and high: select "
        "more, or a larger layer."),
      width, height, kSmallestSide));
}

absl::Status Locked(const std::string& layer) {
  return absl::FailedPreconditionError(absl::Substitute(
      _("The pixels of \"$0\" are locked. Unlock them in the Layers or Channels dialog, or paint on a new "
        "layer."),
      layer));
}

absl::Status ImageGone() {
  return absl::NotFoundError(_("The picture is painted, but its image has been closed meanwhile."));
}

absl::Status LayerChanged(const std::string& layer) {
  return absl::NotFoundError(absl::Substitute(
      _("The picture is painted, but \"$0\" is gone or has been changed in size or mode meanwhile. Nothing "
        "was changed."),
      layer));
}

absl::Status HostRefused(const char* words) {
  return absl::InternalError(absl::Substitute(_("GIMP couldn't put the picture into the image: $0"), words));
}

}  // namespace impasto::gimp
