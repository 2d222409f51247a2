#include "engine/run_state.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/pyramid.h"
#include "engine/run_state.pb.h"

namespace impasto::engine {
namespace {

static_assert(std::endian::native == std::endian::little, "stored numbers are little-endian");

constexpr char kMagic[] = {'I', 'M', 'P', 'S'};
constexpr uint32_t kVersion = 1;
// 1000 changes of 128 layers each, and the stall rule's window, fit in.
constexpr uint32_t kMaxHeader = 16 << 20;
constexpr int kMaxSide = 1 << 15;
constexpr int kMaxVectors = 1024;

void AddLayers(const std::vector<LayerWeight>& layers,
               google::protobuf::RepeatedPtrField<stored::LayerWeight>* to) {
  for (const LayerWeight& layer : layers) {
    stored::LayerWeight& message = *to->Add();
    message.set_layer(layer.layer);
    message.set_weight(layer.weight);
  }
}

std::vector<LayerWeight> ReadLayers(const google::protobuf::RepeatedPtrField<stored::LayerWeight>& from) {
  std::vector<LayerWeight> layers;
  for (const stored::LayerWeight& message : from) layers.push_back({message.layer(), message.weight()});
  return layers;
}

void AddChange(const RecipeChange& change, stored::RecipeChange* to) {
  to->set_steps(change.steps);
  if (change.content_weight) to->set_content_weight(*change.content_weight);
  if (change.style_weight) to->set_style_weight(*change.style_weight);
  if (change.tv_weight) to->set_tv_weight(*change.tv_weight);
  if (change.learning_rate) to->set_learning_rate(*change.learning_rate);
  if (change.iterations) to->set_iterations(*change.iterations);
  AddLayers(change.content_layers, to->mutable_content_layers());
  AddLayers(change.style_layers, to->mutable_style_layers());
  to->mutable_style_picture_weights()->Add(change.style_picture_weights.begin(),
                                           change.style_picture_weights.end());
}

RecipeChange ReadChange(const stored::RecipeChange& from) {
  RecipeChange change{.steps = from.steps()};
  if (from.has_content_weight()) change.content_weight = from.content_weight();
  if (from.has_style_weight()) change.style_weight = from.style_weight();
  if (from.has_tv_weight()) change.tv_weight = from.tv_weight();
  if (from.has_learning_rate()) change.learning_rate = from.learning_rate();
  if (from.has_iterations()) change.iterations = from.iterations();
  change.content_layers = ReadLayers(from.content_layers());
  change.style_layers = ReadLayers(from.style_layers());
  change.style_picture_weights.assign(from.style_picture_weights().begin(),
                                      from.style_picture_weights().end());
  return change;
}

stored::RunStateHeader HeaderOf(const RunState& state) {
  stored::RunStateHeader header;
  header.set_evaluations(state.evaluations);
  header.set_steps(state.steps);
  header.set_level(state.level);
  header.set_level_evaluations(state.level_evaluations);
  header.set_level_ended(state.level_ended);
  header.set_done(state.done);
  header.mutable_level_iterations()->Add(state.level_iterations.begin(), state.level_iterations.end());
  header.mutable_stall_window()->Add(state.stall_window.begin(), state.stall_window.end());
  for (const RecipeChange& change : state.changes) AddChange(change, header.add_changes());
  header.mutable_current()->set_width(state.current.width);
  header.mutable_current()->set_height(state.current.height);
  header.mutable_best()->set_width(state.best->width);
  header.mutable_best()->set_height(state.best->height);
  header.set_best_loss(state.best_loss);
  header.set_best_evaluation(state.best_evaluation);
  header.set_best_level(state.best_level);
  header.set_best_loss_is_stale(state.best_loss_is_stale);
  header.mutable_optimizer_counters()->Add(state.optimizer.counters.begin(), state.optimizer.counters.end());
  header.mutable_optimizer_scalars()->Add(state.optimizer.scalars.begin(), state.optimizer.scalars.end());
  for (const SharedNumbers& numbers : state.optimizer.vectors)
    header.add_optimizer_vector_sizes(numbers->size());
  return header;
}

RunState FromHeader(const stored::RunStateHeader& header) {
  RunState state{.evaluations = header.evaluations(),
                 .steps = header.steps(),
                 .level = header.level(),
                 .level_evaluations = header.level_evaluations(),
                 .level_ended = header.level_ended(),
                 .done = header.done(),
                 .best_loss = header.best_loss(),
                 .best_evaluation = header.best_evaluation(),
                 .best_level = header.best_level(),
                 .best_loss_is_stale = header.best_loss_is_stale()};
  state.level_iterations.assign(header.level_iterations().begin(), header.level_iterations().end());
  state.stall_window.assign(header.stall_window().begin(), header.stall_window().end());
  for (const stored::RecipeChange& change : header.changes()) state.changes.push_back(ReadChange(change));
  state.optimizer.counters.assign(header.optimizer_counters().begin(), header.optimizer_counters().end());
  state.optimizer.scalars.assign(header.optimizer_scalars().begin(), header.optimizer_scalars().end());
  return state;
}

absl::string_view BytesOf(const std::vector<float>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(float)};
}

// Reads `count` values; takes at most twice the memory of what has come, and a first piece.
template <typename Container>
absl::Status ReadValues(std::istream& in, uint64_t count, Container* values) {
  constexpr uint64_t kPiece = 1 << 18;
  while (values->size() < count) {
    const size_t have = values->size();
    const auto want = static_cast<size_t>(std::min<uint64_t>(count, std::max<uint64_t>(2 * have, kPiece)));
    values->reserve(want);
    values->resize(want);
    const auto bytes = static_cast<std::streamsize>((want - have) * sizeof((*values)[0]));
    in.read(reinterpret_cast<char*>(values->data() + have), bytes);
    if (in.gcount() != bytes) return absl::DataLossError("the state of the run is cut short");
  }
  return absl::OkStatus();
}

absl::Status ReadImage(std::istream& in, const stored::PictureSize& size, Image* image) {
  if (size.width() < 1 || size.height() < 1 || size.width() > kMaxSide || size.height() > kMaxSide) {
    return absl::DataLossError(absl::StrCat("the state of the run has a picture of ", size.width(), " x ",
                                            size.height(), " pixels"));
  }
  image->width = size.width();
  image->height = size.height();
  return ReadValues(in, 3 * image->pixels(), &image->rgb);
}

uint32_t Number(const std::string& bytes, size_t at) {
  uint32_t number = 0;
  std::copy_n(bytes.data() + at, sizeof(number), reinterpret_cast<char*>(&number));
  return number;
}

}  // namespace

