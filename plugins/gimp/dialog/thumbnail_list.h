// Small pictures with names, of which one is chosen.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/settings.h"
#include "dialog/widgets.h"

namespace impasto::gimp {

class ThumbnailList {
 public:
  // The longer side of a picture, pixels.
  static constexpr int kSide = 64;

  // `nothing`: what is said while it is empty. `chosen` is called for what the user chooses alone.
  ThumbnailList(const char* label, const char* tip, const char* nothing,
                std::function<void(const Style&)> chosen);
  ThumbnailList(const ThumbnailList&) = delete;
  ThumbnailList& operator=(const ThumbnailList&) = delete;

  GtkWidget* widget() const { return box_; }
  void Set(std::vector<Style> styles);
  void SetPicture(const Style& style, GdkPixbuf* picture);
  void Choose(const Style& style);

 private:
  void Report();

  const std::function<void(const Style&)> chosen_;
  std::vector<Style> styles_;
  GtkListStore* store_;
  GtkWidget* view_;
  GtkWidget* scrolled_;
  GtkWidget* nothing_;
  GtkWidget* box_;
  bool choosing_ = false;
};

}  // namespace impasto::gimp
