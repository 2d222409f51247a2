#include "engine/weights/progress_line.h"

#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/strings.h"

namespace impasto::engine {
namespace {

constexpr double kRedrawSeconds = 0.1;
constexpr int kBarWidth = 30;

}  // namespace

ProgressLine::ProgressLine(std::FILE* out, const Clock* clock)
    : out_(out),
      own_clock_(clock == nullptr ? std::make_unique<SteadyClock>() : nullptr),
      clock_(clock == nullptr ? own_clock_.get() : clock),
      terminal_(isatty(fileno(out)) == 1) {}

std::string ProgressLine::Bar(int64_t done, int64_t total, double bytes_per_second, int width) {
  const std::string size = HumanBytes(static_cast<double>(done));
  const std::string rate = bytes_per_second > 0 ? absl::StrCat("  ", HumanBytes(bytes_per_second), "/s") : "";
  if (total <= 0) return absl::StrCat(size, rate);
  const double part = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const int filled = static_cast<int>(part * width);
  return absl::StrFormat("[%s%s] %3d %%  %s of %s%s", std::string(static_cast<size_t>(filled), '#'),
                         std::string(static_cast<size_t>(width - filled), ' '), static_cast<int>(part * 100),
                         size, HumanBytes(static_cast<double>(total)), rate);
}

void ProgressLine::Show(int64_t done, int64_t total) {
  const double now = clock_->NowSeconds();
  if (!started_) {
    started_ = true;
    start_seconds_ = now;
    start_bytes_ = done;
    next_line_ = 1;
    shown_seconds_ = now - 1;
  }
  const double elapsed = now - start_seconds_;
  const double rate = elapsed > 0.5 ? static_cast<double>(done - start_bytes_) / elapsed : 0;
  if (terminal_) {
    if (now - shown_seconds_ < kRedrawSeconds && done != total) return;
    shown_seconds_ = now;
    open_ = true;
    absl::FPrintF(out_, "\r  %s\x1b[K", Bar(done, total, rate, kBarWidth));
  } else {
    constexpr int64_t kStep = 10'000'000;
    const int64_t reached = total > 0 ? 10 * done / total : done / kStep;
    if (reached < next_line_) return;
    next_line_ = reached + 1;
    absl::FPrintF(out_, "  %s\n",
                  total > 0 ? absl::StrCat(10 * reached, " % of ", HumanBytes(static_cast<double>(total)))
                            : HumanBytes(static_cast<double>(done)));
  }
  std::fflush(out_);
}

void ProgressLine::Finish() {
  if (open_) absl::FPrintF(out_, "\n");
  open_ = false;
  started_ = false;
}

}  // namespace impasto::engine
