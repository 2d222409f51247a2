// What decides how it is painted, but for the style.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/settings.h"
#include "dialog/dialog_model.h"
#include "dialog/widgets.h"
#include "impasto/v1/models.pb.h"

namespace impasto::gimp {

class SettingsBox {
 public:
  SettingsBox(const Settings& settings, std::function<void()> changed);
  SettingsBox(const SettingsBox&) = delete;
  SettingsBox& operator=(const SettingsBox&) = delete;

  GtkWidget* widget() const { return box_; }
  // What the widgets say; the style is left as it is.
  void ReadInto(Settings* settings) const;
  // Without a call of `changed`.
  void Write(const Settings& settings);
  // `chosen`: whose weights are shown while there are none of the user's own; may be null.
  void SetModels(const std::vector<v1::Model>& models, const v1::Model* chosen);
  void SetView(const DialogView& view);

 private:
  GtkWidget* Painting();
  GtkWidget* Advanced();
  GtkWidget* WeightEntry(const char* tip);
  void ChooseModel();
  void Report();
  // What the slider stands for, in the weights' own fields.
  void ShowWeights();

  const std::function<void()> changed_;
  bool writing_ = false;
  std::vector<std::string> models_;  // those that the box has, in its order
  std::string model_;                // the one that was asked for, whether it is there or not
  v1::Recipe defaults_;
  GtkWidget* box_;
  GtkWidget* model_box_;
  GtkAdjustment* strength_;
  GtkWidget* strength_scale_;
  GtkWidget* quality_;
  GtkWidget* iterations_label_;
  GtkWidget* iterations_;
  GtkWidget* size_;
  GtkWidget* memory_;
  GtkWidget* placement_;
  GtkWidget* own_weights_;
  GtkWidget* content_weight_;
  GtkWidget* style_weight_;
};

}  // namespace impasto::gimp
