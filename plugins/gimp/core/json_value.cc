#include "core/json_value.h"

#include "absl/strings/str_cat.h"
#include "impasto/internal/status_macros.h"

namespace impasto::gimp {
namespace {

using nlohmann::json;

constexpr const char* kStyleKinds[] = {"none", "file", "library", "drawable"};
constexpr const char* kQualities[] = {"draft", "good", "best", "iterations"};
constexpr const char* kPlacements[] = {"new-layer", "in-place"};

}  // namespace

absl::StatusOr<json> ParseObject(std::string_view text) {
  json value = json::parse(text, /*cb=*/nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) {
    return absl::InvalidArgumentError("not a JSON object");
  }
  return value;
}

std::string Printed(const json& value) {
  return value.dump(/*indent=*/-1, ' ', /*ensure_ascii=*/false, json::error_handler_t::replace);
}

const json* MemberReader::Find(const char* name) const {
  const auto found = object_.find(name);
  return found == object_.end() ? nullptr : &*found;
}

void MemberReader::Refuse(const char* name) {
  if (status_.ok()) {
    status_ = absl::InvalidArgumentError(absl::StrCat(name, ": not a value for it"));
  }
}

void MemberReader::Read(const char* name, std::string* to) {
  if (const json* value = Find(name); value != nullptr) {
    if (!value->is_string()) {
      return Refuse(name);
    }
    *to = value->get<std::string>();
  }
}

void MemberReader::Read(const char* name, double* to) {
  if (const json* value = Find(name); value != nullptr) {
    if (!value->is_number()) {
      return Refuse(name);
    }
    *to = value->get<double>();
  }
}

void MemberReader::Read(const char* name, std::optional<double>* to) {
  if (Find(name) != nullptr) {
    double number = 0;
    Read(name, &number);
    *to = number;
  }
}

void MemberReader::Read(const char* name, int* to, int least, int most) {
  int64_t number = *to;
  Read(name, &number);
  if (number < least || number > most) {
    return Refuse(name);
  }
  *to = static_cast<int>(number);
}

void MemberReader::Read(const char* name, int64_t* to) {
  if (const json* value = Find(name); value != nullptr) {
    if (!value->is_number_integer() ||
        (value->is_number_unsigned() &&
         value->get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))) {
      return Refuse(name);
    }
    *to = value->get<int64_t>();
  }
}

const json* MemberReader::Object(const char* name) {
  const json* const value = Find(name);
  if (value != nullptr && !value->is_object()) {
    Refuse(name);
    return nullptr;
  }
  return value;
}

json ToValue(const Style& style) {
  return {
      {"kind", kStyleKinds[static_cast<int>(style.kind)]}, {"value", style.value}, {"label", style.label}};
}

json ToValue(const Settings& settings) {
  json value = {{"style", ToValue(settings.style)},
                {"model", settings.model},
                {"strength", settings.strength},
                {"quality", kQualities[static_cast<int>(settings.quality)]},
                {"iterations", settings.iterations},
                {"size", settings.size},
                {"placement", kPlacements[static_cast<int>(settings.placement)]}};
  if (settings.content_weight.has_value()) {
    value["content_weight"] = *settings.content_weight;
  }
  if (settings.style_weight.has_value()) {
    value["style_weight"] = *settings.style_weight;
  }
  return value;
}

json ToValue(const ServerSettings& server) {
  return {{"address", server.address}, {"tls_ca", server.tls_ca}, {"token_file", server.token_file}};
}

absl::StatusOr<Style> StyleFromValue(const json& value) {
  Style style;
  MemberReader reader(value);
  reader.Read("kind", kStyleKinds, &style.kind);
  reader.Read("value", &style.value);
  reader.Read("label", &style.label);
  IMPASTO_CLIENT_RETURN_IF_ERROR(reader.status());
  return style;
}

absl::StatusOr<Settings> SettingsFromValue(const json& value) {
  Settings settings;
  MemberReader reader(value);
  if (const json* const style = reader.Object("style"); style != nullptr) {
    IMPASTO_CLIENT_ASSIGN_OR_RETURN(settings.style, StyleFromValue(*style));
  }
  reader.Read("model", &settings.model);
  reader.Read("strength", &settings.strength);
  reader.Read("content_weight", &settings.content_weight);
  reader.Read("style_weight", &settings.style_weight);
  reader.Read("quality", kQualities, &settings.quality);
  reader.Read("iterations", &settings.iterations);
  reader.Read("size", &settings.size);
  reader.Read("placement", kPlacements, &settings.placement);
  IMPASTO_CLIENT_RETURN_IF_ERROR(reader.status());
  IMPASTO_CLIENT_RETURN_IF_ERROR(Validate(settings));
  return settings;
}

absl::StatusOr<ServerSettings> ServerFromValue(const json& value) {
  ServerSettings server;
  MemberReader reader(value);
  reader.Read("address", &server.address);
  reader.Read("tls_ca", &server.tls_ca);
  reader.Read("token_file", &server.token_file);
  IMPASTO_CLIENT_RETURN_IF_ERROR(reader.status());
  return server;
}

}  // namespace impasto::gimp
