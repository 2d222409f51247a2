// The losses of a run, as a table.
#pragma once

#include <string>

#include "impasto/v1/stylization.pb.h"

namespace impasto::cli {

// Not thread-safe.
class LossLog {
 public:
  void Add(const v1::Progress& progress);

  // CSV with the columns iteration,total,content,style,seconds,level. Row n is the loss of the picture that
  // step n starts from (row 1: the start); a finished run has one row more, for the final picture. Seconds
  // count from the start of the first step. Levels are the pyramid's, 0 the coarsest: losses of different
  // ones don't compare.
  const std::string& csv() const { return csv_; }

 private:
  std::string csv_ = "iteration,total,content,style,seconds,level\n";
};

}  // namespace impasto::cli
