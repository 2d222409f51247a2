// The losses of a run, as a table.
#pragma once

#include <string>
#include <vector>

#include "impasto/v1/stylization.pb.h"

namespace impasto::cli {

// Not thread-safe.
class LossLog {
 public:
  // A step that a restarted server made again is left out: it is there already.
  void Add(const v1::Progress& progress);
  void Add(const v1::RecipeChange& change);

  // CSV with the columns iteration,total,content,style,seconds,level,change. Row n is the loss of the picture
  // that step n starts from (row 1: the start); a finished run has one row more, for the final picture.
  // Seconds count from the start of the first step. Levels are the pyramid's, 0 the coarsest: losses of
  // different ones don't compare. `change` is empty but in the first row under a change
  // ("style_weight=0.02"): losses before and after don't compare either.
  const std::string& csv() const { return csv_; }

 private:
  std::string csv_ = "iteration,total,content,style,seconds,level,change\n";
  int last_level_ = -1;
  int last_iteration_ = 0;  // of that level
  std::vector<v1::RecipeChange> pending_;
};

}  // namespace impasto::cli
