// How far a run is, for people.
#pragma once

#include <mutex>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "impasto/v1/stylization.pb.h"

namespace impasto::cli {

// On a terminal a bar that is drawn anew; elsewhere a line now and then. Thread-safe.
class ProgressView {
 public:
  struct Options {
    bool terminal = false;
    int columns = 80;                           // the terminal's width
    absl::TimeZone zone = absl::UTCTimeZone();  // for the time of the expected end
  };

  ProgressView(std::ostream* out, Options options);
  ~ProgressView();

  void Update(const v1::Progress& progress, absl::Time now);

  // A line of its own, above the bar.
  void Say(absl::string_view line);

  // Shows a question in place of the bar, and holds everything else back until the answer. May be asked
  // again.
  void Ask(absl::string_view question);
  void Answered();

 private:
  void Draw(const v1::Progress& progress, absl::Time now);
  void Erase();

  std::ostream* const out_;
  const Options options_;
  // All guarded by mutex_.
  std::mutex mutex_;
  std::string drawn_;  // the bar that is on the screen
  absl::Time last_draw_ = absl::InfinitePast();
  int last_tenth_ = -1;
  bool asking_ = false;
  std::vector<std::string> held_back_;  // lines that were said meanwhile
};

}  // namespace impasto::cli
