#include "cli/explain.h"

#include <map>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "cli/exit_codes.h"
#include "cli/units.h"
#include "impasto/error.h"

namespace impasto::cli {
namespace {

// Where each field of a request comes from.
constexpr std::pair<const char*, const char*> kFlags[] = {
    {"recipe.content_layers", "--content-layer"},
    {"recipe.style_layers", "--style-layer"},
    {"recipe.style_picture_weights", "--style-picture-weight"},
    {"recipe.initial_picture", "--init"},
    {"recipe.preset", "--preset"},
    {"recipe.model", "--model"},
    {"recipe.content_weight", "--content-weight"},
    {"recipe.style_weight", "--style-weight"},
    {"recipe.tv_weight", "--tv-weight"},
    {"recipe.normalization", "--normalization"},
    {"recipe.pooling", "--pooling"},
    {"recipe.quality", "--quality"},
    {"recipe.optimizer", "--optimizer"},
    {"recipe.lbfgs_history", "--lbfgs-history"},
    {"recipe.learning_rate", "--learning-rate"},
    {"recipe.learning_rate_schedule", "--schedule"},
    {"recipe.pyramid_levels", "--pyramid"},
    {"recipe.stall_evaluations", "--stall-evaluations"},
    {"recipe.stall_improvement", "--stall-improvement"},
    {"recipe.iterations", "--iterations"},
    {"recipe.seed", "--seed"},
    {"recipe.max_size", "--max-size"},
    {"recipe.style_size", "--style-size"},
    {"preview.every_iterations", "--preview-every"},
    {"output.quality", "--jpeg-quality"},
    {"output.size", "--output-size"},
    {"output.format", "--output"},
    {"request_id", "--request-id"},
    {"display_name", "--name"},
    {"priority", "--priority"},
    {"filter", "--filter"},
    {"order_by", "--order"},
};

// "the request would need ..." is the server's to say; what to ask for instead is in the facts.
std::string HintAtSize(const absl::Status& status) {
  const std::map<std::string, std::string> facts = ErrorFacts(status);
  const auto largest = facts.find("largest_max_size");
  if (largest == facts.end()) {
    return "Try again later, or with fewer or smaller pictures.";
  }
  int size = 0;
  if (!absl::SimpleAtoi(largest->second, &size) || size <= 0) {
    return "No size of it would fit: try another model, fewer layers, or the other optimizer.";
  }
  return absl::StrCat("Try --max-size ", size, ", the largest that fits.");
}

std::string HintAtName(absl::string_view message) {
  // In this order: a job's name may have a "style" in it.
  for (const auto& [word, hint] :
       {std::pair("job", "`impasto jobs list --all` shows the jobs that there are."),
        std::pair("style", "`impasto styles list` shows the styles that there are."),
        std::pair("model", "`impasto models list` shows the models that there are.")}) {
    if (absl::StrContains(message, word)) {
      return hint;
    }
  }
  return "";
}

// Why there is no connection, by the SDK's reason (impasto/error.h).
std::string HintAtConnection(const std::string& reason, const std::string& address) {
  for (const auto& [known, hint] :
       {std::pair("UNKNOWN_HOST", "Is the name in --server right?"),
        std::pair("NO_GRPC_THERE", "Is --server the address of impastod? Another program has that port."),
        std::pair("CLOSED_WITHOUT_TLS", "Try --tls, or --tls-ca FILE with the certificate to trust."),
        std::pair("NO_TLS_THERE",
                  "Without --tls, --tls-ca and IMPASTO_TLS_CA the connection isn't encrypted."),
        std::pair("CERTIFICATE_NOT_TRUSTED",
                  "Name the certificate to trust with --tls-ca FILE, or in IMPASTO_TLS_CA."),
        std::pair("CERTIFICATE_OF_ANOTHER", "Give --server the name that is in the certificate."),
        std::pair("TOKEN_IN_THE_CLEAR", "Encrypt the connection with --tls or --tls-ca FILE.")}) {
    if (reason == known) {
      return hint;
    }
  }
  // With a reason of its own the server has answered: it loads its models, or stops.
  return reason.empty() || reason == "NOBODY_THERE"
             ? absl::StrCat("Is impastod running at ", address, "? Start it with: impastod --listen ",
                            address)
             : "Try again in a moment.";
}

std::string Hint(const absl::Status& status, const std::string& address) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      if (const std::optional<absl::Duration> delay = RetryDelay(status);
          delay.has_value() && *delay >= absl::Seconds(1)) {
        return absl::StrCat("Try again in ", ShortDuration(absl::ToDoubleSeconds(*delay)), ".");
      }
      return HintAtConnection(ErrorReason(status), address);
    case absl::StatusCode::kInvalidArgument:
      return ErrorReason(status) == "TOKEN_IN_THE_CLEAR" ? HintAtConnection(ErrorReason(status), address)
                                                         : "";
    case absl::StatusCode::kUnauthenticated:
      return "Give your access token with --token-file FILE, or in IMPASTO_TOKEN.";
    case absl::StatusCode::kUnimplemented:
      return absl::StrCat("What answers at ", address,
                          " doesn't speak impasto.v1: another program, or an older impastod.");
    case absl::StatusCode::kNotFound:
      return HintAtName(status.message());
    case absl::StatusCode::kResourceExhausted:
      return HintAtSize(status);
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
      return "The server's log may say more.";
    default:
      return "";
  }
}

}  // namespace

int ExitCodeFor(const absl::Status& status) {
  return absl::IsUnavailable(status) ? kExitUnreachable : kExitFailed;
}

std::string FlagOfField(const std::string& whole) {
  // Of UpdateJob and EstimateJob: what they take is a field of their own.
  absl::string_view part = whole;
  if (!absl::ConsumePrefix(&part, "job.")) {
    absl::ConsumePrefix(&part, "request.");
  }
  const std::string field(part);
  const size_t end = field.find_first_of("[.");
  const std::string first = field.substr(0, end);
  if (first == "content") {
    return "CONTENT";
  }
  if (first == "initial") {
    return "--init";
  }
  if (first == "styles") {
    int index = 0;
    const size_t close = field.find(']');
    if (end != std::string::npos && close != std::string::npos && close > end &&
        absl::SimpleAtoi(field.substr(end + 1, close - end - 1), &index) && index >= 0) {
      return absl::StrCat("STYLE ", int64_t{index} + 1);
    }
    return "STYLE";
  }
  for (const auto& [name, flag] : kFlags) {
    if (field == name || absl::StartsWith(field, absl::StrCat(name, ".")) ||
        absl::StartsWith(field, absl::StrCat(name, "["))) {
      return flag;
    }
  }
  return "";
}

std::string Explain(const absl::Status& status, const std::string& address) {
  std::string text(status.message());
  if (text.empty()) {
    text = absl::StatusCodeToString(status.code());
  }
  // Servers name the field in their words as a rule; where one doesn't, it is in the details.
  const std::string field = ErrorField(status);
  if (!field.empty() && !absl::StrContains(text, field)) {
    text = absl::StrCat(field, ": ", text);
  }
  const std::string hint = Hint(status, address);
  return hint.empty() ? text : absl::StrCat(text, "\n  ", hint);
}

}  // namespace impasto::cli
