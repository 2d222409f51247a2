// The models: which there are, which are loaded, and loading and unloading them while the server runs.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "engine/model.h"
#include "engine/weights/store.h"
#include "rpc/backend.h"

namespace impasto::app {

// A model for a job. It stays alive as long as this does, whatever is unloaded or loaded anew meanwhile.
struct JobModel {
  std::shared_ptr<const engine::Model> model;
  std::vector<std::string> warnings;  // what whoever gets its pictures has to know
};

// Thread-safe. Loads of one model are done one after another; those of different models may go side by side.
// None of them keeps ListModels, GetModel or Acquire waiting.
class ModelRegistry final : public rpc::ModelsBackend {
 public:
  struct Options {
    std::string weights_dir;
    engine::DeviceOptions device;
    bool allow_random_weights = false;
    // Lines for people: what was loaded, what was refused. May be empty. Thread-safe.
    std::function<void(const std::string& line)> log;
    std::function<void(const std::string& line)> warn;
  };
  explicit ModelRegistry(Options options);

  // The loads at start, two at a time; until it returns, Acquire says UNAVAILABLE. `models` empty: every
  // model that has weights, at least one; one that can't be loaded is skipped with a warning. Else all of
  // `models`. FAILED_PRECONDITION: a model that was asked for can't be loaded, or there is none at all; with
  // the reason and the command that gets weights.
  absl::Status LoadAtStart(const std::vector<std::string>& models);

  // For a job: the model "vgg19", or for "" the first loaded in the order of ModelNames(). NOT_FOUND: unknown
  // or not loaded; UNAVAILABLE: it is being loaded.
  absl::StatusOr<JobModel> Acquire(const std::string& model_id);

  std::vector<v1::Model> ListModels() override;
  absl::StatusOr<v1::Model> GetModel(const std::string& name) override;
  absl::StatusOr<v1::Model> LoadModel(const std::string& name) override;
  absl::StatusOr<v1::Model> UnloadModel(const std::string& name) override;

 private:
  // A file as it was when it was read.
  struct FileStamp {
    std::string path;
    int64_t bytes = 0;
    int64_t modified_ns = 0;
    bool operator==(const FileStamp&) const = default;
  };
  struct Entry {
    bool loading = false;  // whoever set it is alone in changing the rest
    std::shared_ptr<const engine::Model> model;
    FileStamp file;      // of `model`; no path for random weights
    std::string failed;  // why the last load failed; empty: it didn't
  };
  struct Loaded {
    std::shared_ptr<const engine::Model> model;
    FileStamp file;
  };

  // "vgg19" of "models/vgg19". NOT_FOUND: there is no such model.
  absl::StatusOr<std::string> Known(const std::string& resource_name) const;
  absl::Status LoadAll(const std::vector<std::string>& ids, bool all_of_them);
  absl::Status Load(const std::string& id);
  // Reads the best file that can be read. Where that is `current`, the model comes back null. Takes seconds:
  // not under the lock.
  absl::StatusOr<Loaded> ReadBestFile(const std::string& id, const std::optional<FileStamp>& current) const;
  absl::StatusOr<std::shared_ptr<const engine::Model>> MakeModel(engine::Weights weights) const;
  // Files in the weights folder, and why others there were refused; empty where there is no folder.
  engine::WeightsStore::Listing ListFiles() const;
  std::string PullCommand(const std::string& model) const;
  std::string RandomWarning(const std::string& model) const;
  // Without layers. `has_file`: there is a weights file for it.
  v1::Model Describe(const std::string& id, bool has_file) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  v1::Model DescribeWithLayers(const std::string& id);
  void Log(const std::string& line) const;
  void Warn(const std::string& line) const;

  const Options options_;
  const engine::WeightsStore store_;
  Mutex mutex_;
  CondVar loading_ended_;
  std::map<std::string, Entry, std::less<>> entries_ ABSL_GUARDED_BY(mutex_);
  bool starting_ ABSL_GUARDED_BY(mutex_) = true;  // until LoadAtStart is through
};

}  // namespace impasto::app
