// A line with an icon: what is to be known, above all else. GTK's own has colours that GIMP's dark themes
// don't fit.
#pragma once

#include <functional>
#include <string>

#include "dialog/widgets.h"

namespace impasto::gimp {

class NoticeBar {
 public:
  // Hidden until there is something to say. `button`: its label; null: none.
  NoticeBar(int width, const char* button, std::function<void()> clicked);
  NoticeBar(const NoticeBar&) = delete;
  NoticeBar& operator=(const NoticeBar&) = delete;

  GtkWidget* widget() const { return frame_; }
  // Empty `text`: nothing. `icon`: its name in the theme.
  void Say(const char* icon, const std::string& text);

 private:
  GtkWidget* frame_;
  GtkWidget* icon_;
  GtkWidget* words_;
};

}  // namespace impasto::gimp
