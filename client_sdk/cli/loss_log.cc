#include "cli/loss_log.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/recipe_change.h"
#include "cli/units.h"

namespace impasto::cli {

void LossLog::Add(const v1::Progress& progress) {
  if (progress.level() < last_level_ ||
      (progress.level() == last_level_ && progress.iteration() <= last_iteration_)) {
    return;
  }
  last_level_ = progress.level();
  last_iteration_ = progress.iteration();
  std::vector<std::string> changes;
  const auto first_to_come = std::stable_partition(
      pending_.begin(), pending_.end(),
      [&](const v1::RecipeChange& change) { return change.iteration() < progress.iteration(); });
  std::transform(pending_.begin(), first_to_come, std::back_inserter(changes), DescribeChange);
  pending_.erase(pending_.begin(), first_to_come);
  // Nine digits give back every float exactly. absl's formatting, unlike printf's, never writes a decimal
  // comma.
  absl::StrAppendFormat(&csv_, "%d,%.9g,%.9g,%.9g,%.9g,%d,%s\n", progress.iteration(), progress.total_loss(),
                        progress.content_loss(), progress.style_loss(), Seconds(progress.elapsed()),
                        progress.level(), absl::StrJoin(changes, " "));
}

void LossLog::Add(const v1::RecipeChange& change) { pending_.push_back(change); }

}  // namespace impasto::cli
