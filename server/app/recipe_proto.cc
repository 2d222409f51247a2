#include "app/recipe_proto.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/field_error.h"
#include "base/status_macros.h"

namespace impasto::app {
namespace {

constexpr char kModelPrefix[] = "models/";
constexpr char kDefaultPreset[] = "painterly";

using LayerList = google::protobuf::RepeatedPtrField<v1::LayerWeight>;

// Layers without a weight share equally.
std::vector<engine::LayerWeight> LayersFromProto(const LayerList& given) {
  std::vector<engine::LayerWeight> layers;
  for (const v1::LayerWeight& layer : given) {
    layers.push_back({layer.layer(), layer.has_weight() ? layer.weight() : 1.0 / given.size()});
  }
  return layers;
}

absl::Status ResolvePictureWeights(const v1::Recipe& given, int style_pictures,
                                   std::vector<double>* weights) {
  if (given.style_picture_weights().empty()) {
    weights->assign(style_pictures, 1.0 / style_pictures);
    return absl::OkStatus();
  }
  if (given.style_picture_weights_size() != style_pictures) {
    return FieldError("style_picture_weights",
                      absl::StrFormat("%d weights for %d style pictures; one for each, or none",
                                      given.style_picture_weights_size(), style_pictures));
  }
  weights->assign(given.style_picture_weights().begin(), given.style_picture_weights().end());
  return absl::OkStatus();
}

// Weights of a valid recipe. Those that add up to one already stay as they are, to the bit: a resolved recipe
// comes back unchanged.
void DivideBySum(std::vector<double>* weights) {
  const double sum = std::accumulate(weights->begin(), weights->end(), 0.0);
  if (std::abs(sum - 1) > 1e-12) {
    for (double& weight : *weights) weight /= sum;
  }
}

absl::Status ResolveChoices(const v1::Recipe& given, engine::Recipe* recipe) {
  switch (given.normalization()) {
    case v1::NORMALIZATION_UNSPECIFIED:
      break;
    case v1::NORMALIZATION_MEAN:
      recipe->normalization = engine::Normalization::kMean;
      break;
    case v1::NORMALIZATION_PAPER:
      recipe->normalization = engine::Normalization::kPaper;
      break;
    default:
      return FieldError("normalization", absl::StrFormat("unknown value %d", given.normalization()));
  }
  switch (given.pooling()) {
    case v1::POOLING_UNSPECIFIED:
      break;
    case v1::POOLING_MAX:
      recipe->pooling = engine::Pooling::kMax;
      break;
    case v1::POOLING_AVERAGE:
      recipe->pooling = engine::Pooling::kAverage;
      break;
    default:
      return FieldError("pooling", absl::StrFormat("unknown value %d", given.pooling()));
  }
  switch (given.initial_picture()) {
    case v1::INITIAL_PICTURE_UNSPECIFIED:
      break;
    case v1::INITIAL_PICTURE_CONTENT:
      recipe->init = engine::Init::kContent;
      break;
    case v1::INITIAL_PICTURE_NOISE:
      recipe->init = engine::Init::kNoise;
      break;
    case v1::INITIAL_PICTURE_SUPPLIED:
      recipe->init = engine::Init::kPicture;
      break;
    default:
      return FieldError("initial_picture", absl::StrFormat("unknown value %d", given.initial_picture()));
  }
  switch (given.optimizer()) {
    case v1::OPTIMIZER_UNSPECIFIED:
      break;
    case v1::OPTIMIZER_ADAM:
      recipe->optimizer = engine::OptimizerKind::kAdam;
      break;
    case v1::OPTIMIZER_LBFGS:
      recipe->optimizer = engine::OptimizerKind::kLbfgs;
      break;
    default:
      return FieldError("optimizer", absl::StrFormat("unknown value %d", given.optimizer()));
  }
  switch (given.learning_rate_schedule()) {
    case v1::LEARNING_RATE_SCHEDULE_UNSPECIFIED:
      break;
    case v1::LEARNING_RATE_SCHEDULE_CONSTANT:
      recipe->schedule = engine::Schedule::kConstant;
      break;
    case v1::LEARNING_RATE_SCHEDULE_COSINE:
      recipe->schedule = engine::Schedule::kCosine;
      break;
    default:
      return FieldError("learning_rate_schedule",
                        absl::StrFormat("unknown value %d", given.learning_rate_schedule()));
  }
  return absl::OkStatus();
}

absl::Status ResolveQuality(const v1::Recipe& given, engine::Recipe* recipe) {
  switch (given.quality()) {
    case v1::QUALITY_UNSPECIFIED:
      return absl::OkStatus();
    case v1::QUALITY_DRAFT:
      engine::ApplyQuality(engine::Quality::kDraft, recipe);
      return absl::OkStatus();
    case v1::QUALITY_GOOD:
      engine::ApplyQuality(engine::Quality::kGood, recipe);
      return absl::OkStatus();
    case v1::QUALITY_BEST:
      engine::ApplyQuality(engine::Quality::kBest, recipe);
      return absl::OkStatus();
    default:
      return FieldError("quality", absl::StrFormat("unknown value %d", given.quality()));
  }
}

v1::Quality QualityToProto(engine::Quality quality) {
  switch (quality) {
    case engine::Quality::kDraft:
      return v1::QUALITY_DRAFT;
    case engine::Quality::kGood:
      return v1::QUALITY_GOOD;
    case engine::Quality::kBest:
      return v1::QUALITY_BEST;
    case engine::Quality::kPreset:
      break;
  }
  return v1::QUALITY_UNSPECIFIED;
}

void AddLayers(const std::vector<engine::LayerWeight>& layers, LayerList* out) {
  for (const engine::LayerWeight& layer : layers) {
    v1::LayerWeight* added = out->Add();
    added->set_layer(layer.layer);
    added->set_weight(layer.weight);
  }
}

void AddChange(const engine::RecipeChange& change, v1::RecipeChange* proto) {
  proto->set_iteration(change.steps);
  if (change.content_weight) proto->set_content_weight(*change.content_weight);
  if (change.style_weight) proto->set_style_weight(*change.style_weight);
  if (change.tv_weight) proto->set_tv_weight(*change.tv_weight);
  if (change.learning_rate) proto->set_learning_rate(*change.learning_rate);
  if (change.iterations) proto->set_iterations(*change.iterations);
  AddLayers(change.content_layers, proto->mutable_content_layers());
  AddLayers(change.style_layers, proto->mutable_style_layers());
  for (const double weight : change.style_picture_weights) proto->add_style_picture_weights(weight);
}

}  // namespace

absl::StatusOr<engine::Recipe> ResolveRecipe(const v1::Recipe& given, const RecipeContext& context) {
  const std::string preset = given.preset().empty() ? kDefaultPreset : given.preset();
  const auto& presets = engine::PresetNames();
  if (std::find(presets.begin(), presets.end(), preset) == presets.end()) {
    return FieldError("preset", absl::StrCat("unknown preset \"", preset.substr(0, 64), "\"; there are ",
                                             absl::StrJoin(presets, ", ")));
  }
  IMPASTO_ASSIGN_OR_RETURN(engine::Recipe recipe,
                           engine::MakePreset(preset, context.graph->model(), context.family));
  if (!given.weights_sha256().empty() && given.weights_sha256() != context.weights_sha256) {
    return FieldError(
        "weights_sha256",
        absl::StrCat("the recipe was made with the weights ", given.weights_sha256().substr(0, 64), ", but ",
                     ModelResourceName(context.graph->model()), " has ", context.weights_sha256),
        absl::StatusCode::kFailedPrecondition);
  }
  recipe.model = context.graph->model();
  recipe.weights_sha256 = context.weights_sha256;
  IMPASTO_RETURN_IF_ERROR(ResolveQuality(given, &recipe));
  if (!given.content_layers().empty()) recipe.content_layers = LayersFromProto(given.content_layers());
  if (!given.style_layers().empty()) recipe.style_layers = LayersFromProto(given.style_layers());
  for (const v1::RecipeChange& change : given.changes()) {
    recipe.changes.push_back(RecipeChangeFromProto(change));
  }
  IMPASTO_RETURN_IF_ERROR(ResolveChoices(given, &recipe));
  IMPASTO_RETURN_IF_ERROR(
      ResolvePictureWeights(given, context.style_pictures, &recipe.style_picture_weights));
  if (given.has_content_weight()) recipe.content_weight = given.content_weight();
  if (given.has_style_weight()) recipe.style_weight = given.style_weight();
  if (given.has_tv_weight()) recipe.tv_weight = given.tv_weight();
  if (given.has_learning_rate()) recipe.learning_rate = given.learning_rate();
  if (given.has_beta1()) recipe.beta1 = given.beta1();
  if (given.has_beta2()) recipe.beta2 = given.beta2();
  if (given.has_epsilon()) recipe.epsilon = given.epsilon();
  if (given.has_iterations()) recipe.iterations = given.iterations();
  if (given.has_lbfgs_history()) recipe.lbfgs_history = given.lbfgs_history();
  if (given.has_pyramid_levels()) recipe.pyramid_levels = given.pyramid_levels();
  if (given.has_stall_evaluations()) recipe.stall_evaluations = given.stall_evaluations();
  if (given.has_stall_improvement()) recipe.stall_improvement = given.stall_improvement();
  if (given.has_seed()) recipe.seed = given.seed();
  if (given.has_max_size()) recipe.max_size = recipe.style_size = given.max_size();
  if (given.has_style_size()) recipe.style_size = given.style_size();
  IMPASTO_RETURN_IF_ERROR(engine::ValidateRecipe(recipe, *context.graph));
  DivideBySum(&recipe.style_picture_weights);
  return recipe;
}

v1::Recipe RecipeToProto(const engine::Recipe& recipe) {
  v1::Recipe proto;
  proto.set_preset(recipe.preset);
  proto.set_model(ModelResourceName(recipe.model));
  proto.set_weights_sha256(recipe.weights_sha256);
  AddLayers(recipe.content_layers, proto.mutable_content_layers());
  AddLayers(recipe.style_layers, proto.mutable_style_layers());
  proto.set_content_weight(recipe.content_weight);
  proto.set_style_weight(recipe.style_weight);
  proto.set_tv_weight(recipe.tv_weight);
  proto.set_normalization(recipe.normalization == engine::Normalization::kMean ? v1::NORMALIZATION_MEAN
                                                                               : v1::NORMALIZATION_PAPER);
  proto.set_pooling(recipe.pooling == engine::Pooling::kMax ? v1::POOLING_MAX : v1::POOLING_AVERAGE);
  proto.set_learning_rate(recipe.learning_rate);
  proto.set_beta1(recipe.beta1);
  proto.set_beta2(recipe.beta2);
  proto.set_epsilon(recipe.epsilon);
  proto.set_iterations(recipe.iterations);
  proto.set_quality(QualityToProto(recipe.quality));
  proto.set_optimizer(recipe.optimizer == engine::OptimizerKind::kAdam ? v1::OPTIMIZER_ADAM
                                                                       : v1::OPTIMIZER_LBFGS);
  proto.set_lbfgs_history(recipe.lbfgs_history);
  proto.set_learning_rate_schedule(recipe.schedule == engine::Schedule::kConstant
                                       ? v1::LEARNING_RATE_SCHEDULE_CONSTANT
                                       : v1::LEARNING_RATE_SCHEDULE_COSINE);
  proto.set_pyramid_levels(recipe.pyramid_levels);
  proto.set_stall_evaluations(recipe.stall_evaluations);
  proto.set_stall_improvement(recipe.stall_improvement);
  switch (recipe.init) {
    case engine::Init::kContent:
      proto.set_initial_picture(v1::INITIAL_PICTURE_CONTENT);
      break;
    case engine::Init::kNoise:
      proto.set_initial_picture(v1::INITIAL_PICTURE_NOISE);
      break;
    case engine::Init::kPicture:
      proto.set_initial_picture(v1::INITIAL_PICTURE_SUPPLIED);
      break;
  }
  proto.set_seed(recipe.seed);
  proto.set_max_size(recipe.max_size);
  proto.set_style_size(recipe.style_size);
  for (const double weight : recipe.style_picture_weights) proto.add_style_picture_weights(weight);
  for (const engine::RecipeChange& change : recipe.changes) AddChange(change, proto.add_changes());
  return proto;
}

engine::RecipeChange RecipeChangeFromProto(const v1::RecipeChange& proto) {
  engine::RecipeChange change;
  change.steps = proto.iteration();
  if (proto.has_content_weight()) change.content_weight = proto.content_weight();
  if (proto.has_style_weight()) change.style_weight = proto.style_weight();
  if (proto.has_tv_weight()) change.tv_weight = proto.tv_weight();
  if (proto.has_learning_rate()) change.learning_rate = proto.learning_rate();
  if (proto.has_iterations()) change.iterations = proto.iterations();
  change.content_layers = LayersFromProto(proto.content_layers());
  change.style_layers = LayersFromProto(proto.style_layers());
  change.style_picture_weights.assign(proto.style_picture_weights().begin(),
                                      proto.style_picture_weights().end());
  return change;
}

v1::Execution ExecutionToProto(const engine::Execution& execution) {
  v1::Execution proto;
  proto.set_executor(execution.executor);
  proto.set_instruction_set(execution.instruction_set);
  proto.set_tiles(execution.tiles);
  proto.set_memory_format(execution.memory_format);
  proto.set_precision(execution.precision);
  proto.set_threads(execution.threads);
  proto.set_device(execution.device);
  return proto;
}

engine::Execution ExecutionFromProto(const v1::Execution& proto) {
  return {.executor = proto.executor(),
          .instruction_set = proto.instruction_set(),
          .tiles = proto.tiles(),
          .memory_format = proto.memory_format(),
          .precision = proto.precision(),
          .threads = proto.threads(),
          .device = proto.device()};
}

absl::StatusOr<std::string> ModelId(const std::string& resource_name) {
  if (resource_name.empty()) return "";
  absl::string_view id = resource_name;
  if (!absl::StartsWith(id, kModelPrefix) || id.size() == absl::string_view(kModelPrefix).size()) {
    return absl::NotFoundError(absl::StrCat("\"", id.substr(0, 64),
                                            "\" is no model's name; they are models/{model}, as models/",
                                            engine::ModelNames().front()));
  }
  return std::string(id.substr(absl::string_view(kModelPrefix).size()));
}

std::string ModelResourceName(const std::string& model_id) { return absl::StrCat(kModelPrefix, model_id); }

}  // namespace impasto::app
