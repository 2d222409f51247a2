#include "app/model_registry.h"

#include <malloc.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "app/recipe_proto.h"
#include "base/clock.h"
#include "base/status_macros.h"
#include "engine/weights/reader.h"

namespace impasto::app {
namespace {

constexpr uint64_t kRandomSeed = 1;
constexpr int kLayerListSide = 512;  // models.proto: Layer.height and width are for such a picture
constexpr size_t kRefusedShown = 3;

const char* OpName(engine::Op op) {
  switch (op) {
    case engine::Op::kInput:
      return "input";
    case engine::Op::kConv2d:
      return "conv2d";
    case engine::Op::kBatchNorm:
      return "batch_norm";
    case engine::Op::kRelu:
      return "relu";
    case engine::Op::kZeroPad:
      return "zero_pad";
    case engine::Op::kMaxPool:
      return "max_pool";
    case engine::Op::kAveragePool:
      return "average_pool";
    case engine::Op::kAdd:
      return "add";
  }
  return "";
}

// For a command that a reader pastes into a shell.
std::string ShellWord(const std::string& word) {
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("/._-+:,@%=").find(static_cast<char>(c)) != std::string_view::npos;
  });
  return plain ? word : absl::StrCat("'", absl::StrReplaceAll(word, {{"'", "'\\''"}}), "'");
}

// Which layers have all the weights that they and the layers before them need.
std::vector<bool> AvailableLayers(const engine::Graph& graph, const std::vector<std::string>& missing) {
  std::vector<bool> available(graph.nodes().size(), true);
  for (size_t i = 0; i < available.size(); ++i) {
    const engine::Node& node = graph.nodes()[i];
    if (std::find(missing.begin(), missing.end(), node.name) != missing.end()) available[i] = false;
    for (const int input : node.inputs) available[i] = available[i] && available[input];
  }
  return available;
}

// LoadModel's promise: whatever keeps the weights from being used is a condition that the user can mend.
absl::Status AsPrecondition(const absl::Status& status) {
  if (absl::IsInternal(status)) return status;
  return absl::FailedPreconditionError(status.message());
}

}  // namespace

ModelRegistry::ModelRegistry(Options options) : options_(std::move(options)), store_(options_.weights_dir) {
  MutexLock lock(&mutex_);
  for (const std::string& id : engine::ModelNames()) entries_[id];
}

absl::Status ModelRegistry::LoadAtStart(const std::vector<std::string>& models) {
  const engine::WeightsStore::Listing files = ListFiles();
  for (const std::string& refused : files.refused) Warn(absl::StrCat("not used: ", refused));
  std::vector<std::string> ids = models;
  if (models.empty()) {
    for (const std::string& id : engine::ModelNames()) {
      if (std::any_of(files.files.begin(), files.files.end(),
                      [&](const auto& file) { return file.model == id; }))
        ids.push_back(id);
    }
    if (ids.empty())
      ids.push_back(engine::ModelNames().front());  // loads with random weights, or says what is missing
  }
  const absl::Status status = LoadAll(ids, /*all_of_them=*/!models.empty());
  MutexLock lock(&mutex_);
  starting_ = false;
  return status;
}

absl::Status ModelRegistry::LoadAll(const std::vector<std::string>& ids, bool all_of_them) {
  // Side by side: reading, hashing and unpacking a file keeps one core busy.
  std::vector<absl::Status> statuses(ids.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < ids.size(); ++i) {
    threads.emplace_back([this, &ids, &statuses, i] { statuses[i] = Load(ids[i]); });
  }
  for (std::thread& thread : threads) thread.join();

  std::vector<std::string> reasons;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!statuses[i].ok()) {
      reasons.push_back(absl::StrCat(ModelResourceName(ids[i]), " can't be loaded: ", statuses[i].message()));
    }
  }
  if (reasons.size() == ids.size() || (all_of_them && !reasons.empty())) {
    return absl::FailedPreconditionError(absl::StrJoin(reasons, "\n"));
  }
  for (const std::string& reason : reasons) Warn(reason);
  return absl::OkStatus();
}

