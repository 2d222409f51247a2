#include "cli/progress_view.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/units.h"

namespace impasto::cli {
namespace {

constexpr int kMaxBar = 30;
constexpr int kMinBar = 8;
// Often enough to look alive, seldom enough that the terminal costs nothing.
constexpr absl::Duration kRedraw = absl::Milliseconds(100);
constexpr absl::Duration kQuietLine = absl::Seconds(30);

int StepsMade(const v1::Progress& progress) { return std::max(0, progress.iteration() - 1); }

bool IsLast(const v1::Progress& progress) { return StepsMade(progress) >= progress.iterations(); }

std::string Describe(const v1::Progress& progress, absl::Time now, const absl::TimeZone& zone) {
  const int steps = StepsMade(progress);
  std::string text = absl::StrFormat("%d/%d", steps, progress.iterations());
  if (progress.levels() > 1) {
    absl::StrAppendFormat(&text, " (level %d of %d)", progress.level() + 1, progress.levels());
  }
  absl::StrAppendFormat(&text, "  loss %.4g (content %.3g, style %.3g)", progress.total_loss(),
                        progress.content_loss(), progress.style_loss());
  const double elapsed = Seconds(progress.elapsed());
  if (steps > 0) {
    absl::StrAppendFormat(&text, "  %.3g s/it", elapsed / steps);
  }
  if (IsLast(progress)) {
    absl::StrAppend(&text, "  in ", ShortDuration(elapsed));
  } else if (progress.has_remaining()) {
    const double remaining = Seconds(progress.remaining());
    const absl::Time end = now + absl::Seconds(remaining);
    absl::StrAppend(&text, "  ", ShortDuration(remaining), " left, ends ",
                    absl::FormatTime(remaining < 86400 ? "%H:%M:%S" : "%Y-%m-%d %H:%M", end, zone));
  }
  return text;
}

}  // namespace

ProgressView::ProgressView(std::ostream* out, Options options) : out_(out), options_(options) {}

ProgressView::~ProgressView() {
  Answered();
  if (!drawn_.empty()) {
    *out_ << "\n" << std::flush;
  }
}

void ProgressView::Update(const v1::Progress& progress, absl::Time now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (asking_) {
    return;
  }
  const int tenth = StepsMade(progress) * 10 / std::max(1, progress.iterations());
  const bool due =
      options_.terminal ? now - last_draw_ >= kRedraw : tenth > last_tenth_ || now - last_draw_ >= kQuietLine;
  if (!due && !IsLast(progress)) {
    return;
  }
  last_draw_ = now;
  last_tenth_ = tenth;
  if (options_.terminal) {
    Draw(progress, now);
  } else {
    *out_ << Describe(progress, now, options_.zone) << "\n" << std::flush;
  }
}

void ProgressView::Draw(const v1::Progress& progress, absl::Time now) {
  const double share =
      std::clamp(static_cast<double>(StepsMade(progress)) / std::max(1, progress.iterations()), 0.0, 1.0);
  std::string line = Describe(progress, now, options_.zone);
  // The last column stays free: a full line would make some terminals scroll.
  const int room = std::max(options_.columns - 1, 0);
  const int bar = std::min(room - static_cast<int>(line.size()) - 3, kMaxBar);
  if (bar >= kMinBar) {
    const int filled = static_cast<int>(share * bar);
    line = absl::StrCat("[", std::string(filled, '#'), std::string(bar - filled, '.'), "] ", line);
  }
  line.resize(std::min(line.size(), static_cast<size_t>(room)));
  drawn_ = line;
  *out_ << "\r" << drawn_ << "\x1b[K" << std::flush;
}

void ProgressView::Erase() {
  if (!drawn_.empty()) {
    *out_ << "\r\x1b[K";
  }
}

void ProgressView::Say(absl::string_view line) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (asking_) {
    held_back_.emplace_back(line);
    return;
  }
  Erase();
  *out_ << line << "\n" << drawn_ << std::flush;
}

void ProgressView::Ask(absl::string_view question) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Erase();
  drawn_.clear();
  asking_ = true;
  *out_ << question << std::flush;
}

void ProgressView::Answered() {
  const std::lock_guard<std::mutex> lock(mutex_);
  asking_ = false;
  for (const std::string& line : held_back_) {
    *out_ << line << "\n";
  }
  held_back_.clear();
  *out_ << std::flush;
}

}  // namespace impasto::cli
