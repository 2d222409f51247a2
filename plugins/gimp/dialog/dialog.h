// The dialog of Filters > Artistic > Style Transfer. One source for GTK 2 and GTK 3 (gtk_compat.h).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/paint_job.h"
#include "core/preferences.h"
#include "core/server_watch.h"
#include "core/waiting_jobs.h"
#include "host/host.h"

namespace impasto::gimp {

struct DialogInput {
  const Target* target = nullptr;  // what is to be painted
  v1::Picture content;             // its pixels, read before the dialog opens
  Preferences preferences;
  const WaitingJobs* waiting = nullptr;
  Connect connect;       // ConnectOverGrpc(), or a test's
  std::string prefix;    // where impastod may be installed
  std::string log_file;  // of a server that the dialog starts
  // Runs the dialog of waiting results over this one.
  std::function<void()> show_waiting;
};

struct DialogOutcome {
  bool apply = false;  // OK, and there is a picture; else the image stays untouched
  ResultPicture result;
  v1::Recipe recipe;
  Settings settings;  // with which it was painted
  std::string job;    // to be removed from WaitingJobs once it is in the image
};

// Runs the dialog to its end in GTK's main loop, which it never blocks. `preferences` come back with what the
// user chose, also after Cancel.
DialogOutcome RunDialog(DialogInput input, Preferences* preferences);

// The dialog of waiting results: fetches the chosen one (a ResultPicture of PICTURE_FORMAT_RAW), or discards.
struct WaitingOutcome {
  bool apply = false;
  WaitingJob job;
  ResultPicture result;
  v1::Recipe recipe;
};
WaitingOutcome RunWaitingDialog(const WaitingJobs& waiting, const Connect& connect);

// A recipe as text that can be copied and saved.
void RunRecipeDialog(const std::string& recipe_json);

}  // namespace impasto::gimp
