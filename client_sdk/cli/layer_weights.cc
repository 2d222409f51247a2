#include "cli/layer_weights.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace impasto::cli {

absl::Status ReplaceLayers(const char* flag, const std::vector<std::string>& texts, bool need_weight,
                           google::protobuf::RepeatedPtrField<v1::LayerWeight>* layers) {
  if (texts.empty()) {
    return absl::OkStatus();
  }
  layers->Clear();
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    v1::LayerWeight* layer = layers->Add();
    layer->set_layer(text.substr(0, equals));
    double weight = 0;
    const bool has_weight = equals != std::string::npos;
    if (layer->layer().empty() || (has_weight && !absl::SimpleAtod(text.substr(equals + 1), &weight)) ||
        (need_weight && !has_weight)) {
      return absl::InvalidArgumentError(absl::StrCat(flag, " ", text, ": not of the form ",
                                                     need_weight ? "NAME=WEIGHT" : "NAME or NAME=WEIGHT"));
    }
    if (has_weight) {
      layer->set_weight(weight);
    }
  }
  return absl::OkStatus();
}

}  // namespace impasto::cli
