// Which server, and how it is.
#pragma once

#include <functional>
#include <string>

#include "core/server_watch.h"
#include "core/settings.h"
#include "dialog/widgets.h"

namespace impasto::gimp {

class ServerBox {
 public:
  // `changed`: another server was chosen. `start`: one is to be started here.
  ServerBox(const ServerSettings& server, std::function<void()> changed, std::function<void()> start);
  ServerBox(const ServerBox&) = delete;
  ServerBox& operator=(const ServerBox&) = delete;

  GtkWidget* widget() const { return box_; }
  const ServerSettings& server() const { return server_; }
  void SetStatus(const ServerStatus& status, bool can_start);
  void SetSensitive(bool sensitive);

 private:
  GtkWidget* Access();
  GtkWidget* FileLine(const char* label, const char* title, const char* tip,
                      std::string ServerSettings::*file, GtkSizeGroup* labels);
  void TakeAddress();

  const std::function<void()> changed_;
  ServerSettings server_;
  ServerStatus::Light light_ = ServerStatus::Light::kConnecting;
  GtkWidget* box_;
  GtkWidget* dot_;
  GtkWidget* words_;
  GtkWidget* start_;
  GtkWidget* choice_;
  GtkWidget* address_;
};

}  // namespace impasto::gimp
