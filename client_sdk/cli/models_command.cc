#include "cli/models_command.h"

#include <functional>
#include <iostream>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/connect.h"
#include "cli/exit_codes.h"
#include "cli/explain.h"
#include "cli/json.h"
#include "cli/table.h"

namespace impasto::cli {
namespace {

std::string StateName(v1::Model::State state) {
  switch (state) {
    case v1::Model::STATE_UNLOADED:
      return "unloaded";
    case v1::Model::STATE_LOADING:
      return "loading";
    case v1::Model::STATE_LOADED:
      return "loaded";
    case v1::Model::STATE_UNAVAILABLE:
      return "unavailable";
    default:
      return "unknown";
  }
}

int CallForModel(const ModelsFlags& flags,
                 const std::function<absl::StatusOr<v1::Model>(const Client&, const std::string&)>& call) {
  const absl::StatusOr<Client> client = ConnectOrExplain(flags);
  if (!client.ok()) {
    return ExitCodeForConnect(client.status());
  }
  const absl::StatusOr<v1::Model> model = call(*client, flags.name);
  if (!model.ok()) {
    std::cerr << "impasto: " << Explain(model.status(), client->address()) << std::endl;
    return ExitCodeFor(model.status());
  }
  if (model->layers().empty()) {
    PrintModels({*model}, &std::cout);
  } else {
    PrintModel(*model, &std::cout);
  }
  std::cout.flush();
  return kExitOk;
}

// The answer to load and unload is a line, whatever the server sends with it.
v1::Model WithoutLayers(v1::Model model) {
  model.clear_layers();
  return model;
}

}  // namespace

int RunModelsList(const ModelsFlags& flags) {
  const absl::StatusOr<Client> client = ConnectOrExplain(flags);
  if (!client.ok()) {
    return ExitCodeForConnect(client.status());
  }
  const absl::StatusOr<std::vector<v1::Model>> models = client->ListModels();
  if (!models.ok()) {
    std::cerr << "impasto: " << Explain(models.status(), client->address()) << std::endl;
    return ExitCodeFor(models.status());
  }
  PrintModels(*models, &std::cout);
  std::cout.flush();
  return kExitOk;
}

int RunModelsShow(const ModelsFlags& flags) {
  return CallForModel(flags,
                      [](const Client& client, const std::string& name) { return client.GetModel(name); });
}

int RunModelsLoad(const ModelsFlags& flags) {
  return CallForModel(flags, [](const Client& client, const std::string& name) -> absl::StatusOr<v1::Model> {
    absl::StatusOr<v1::Model> model = client.LoadModel(name);
    return model.ok() ? WithoutLayers(*std::move(model)) : model;
  });
}

int RunModelsUnload(const ModelsFlags& flags) {
  return CallForModel(flags, [](const Client& client, const std::string& name) -> absl::StatusOr<v1::Model> {
    absl::StatusOr<v1::Model> model = client.UnloadModel(name);
    return model.ok() ? WithoutLayers(*std::move(model)) : model;
  });
}

void PrintModels(const std::vector<v1::Model>& models, std::ostream* out) {
  std::vector<Row> rows = {{"MODEL", "STATE", "WEIGHTS", "DEVICE", "NOTE"}};
  for (const v1::Model& model : models) {
    std::vector<std::string> notes;
    if (model.random_weights()) {
      notes.push_back("RANDOM WEIGHTS: for trying only");
    }
    if (!model.state_reason().empty()) {
      notes.push_back(model.state_reason());
    }
    rows.push_back({ShortName(model.name()), StateName(model.state()), OrDash(model.weights_family()),
                    OrDash(model.device()), absl::StrJoin(notes, "; ")});
  }
  PrintTable(rows, out);
}

void PrintModel(const v1::Model& model, std::ostream* out) {
  std::vector<Row> facts = {
      {"model", ShortName(model.name())},         {"state", StateName(model.state())},
      {"device", OrDash(model.device())},         {"weights", OrDash(model.weights_family())},
      {"origin", OrDash(model.weights_origin())}, {"sha256", OrDash(model.weights_sha256())}};
  if (!model.state_reason().empty()) {
    facts.push_back({"note", model.state_reason()});
  }
  if (model.random_weights()) {
    facts.push_back({"warning", "RANDOM WEIGHTS: pictures are for trying only"});
  }
  if (!model.missing_layers().empty()) {
    facts.push_back({"missing", absl::StrJoin(model.missing_layers(), ", ")});
  }
  PrintTable(facts, out);

  *out << "\nLayers, any of them a content or a style layer; sizes for a picture of 512 x 512:\n";
  std::vector<Row> rows = {{"LAYER", "OP", "MAPS", "HEIGHT", "WIDTH", "NOTE"}};
  for (const v1::Layer& layer : model.layers()) {
    rows.push_back({layer.name(), layer.op(), absl::StrCat(layer.channels()), absl::StrCat(layer.height()),
                    absl::StrCat(layer.width()), layer.available() ? "" : "no weights"});
  }
  PrintTable(rows, out);
  if (model.has_default_recipe()) {
    *out << "\nDefault recipe:\n" << ToJson(model.default_recipe());
  }
}

}  // namespace impasto::cli
