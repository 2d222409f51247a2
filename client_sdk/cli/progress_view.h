// How far a run is, for people.
#pragma once

#include <ostream>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "impasto/v1/stylization.pb.h"

namespace impasto::cli {

// On a terminal a bar that is drawn anew; elsewhere a line now and then. Not thread-safe.
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

 private:
  void Draw(const v1::Progress& progress, absl::Time now);
  void Erase();

  std::ostream* const out_;
  const Options options_;
  std::string drawn_;  // the bar that is on the screen
  absl::Time last_draw_ = absl::InfinitePast();
  int last_tenth_ = -1;
};

// "38 s", "4 min 10 s", "2 h 5 min".
std::string ShortDuration(double seconds);

}  // namespace impasto::cli
