#include "cli/loss_log.h"

#include "absl/strings/str_format.h"
#include "cli/durations.h"

namespace impasto::cli {

void LossLog::Add(const v1::Progress& progress) {
  // Nine digits give back every float exactly. absl's formatting, unlike printf's, never writes a decimal
  // comma.
  absl::StrAppendFormat(&csv_, "%d,%.9g,%.9g,%.9g,%.9g,%d\n", progress.iteration(), progress.total_loss(),
                        progress.content_loss(), progress.style_loss(), Seconds(progress.elapsed()),
                        progress.level());
}

}  // namespace impasto::cli
