// How far a download is: a bar that redraws itself on a terminal, a line every tenth elsewhere.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "base/clock.h"

namespace impasto::engine {

class ProgressLine {
 public:
  // `out` has to outlive it, as `clock` has to where one is given.
  explicit ProgressLine(std::FILE* out, const Clock* clock = nullptr);

  // total 0: not known.
  void Show(int64_t done, int64_t total);
  // Ends the bar's line, if there is one. The next Show starts anew.
  void Finish();

  // "[#####     ]  50 %  40.1 MB of 80.1 MB  5.2 MB/s"; width is the number of places in the bar.
  static std::string Bar(int64_t done, int64_t total, double bytes_per_second, int width);

 private:
  std::FILE* out_;
  std::unique_ptr<const Clock> own_clock_;
  const Clock* clock_;
  bool terminal_;
  bool open_ = false;  // a bar is on the screen
  bool started_ = false;
  double start_seconds_ = 0;
  double shown_seconds_ = 0;
  int64_t start_bytes_ = 0;  // a resumed download has some already
  int64_t next_line_ = 0;    // in tenths, or in tens of megabytes where the total isn't known
};

}  // namespace impasto::engine