absl::Status WriteRunState(const RunState& state,
                           const std::function<absl::Status(absl::string_view bytes)>& sink) {
  const std::string header = HeaderOf(state).SerializeAsString();
  const uint32_t numbers[] = {kVersion, static_cast<uint32_t>(header.size())};
  IMPASTO_RETURN_IF_ERROR(sink({kMagic, sizeof(kMagic)}));
  IMPASTO_RETURN_IF_ERROR(sink({reinterpret_cast<const char*>(numbers), sizeof(numbers)}));
  IMPASTO_RETURN_IF_ERROR(sink(header));
  IMPASTO_RETURN_IF_ERROR(sink(BytesOf(state.current.rgb)));
  IMPASTO_RETURN_IF_ERROR(sink(BytesOf(state.best->rgb)));
  for (const SharedNumbers& vector : state.optimizer.vectors) IMPASTO_RETURN_IF_ERROR(sink(BytesOf(*vector)));
  return absl::OkStatus();
}

absl::StatusOr<RunState> ReadRunState(std::istream& in) {
  std::string start;
  IMPASTO_RETURN_IF_ERROR(ReadValues(in, sizeof(kMagic) + 2 * sizeof(uint32_t), &start));
  if (!std::equal(std::begin(kMagic), std::end(kMagic), start.begin()))
    return absl::DataLossError("it isn't the state of a run");
  const uint32_t version = Number(start, sizeof(kMagic));
  const uint32_t header_size = Number(start, sizeof(kMagic) + sizeof(uint32_t));
  if (version > kVersion) {
    return absl::FailedPreconditionError(absl::StrCat("the state of the run has version ", version,
                                                      "; this program reads versions up to ", kVersion));
  }
  if (version == 0 || header_size > kMaxHeader)
    return absl::DataLossError("the state of the run begins with nonsense");
  std::string bytes;
  IMPASTO_RETURN_IF_ERROR(ReadValues(in, header_size, &bytes));
  stored::RunStateHeader header;
  if (!header.ParseFromString(bytes) || header.optimizer_vector_sizes_size() > kMaxVectors)
    return absl::DataLossError("the state of the run has a damaged header");

  RunState state = FromHeader(header);
  IMPASTO_RETURN_IF_ERROR(ReadImage(in, header.current(), &state.current));
  Image best;
  IMPASTO_RETURN_IF_ERROR(ReadImage(in, header.best(), &best));
  state.best = std::make_shared<const Image>(std::move(best));
  for (const uint64_t size : header.optimizer_vector_sizes()) {
    if (size > 3ull * kMaxSide * kMaxSide)
      return absl::DataLossError("the state of the run has a damaged header");
    std::vector<float> numbers;
    IMPASTO_RETURN_IF_ERROR(ReadValues(in, size, &numbers));
    state.optimizer.vectors.push_back(std::make_shared<const std::vector<float>>(std::move(numbers)));
  }
  return state;
}

