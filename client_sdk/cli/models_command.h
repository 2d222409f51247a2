// `impasto models`.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "cli/server_flags.h"
#include "impasto/v1/models.pb.h"

namespace impasto::cli {

struct ModelsFlags : ServerFlags {
  std::string name;
};

// Each returns the program's exit status.
int RunModelsList(const ModelsFlags& flags);
int RunModelsShow(const ModelsFlags& flags);
int RunModelsLoad(const ModelsFlags& flags);
int RunModelsUnload(const ModelsFlags& flags);

void PrintModels(const std::vector<v1::Model>& models, std::ostream* out);
void PrintModel(const v1::Model& model, std::ostream* out);

}  // namespace impasto::cli
