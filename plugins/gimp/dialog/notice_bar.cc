#include "dialog/notice_bar.h"

#include <utility>

namespace impasto::gimp {

NoticeBar::NoticeBar(int width, const char* button, std::function<void()> clicked)
    : frame_(gtk_frame_new(nullptr)), icon_(gtk_image_new()), words_(WrappedLabel(width)) {
  GtkWidget* const line = HBox(kFar);
  gtk_container_set_border_width(GTK_CONTAINER(line), kNear);
  gtk_label_set_selectable(GTK_LABEL(words_), TRUE);
  gtk_widget_set_can_focus(words_, FALSE);  // the keyboard goes to what can be done
  Add(line, icon_);
  Add(line, words_, true);
  if (button != nullptr) {
    GtkWidget* const open = gtk_button_new_with_mnemonic(button);
    OnSignal(open, "clicked", std::move(clicked));
    Add(line, open);
  }
  gtk_container_add(GTK_CONTAINER(frame_), line);
  gtk_widget_show_all(frame_);
  gtk_widget_hide(frame_);
}

void NoticeBar::Say(const char* icon, const std::string& text) {
  if (!text.empty()) {
    gtk_image_set_from_icon_name(GTK_IMAGE(icon_), icon, GTK_ICON_SIZE_LARGE_TOOLBAR);
    SetText(words_, text);
  }
  Show(frame_, !text.empty());
}

}  // namespace impasto::gimp