absl::Status CheckRunState(const RunState& state, Size full, int levels) {
  const auto bad = [](const auto&... words) {
    return absl::InvalidArgumentError(absl::StrCat("the saved state doesn't fit the run: ", words...));
  };
  if (static_cast<int>(state.level_iterations.size()) != levels || state.level < 0 || state.level >= levels)
    return bad("level ", state.level, " of ", state.level_iterations.size(), ", and the run has ", levels);
  constexpr int kMost = std::numeric_limits<int>::max() / (kMaxPyramidLevels + 1);
  for (const int iterations : state.level_iterations) {
    if (iterations < 0 || iterations > kMost) return bad(iterations, " iterations at a level");
  }

  const auto fits = [&](const Image& image) {
    return Size{image.width, image.height} == SizeAtLevel(full, state.level, levels) &&
           image.rgb.size() == 3 * image.pixels();
  };
  if (state.best == nullptr || !fits(state.current) || !fits(*state.best)) {
    return bad("a picture of ", state.current.width, " x ", state.current.height, " pixels at level ",
               state.level, ", and the run's has ", full.width, " x ", full.height);
  }
  const bool last = state.level == levels - 1;
  // The last evaluation of the last level makes no step; those of other levels all do.
  const int level_steps = state.level_evaluations - (state.done ? 1 : 0);
  const auto level = state.level_iterations.begin() + state.level;
  const bool over = state.done || state.level_ended;
  if (state.level_evaluations < 0 || level_steps < 0 || level_steps > *level ||
      (over && level_steps != *level) || (!over && !last && level_steps == *level) ||
      (state.done && (!last || state.level_ended)) || (state.level_ended && last) ||
      (!over && state.level > 0 && state.level_evaluations == 0) ||
      state.steps != std::accumulate(state.level_iterations.begin(), level, level_steps) ||
      state.evaluations != state.steps + (state.done ? 1 : 0)) {
    return bad(state.evaluations, " evaluations, ", state.steps, " steps, ", state.level_evaluations, " of ",
               *level, " at level ", state.level);
  }
  if (state.best_evaluation < (state.evaluations > 0 ? 1 : 0) || state.best_evaluation > state.evaluations ||
      state.best_level != state.level || (state.best_loss_is_stale && state.evaluations == 0)) {
    return bad("a best picture of evaluation ", state.best_evaluation, " and level ", state.best_level);
  }
  int steps = 0;
  for (const RecipeChange& change : state.changes) {
    if (change.steps < steps || change.steps > state.steps)
      return bad("a change at step ", change.steps, ", and ", state.steps, " are made");
    steps = change.steps;
  }
  for (const SharedNumbers& numbers : state.optimizer.vectors) {
    if (numbers == nullptr) return bad("a vector of the optimizer isn't there");
  }
  return absl::OkStatus();
}

}  // namespace impasto::engine
