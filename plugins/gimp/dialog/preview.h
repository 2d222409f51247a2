// The picture on its way, and the losses under it.
#pragma once

#include <memory>
#include <vector>

#include "dialog/widgets.h"
#include "impasto/stylize_call.h"

namespace impasto::gimp {

class Preview {
 public:
  // The longer side of what is shown, pixels.
  static constexpr int kSide = 320;

  // `original` may be null.
  explicit Preview(Pixbuf original);
  Preview(const Preview&) = delete;
  Preview& operator=(const Preview&) = delete;

  GtkWidget* widget() const { return box_; }
  // RGB8. Null: the original.
  void Show(std::shared_ptr<const PreviewPicture> picture);
  // Of any pixel format.
  void ShowResult(std::shared_ptr<const ResultPicture> result);
  void ShowLosses(const std::vector<double>& losses);

 private:
  void Draw();
  void DrawCurve(cairo_t* cairo, int width, int height) const;

  Pixbuf original_;
  std::shared_ptr<const PreviewPicture> picture_;
  std::shared_ptr<const ResultPicture> result_;
  Pixbuf result_shown_;  // of result_
  std::vector<double> losses_;
  int width_ = kSide;
  int height_ = kSide;
  GtkWidget* box_;
  GtkWidget* area_;
  GtkWidget* curve_;
};

}  // namespace impasto::gimp
