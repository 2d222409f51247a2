#include "app/stylize_factory.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "app/picture_proto.h"
#include "app/recipe_proto.h"
#include "app/request_picture.h"
#include "app/style_pictures.h"
#include "app/stylize_work.h"
#include "base/error_details.h"
#include "base/field_error.h"
#include "base/status_macros.h"
#include "engine/pyramid.h"

namespace impasto::app {
namespace {

constexpr size_t kMissingShown = 5;
// Protobuf can't write a message of 2 GiB, and a job's request has to be written down.
constexpr int64_t kMaxPictureBytes = int64_t{1} << 30;
// Of a decoded picture of 8 bits with alpha. Its header isn't asked for more: one of 16 bits takes twice
// that.
constexpr int kOriginalBytesPerPixel = 4;

std::string At(std::string_view list, int index) { return absl::StrFormat("%s[%d]", list, index); }

// A partial weights file is fine for layers that don't need what it lacks.
absl::Status CheckWeights(const engine::Model& model, const char* field,
                          const std::vector<engine::LayerWeight>& layers) {
  const std::vector<std::string>& missing = model.missing_layers();
  if (missing.empty()) return absl::OkStatus();
  for (size_t i = 0; i < layers.size(); ++i) {
    IMPASTO_ASSIGN_OR_RETURN(const engine::Graph needed, model.graph().Prune({layers[i].layer}));
    std::vector<std::string> lacking;
    for (const engine::Node& node : needed.nodes()) {
      if (std::find(missing.begin(), missing.end(), node.name) != missing.end()) lacking.push_back(node.name);
    }
    if (lacking.empty()) continue;
    const size_t count = lacking.size();
    lacking.resize(std::min(count, kMissingShown));
    return FieldError(
        absl::StrCat("recipe.", field, "[", i, "].layer"),
        absl::StrCat(layers[i].layer, " needs weights that ", model.origin(),
                     " lacks: ", absl::StrJoin(lacking, ", "),
                     count > kMissingShown ? absl::StrCat(" and ", count - kMissingShown, " more") : ""),
        absl::StatusCode::kFailedPrecondition);
  }
  return absl::OkStatus();
}

absl::Status CheckDepth(const engine::Graph& graph, const std::vector<std::string>& taps, Size picture) {
  IMPASTO_ASSIGN_OR_RETURN(const engine::Graph pruned, graph.Prune(taps));
  return pruned.Shapes(picture.height, picture.width).status();
}

std::vector<std::string> Names(const std::vector<engine::LayerWeight>& layers) {
  std::vector<std::string> names;
  for (const engine::LayerWeight& layer : layers) names.push_back(layer.layer);
  return names;
}

std::string Megabytes(int64_t bytes) { return absl::StrCat((bytes + (1 << 20) - 1) >> 20, " MiB"); }

absl::Status TooMuchMemory(const v1::MemoryForecast& memory) {
  absl::Status status = absl::ResourceExhaustedError(absl::StrCat(
      "the job would take ", Megabytes(memory.peak_bytes()), " of memory, and the server lets jobs have ",
      Megabytes(memory.budget_bytes()), " (--memory-budget); ",
      memory.largest_max_size() > 0
          ? absl::StrCat("the largest recipe.max_size that fits is ", memory.largest_max_size())
          : "no recipe.max_size makes it fit"));
  status = WithFact(std::move(status), "forecast_bytes", absl::StrCat(memory.peak_bytes()));
  status = WithFact(std::move(status), "budget_bytes", absl::StrCat(memory.budget_bytes()));
  return WithFact(std::move(status), "largest_max_size", absl::StrCat(memory.largest_max_size()));
}

// A job that is taken up again, or a recipe that was painted before: is it painted as it was then?
std::string ExecutionWarning(const v1::Recipe& recipe, const engine::Model& model) {
  const engine::Execution& here = model.executor().execution();
  if (!recipe.has_execution() || ExecutionFromProto(recipe.execution()) == here) return "";
  return absl::StrCat("the recipe was painted on ", recipe.execution().executor(), " ",
                      recipe.execution().instruction_set(), ", ", recipe.execution().threads(),
                      " threads, and is now on ", here.executor, " ", here.instruction_set, ", ",
                      here.threads, " threads: the picture may differ in its last bits");
}

}  // namespace

absl::StatusOr<std::shared_ptr<const v1::StylizeRequest>> StylizeFactory::WithPictures(
    const v1::StylizeRequest& request) {
  int64_t bytes = 0;
  auto whole = std::make_shared<v1::StylizeRequest>();
  const auto inline_picture = [&](const v1::Picture& given, const std::string& field,
                                  v1::Picture* into) -> absl::Status {
    absl::StatusOr<v1::Picture> picture = absl::UnknownError("");
    if (given.has_style()) {
      absl::StatusOr<std::shared_ptr<const LibraryStyle>> style = options_.styles->Find(given.style());
      if (!style.ok()) return InField(absl::StrCat(field, ".style"), style.status());
      picture = (*style)->picture;
    } else {
      picture = InlinePicture(given, *options_.uploads);
    }
    if (!picture.ok()) return InField(field, picture.status());
    bytes += static_cast<int64_t>(picture->encoded().size() + picture->raw().data().size());
    if (bytes > kMaxPictureBytes) {
      return FieldError(
          field, absl::StrCat("the pictures of one job may have ", Megabytes(kMaxPictureBytes), " together"),
          absl::StatusCode::kResourceExhausted);
    }
    *into = *std::move(picture);
    return absl::OkStatus();
  };
  IMPASTO_RETURN_IF_ERROR(inline_picture(request.content(), "content", whole->mutable_content()));
  for (int i = 0; i < request.styles_size(); ++i) {
    IMPASTO_RETURN_IF_ERROR(inline_picture(request.styles(i), At("styles", i), whole->add_styles()));
  }
  if (request.has_initial()) {
    IMPASTO_RETURN_IF_ERROR(inline_picture(request.initial(), "initial", whole->mutable_initial()));
  }
  *whole->mutable_recipe() = request.recipe();
  *whole->mutable_output() = request.output();
  return std::shared_ptr<const v1::StylizeRequest>(std::move(whole));
}

absl::StatusOr<StylizeFactory::Outline> StylizeFactory::MakeOutline(const v1::StylizeRequest& request,
                                                                    const v1::Recipe& given) {
  Outline outline;
  const absl::StatusOr<std::string> model_id = ModelId(given.model());
  if (!model_id.ok()) return InField("recipe.model", model_id.status());
  absl::StatusOr<JobModel> acquired = options_.models->Acquire(*model_id);
  if (!acquired.ok()) {
    return absl::IsNotFound(acquired.status()) ? InField("recipe.model", acquired.status())
                                               : acquired.status();
  }
  outline.model = acquired->model;
  const engine::Graph& graph = outline.model->graph();

  const RecipeContext context{.graph = &graph,
                              .family = outline.model->family(),
                              .weights_sha256 = outline.model->sha256(),
                              .style_pictures = request.styles_size()};
  absl::StatusOr<engine::Recipe> recipe = ResolveRecipe(given, context);
  if (!recipe.ok()) return InField("recipe", recipe.status());
  outline.recipe = *std::move(recipe);
  IMPASTO_RETURN_IF_ERROR(CheckWeights(*outline.model, "content_layers", outline.recipe.content_layers));
  IMPASTO_RETURN_IF_ERROR(CheckWeights(*outline.model, "style_layers", outline.recipe.style_layers));

  IMPASTO_ASSIGN_OR_RETURN(outline.request, WithPictures(request));
  const absl::StatusOr<Size> content = PictureSize(outline.request->content(), options_.limits);
  if (!content.ok()) return InField("content", content.status());
  outline.working = FitWithin(*content, outline.recipe.max_size);
  outline.original_bytes = int64_t{content->width} * content->height * kOriginalBytesPerPixel;
  const std::vector<std::string> style_taps = Names(outline.recipe.style_layers);
  std::vector<std::string> taps = Names(outline.recipe.content_layers);
  taps.insert(taps.end(), style_taps.begin(), style_taps.end());
  IMPASTO_RETURN_IF_ERROR(InField("content", CheckDepth(graph, taps, outline.working)));
  std::vector<Size> styles;
  for (int i = 0; i < outline.request->styles_size(); ++i) {
    const absl::StatusOr<Size> size = PictureSize(outline.request->styles(i), options_.limits);
    if (!size.ok()) return InField(At("styles", i), size.status());
    styles.push_back(*size);
    outline.styles.push_back(FitWithin(*size, outline.recipe.style_size));
    IMPASTO_RETURN_IF_ERROR(InField(At("styles", i), CheckDepth(graph, style_taps, outline.styles.back())));
  }
  outline.recipe.pyramid_levels = engine::PyramidLevels(
      outline.recipe.pyramid_levels, outline.recipe.iterations, outline.working, outline.styles);
  IMPASTO_RETURN_IF_ERROR(ForecastMemory(*content, styles, &outline));

  v1::Accepted& accepted = outline.accepted;
  *accepted.mutable_recipe() = RecipeToProto(outline.recipe);
  *accepted.mutable_recipe()->mutable_execution() = ExecutionToProto(outline.model->executor().execution());
  accepted.set_width(outline.working.width);
  accepted.set_height(outline.working.height);
  for (const std::string& warning : acquired->warnings) accepted.add_warnings(warning);
  if (const std::string warning = ExecutionWarning(given, *outline.model); !warning.empty()) {
    accepted.add_warnings(warning);
  }
  return outline;
}

absl::Status StylizeFactory::ForecastMemory(Size content, const std::vector<Size>& styles,
                                            Outline* outline) const {
  absl::StatusOr<engine::MemoryForecast> forecast =
      engine::ForecastMemory(*outline->model, outline->recipe, outline->working, outline->styles);
  if (!forecast.ok()) return InField("recipe", forecast.status());
  outline->memory = {.peak = forecast->peak_bytes + outline->original_bytes,
                     .waiting = forecast->waiting_bytes + outline->original_bytes};
  v1::MemoryForecast& memory = *outline->accepted.mutable_memory();
  memory.set_peak_bytes(outline->memory.peak);
  memory.set_budget_bytes(options_.memory_budget);
  const absl::StatusOr<int> largest = engine::LargestMaxSize(
      *outline->model, outline->recipe, content, styles, options_.memory_budget - outline->original_bytes);
  memory.set_largest_max_size(largest.ok() ? *largest : 0);
  return absl::OkStatus();
}

absl::StatusOr<jobs::PreparedJob> StylizeFactory::Prepare(std::shared_ptr<const v1::StylizeRequest> request,
                                                          const v1::Job* previous, std::istream* checkpoint) {
  const v1::Recipe given = previous != nullptr ? previous->original_recipe() : request->recipe();
  for (const v1::Picture& style : request->styles()) {
    if (style.has_style()) options_.styles->Touch(style.style());
  }
  IMPASTO_ASSIGN_OR_RETURN(Outline outline, MakeOutline(*request, given));
  request.reset();  // the outline has its own, and pictures are large
  if (outline.memory.peak > options_.memory_budget) return TooMuchMemory(outline.accepted.memory());

  absl::StatusOr<imaging::Picture> content = DecodePicture(outline.request->content(), options_.limits);
  if (!content.ok()) return InField("content", content.status());
  auto pictures = std::make_shared<engine::Stylization::Pictures>();
  absl::StatusOr<Image> working = content->Working(outline.recipe.max_size);
  if (!working.ok()) return InField("content", working.status());
  pictures->content = *std::move(working);
  std::vector<StylePictureId> style_ids;
  for (int i = 0; i < outline.request->styles_size(); ++i) {
    // It may outlive the request, whose other pictures aren't needed any more.
    absl::StatusOr<PreparedStyle> style =
        PrepareStyle(std::make_shared<const v1::Picture>(outline.request->styles(i)),
                     outline.recipe.style_size, options_.limits, *options_.statistics);
    if (!style.ok()) return InField(At("styles", i), style.status());
    pictures->styles.push_back(std::move(style->picture));
    style_ids.push_back(std::move(style->id));
  }
  if (outline.request->has_initial()) {
    const absl::StatusOr<imaging::Picture> initial =
        DecodePicture(outline.request->initial(), options_.limits);
    if (!initial.ok()) return InField("initial", initial.status());
    absl::StatusOr<Image> image = initial->Resized(outline.working.width, outline.working.height);
    if (!image.ok()) return InField("initial", image.status());
    pictures->init = *std::move(image);
  }
  std::optional<engine::RunState> state;
  if (checkpoint != nullptr) {
    IMPASTO_ASSIGN_OR_RETURN(Checkpoint read, ReadCheckpoint(*checkpoint));
    state = std::move(read.state);
  }

  jobs::PreparedJob job;
  job.accepted = std::move(outline.accepted);
  job.memory = outline.memory;
  job.summary = absl::StrFormat("%s %s %dx%d, %d iterations", outline.recipe.model, outline.recipe.preset,
                                outline.working.width, outline.working.height, outline.recipe.iterations);
  const imaging::EncodeOptions result = ResultOptions(outline.request->output(), content->has_alpha());
  job.work = std::make_unique<StylizeWork>(
      StylizeWork::Options{.model = std::move(outline.model),
                           .recipe = std::move(outline.recipe),
                           .pictures = std::move(pictures),
                           .statistics = options_.statistics->ForPictures(std::move(style_ids)),
                           .original = *std::move(content),
                           .result = result,
                           .state = std::move(state)});
  job.request = std::move(outline.request);
  return job;
}

absl::StatusOr<v1::EstimateJobResponse> StylizeFactory::Estimate(const v1::StylizeRequest& request) {
  IMPASTO_ASSIGN_OR_RETURN(Outline outline, MakeOutline(request, request.recipe()));
  v1::EstimateJobResponse response;
  *response.mutable_memory() = outline.accepted.memory();
  *response.mutable_recipe() = outline.accepted.recipe();
  response.set_width(outline.working.width);
  response.set_height(outline.working.height);
  *response.mutable_warnings() = outline.accepted.warnings();
  return response;
}

}  // namespace impasto::app