absl::Status ModelRegistry::Load(const std::string& id) {
  std::optional<FileStamp> current;
  {
    MutexLock lock(&mutex_);
    Entry& entry = entries_[id];
    while (entry.loading) loading_ended_.Wait(&mutex_);
    entry.loading = true;
    if (entry.model != nullptr) current = entry.file;
  }
  absl::StatusOr<Loaded> loaded = ReadBestFile(id, current);
  std::shared_ptr<const engine::Model> old;  // freed after the lock is
  {
    MutexLock lock(&mutex_);
    Entry& entry = entries_[id];
    entry.loading = false;
    entry.failed = std::string(loaded.status().message());
    if (loaded.ok() && loaded->model != nullptr) {
      old = std::exchange(entry.model, loaded->model);
      entry.file = loaded->file;
    }
  }
  loading_ended_.NotifyAll();
  old.reset();
  malloc_trim(0);  // a weights file is read through buffers of its own size
  return loaded.status();
}

absl::StatusOr<ModelRegistry::Loaded> ModelRegistry::ReadBestFile(
    const std::string& id, const std::optional<FileStamp>& current) const {
  const SteadyClock clock;
  const double start = clock.NowSeconds();
  const engine::WeightsStore::Listing files = ListFiles();
  std::vector<std::string> reasons;
  for (const engine::WeightsFileInfo& file : files.files) {  // best first
    if (file.model != id) continue;
    struct stat stat_buffer {};
    if (stat(file.path.c_str(), &stat_buffer) != 0) continue;  // gone meanwhile
    const FileStamp stamp{file.path, static_cast<int64_t>(stat_buffer.st_size),
                          int64_t{stat_buffer.st_mtim.tv_sec} * 1'000'000'000 + stat_buffer.st_mtim.tv_nsec};
    if (current.has_value() && *current == stamp) return Loaded{};
    absl::StatusOr<engine::Weights> weights = engine::ReadWeightsFile(file.path);
    if (!weights.ok()) {
      Warn(absl::StrCat("not used: ", weights.status().message()));
      reasons.emplace_back(weights.status().message());
      continue;
    }
    IMPASTO_ASSIGN_OR_RETURN(auto model, MakeModel(*std::move(weights)));
    Log(absl::StrFormat("loaded %s from %s on %s in %.1f s%s", ModelResourceName(id), model->origin(),
                        model->executor().description(), clock.NowSeconds() - start,
                        model->missing_layers().empty()
                            ? ""
                            : absl::StrCat("; the file lacks ", model->missing_layers().size(),
                                           " layers, from ", model->missing_layers().front(), " on")));
    return Loaded{std::move(model), stamp};
  }
  if (reasons.empty() && options_.allow_random_weights) {
    if (current.has_value() && current->path.empty()) return Loaded{};
    IMPASTO_ASSIGN_OR_RETURN(const engine::Graph graph, engine::MakeGraph(id));
    IMPASTO_ASSIGN_OR_RETURN(auto model, MakeModel(engine::RandomWeights(graph, kRandomSeed)));
    Warn(RandomWarning(id));
    return Loaded{std::move(model), FileStamp{}};
  }
  if (reasons.empty()) {
    reasons = files.refused;
    if (reasons.size() > kRefusedShown) {
      const size_t more = reasons.size() - kRefusedShown;
      reasons.resize(kRefusedShown);
      reasons.push_back(absl::StrCat("and ", more, " more"));
    }
    reasons.insert(reasons.begin(),
                   absl::StrCat("there are no weights for ", id, " in ", options_.weights_dir));
  }
  return absl::FailedPreconditionError(
      absl::StrCat(absl::StrJoin(reasons, "; "), "; get them with: ", PullCommand(id)));
}

absl::StatusOr<std::shared_ptr<const engine::Model>> ModelRegistry::MakeModel(engine::Weights weights) const {
  IMPASTO_ASSIGN_OR_RETURN(const engine::Graph published, engine::MakeGraph(weights.model));
  engine::Graph graph = engine::GraphForWeights(published, weights);
  absl::StatusOr<std::shared_ptr<const engine::Model>> model =
      engine::Model::Load(std::move(graph), std::move(weights), options_.device);
  if (!model.ok()) return AsPrecondition(model.status());
  if (const absl::Status warm = (*model)->WarmUp(); !warm.ok()) return AsPrecondition(warm);
  return model;
}

engine::WeightsStore::Listing ModelRegistry::ListFiles() const {
  absl::StatusOr<engine::WeightsStore::Listing> listing = store_.List();
  if (listing.ok()) return *std::move(listing);
  engine::WeightsStore::Listing empty;
  if (!absl::IsNotFound(listing.status())) empty.refused.emplace_back(listing.status().message());
  return empty;
}

absl::StatusOr<std::string> ModelRegistry::Known(const std::string& resource_name) const {
  IMPASTO_ASSIGN_OR_RETURN(const std::string id, ModelId(resource_name));
  const auto& ids = engine::ModelNames();
  if (std::find(ids.begin(), ids.end(), id) == ids.end()) {
    return absl::NotFoundError(absl::StrCat("no model \"", resource_name.substr(0, 64),
                                            "\"; there are models/", absl::StrJoin(ids, ", models/")));
  }
  return id;
}

absl::StatusOr<JobModel> ModelRegistry::Acquire(const std::string& model_id) {
  MutexLock lock(&mutex_);
  if (starting_)
    return absl::UnavailableError(
        "the server is loading its models; its health says SERVING when it is ready");
  std::string id = model_id;
  if (id.empty()) {
    for (const std::string& name : engine::ModelNames()) {
      if (id.empty() && entries_[name].model != nullptr) id = name;
    }
    if (id.empty()) return absl::NotFoundError("no model is loaded");
  }
  const auto it = entries_.find(id);
  if (it == entries_.end()) {
    return absl::NotFoundError(absl::StrCat("no model \"", ModelResourceName(id.substr(0, 64)),
                                            "\"; there are models/",
                                            absl::StrJoin(engine::ModelNames(), ", models/")));
  }
  const Entry& entry = it->second;
  if (entry.model == nullptr) {
    if (entry.loading)
      return absl::UnavailableError(absl::StrCat(ModelResourceName(id), " is being loaded; try again soon"));
    return absl::NotFoundError(
        absl::StrCat(ModelResourceName(id), " is not loaded; LoadModel loads it where it has weights"));
  }
  JobModel result{.model = entry.model};
  if (entry.model->family() == engine::WeightsFamily::kRandom) result.warnings.push_back(RandomWarning(id));
  return result;
}

std::vector<v1::Model> ModelRegistry::ListModels() {
  const engine::WeightsStore::Listing files = ListFiles();
  std::vector<v1::Model> models;
  MutexLock lock(&mutex_);
  for (const std::string& id : engine::ModelNames()) {
    models.push_back(Describe(id, std::any_of(files.files.begin(), files.files.end(),
                                              [&](const auto& file) { return file.model == id; })));
  }
  return models;
}

absl::StatusOr<v1::Model> ModelRegistry::GetModel(const std::string& name) {
  IMPASTO_ASSIGN_OR_RETURN(const std::string id, Known(name));
  return DescribeWithLayers(id);
}

absl::StatusOr<v1::Model> ModelRegistry::LoadModel(const std::string& name) {
  IMPASTO_ASSIGN_OR_RETURN(const std::string id, Known(name));
  IMPASTO_RETURN_IF_ERROR(Load(id));
  return DescribeWithLayers(id);
}

absl::StatusOr<v1::Model> ModelRegistry::UnloadModel(const std::string& name) {
  IMPASTO_ASSIGN_OR_RETURN(const std::string id, Known(name));
  std::shared_ptr<const engine::Model> old;  // freed after the lock is
  {
    MutexLock lock(&mutex_);
    Entry& entry = entries_[id];
    while (entry.loading) loading_ended_.Wait(&mutex_);
    old = std::exchange(entry.model, nullptr);
    entry.file = FileStamp{};
    entry.failed.clear();
  }
  if (old != nullptr) Log(absl::StrCat("unloaded ", ModelResourceName(id)));
  old.reset();
  malloc_trim(0);
  return DescribeWithLayers(id);
}

v1::Model ModelRegistry::Describe(const std::string& id, bool has_file) {
  const Entry& entry = entries_[id];
  v1::Model proto;
  proto.set_name(ModelResourceName(id));
  if (entry.model == nullptr) {
    if (entry.loading) {
      proto.set_state(v1::Model::STATE_LOADING);
    } else if (!entry.failed.empty()) {
      proto.set_state(v1::Model::STATE_UNAVAILABLE);
      proto.set_state_reason(entry.failed);
    } else if (has_file) {
      proto.set_state(v1::Model::STATE_UNLOADED);
      proto.set_state_reason("not loaded");
    } else if (options_.allow_random_weights) {
      proto.set_state(v1::Model::STATE_UNLOADED);
      proto.set_state_reason("not loaded; there are no weights, so that it would get random ones");
    } else {
      proto.set_state(v1::Model::STATE_UNAVAILABLE);
      proto.set_state_reason(absl::StrCat("there are no weights in ", options_.weights_dir,
                                          "; get them with: ", PullCommand(id)));
    }
    return proto;
  }
  const engine::Model& model = *entry.model;
  proto.set_state(v1::Model::STATE_LOADED);
  if (!entry.failed.empty()) {
    proto.set_state_reason(absl::StrCat("loading it anew failed: ", entry.failed));
  } else if (model.family() == engine::WeightsFamily::kRandom) {
    proto.set_state_reason(RandomWarning(id));
  } else if (!model.missing_layers().empty()) {
    proto.set_state_reason(absl::StrCat("the weights file lacks ", model.missing_layers().size(),
                                        " layers, from ", model.missing_layers().front(), " on"));
  }
  proto.set_weights_origin(model.origin());
  proto.set_weights_sha256(model.sha256());
  proto.set_weights_family(engine::FamilyName(model.family()));
  proto.set_random_weights(model.family() == engine::WeightsFamily::kRandom);
  const RecipeContext context{
      .graph = &model.graph(), .family = model.family(), .weights_sha256 = model.sha256()};
  if (auto recipe = ResolveRecipe(v1::Recipe(), context); recipe.ok()) {
    // How many style pictures there will be isn't known here.
    recipe->style_picture_weights.clear();
    *proto.mutable_default_recipe() = RecipeToProto(*recipe);
  }
  proto.set_device(model.executor().description());
  for (const std::string& layer : model.missing_layers()) proto.add_missing_layers(layer);
  return proto;
}

v1::Model ModelRegistry::DescribeWithLayers(const std::string& id) {
  const engine::WeightsStore::Listing files = ListFiles();
  const bool has_file =
      std::any_of(files.files.begin(), files.files.end(), [&](const auto& file) { return file.model == id; });
  v1::Model proto;
  std::shared_ptr<const engine::Model> model;  // kept for its graph
  {
    MutexLock lock(&mutex_);
    proto = Describe(id, has_file);
    model = entries_[id].model;
  }
  const absl::StatusOr<engine::Graph> published = engine::MakeGraph(id);
  if (!published.ok()) return proto;  // every id is one of ModelNames()
  const engine::Graph& network = model != nullptr ? model->graph() : *published;
  std::vector<bool> available(network.nodes().size(), false);
  if (model != nullptr) available = AvailableLayers(network, model->missing_layers());
  const auto shapes = network.Shapes(kLayerListSide, kLayerListSide);
  for (size_t i = 0; i < network.nodes().size() && shapes.ok(); ++i) {
    const engine::Node& node = network.nodes()[i];
    if (node.op == engine::Op::kInput) continue;
    v1::Layer* layer = proto.add_layers();
    layer->set_name(node.name);
    layer->set_op(OpName(node.op));
    layer->set_channels((*shapes)[i].channels);
    layer->set_height((*shapes)[i].height);
    layer->set_width((*shapes)[i].width);
    layer->set_available(available[i]);
  }
  return proto;
}

std::string ModelRegistry::PullCommand(const std::string& model) const {
  return absl::StrCat("impastod weights pull ", model, " --weights-dir ", ShellWord(options_.weights_dir));
}

std::string ModelRegistry::RandomWarning(const std::string& model) const {
  return absl::StrCat(
      ModelResourceName(model),
      " HAS RANDOM WEIGHTS: its pictures are for trying only. Get real ones with: ", PullCommand(model));
}

void ModelRegistry::Log(const std::string& line) const {
  if (options_.log) options_.log(line);
}

void ModelRegistry::Warn(const std::string& line) const {
  if (options_.warn) options_.warn(line);
}

}  // namespace impasto::app
