// Where the style is chosen: a file, an open layer, the server's library, or one that was used before.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/settings.h"
#include "dialog/main_loop.h"
#include "dialog/thumbnail_list.h"
#include "dialog/widgets.h"
#include "impasto/v1/styles.pb.h"

namespace impasto::gimp {

class StyleChooser {
 public:
  StyleChooser(const Style& style, std::vector<Style> recent, std::function<void()> changed);
  StyleChooser(const StyleChooser&) = delete;
  StyleChooser& operator=(const StyleChooser&) = delete;

  GtkWidget* widget() const { return box_; }
  const Style& style() const { return style_; }
  void SetLibrary(const std::vector<v1::Style>& styles);

 private:
  enum Source { kFile, kLayer, kLibrary, kRecent };

  GtkWidget* FilePage(GtkSizeGroup* labels);
  GtkWidget* LayerPage(GtkSizeGroup* labels);
  void ShowPage(int source);
  void TakeFile();
  void TakeLayer();
  void Take(Style style);
  void ShowInFileDialog();
  // The picture of the chosen one, beside the choice.
  void ShowChosen();
  void FillRecent();

  const std::function<void()> changed_;
  const std::vector<Style> recent_;
  Style style_;
  std::map<std::string, std::string> library_;  // thumbnails, by the styles' names
  GtkWidget* box_;
  GtkWidget* source_;
  GtkWidget* pages_;
  GtkWidget* file_;
  GtkWidget* layer_;
  GtkWidget* chosen_;
  ThumbnailList library_list_;
  ThumbnailList recent_list_;
  MainLoop loop_;
};

}  // namespace impasto::gimp
