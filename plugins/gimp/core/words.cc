#include "core/words.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "absl/strings/substitute.h"
#include "core/text.h"
#include "impasto/address.h"
#include "impasto/error.h"

namespace impasto::gimp {
namespace {

struct Pair {
  const char* first;
  const char* second;
};

// Why there is no connection, by the SDK's reasons (impasto/error.h). $0: the address.
constexpr Pair kConnections[] = {
    {"UNKNOWN_HOST", N_("No computer of the name in $0 is known. Check the server's address.")},
    {"NO_GRPC_THERE", N_("What answers at $0 is another program, not an Impasto server. Check the server's "
                         "address and its port.")},
    {"CLOSED_WITHOUT_TLS", N_("The server at $0 closed the connection at once: it may want an encrypted one. "
                              "Choose the certificate to trust in the server's settings.")},
    {"NO_TLS_THERE", N_("The server at $0 doesn't offer encrypted connections. Remove the certificate from "
                        "the server's settings, or check the address.")},
    {"CERTIFICATE_NOT_TRUSTED", N_("The certificate of the server at $0 isn't trusted, or has expired. "
                                   "Choose the certificate to trust in the server's settings.")},
    {"CERTIFICATE_OF_ANOTHER", N_("The certificate of the server at $0 is for another name. Use the name "
                                  "that is in the certificate as the address.")},
    {"TOKEN_IN_THE_CLEAR", N_("The access token isn't sent to $0, because the connection isn't encrypted. "
                              "Choose the certificate to trust in the server's settings.")},
};

// What a field of a request is called in the dialog.
constexpr Pair kFields[] = {
    {"recipe.max_size", N_("Size")},
    {"recipe.iterations", N_("Iterations")},
    {"recipe.content_weight", N_("Content weight")},
    {"recipe.style_weight", N_("Style weight")},
    {"recipe.model", N_("Model")},
    {"content", N_("Your picture")},
    {"styles", N_("The style picture")},
};

const char* Found(const Pair* begin, const Pair* end, std::string_view key) {
  const Pair* const found = std::find_if(begin, end, [&](const Pair& pair) { return pair.first == key; });
  return found == end ? nullptr : _(found->second);
}

// The server's own words, and what to do.
std::string And(const absl::Status& status, const char* what_to_do) {
  return absl::StrCat(status.message(), absl::EndsWith(status.message(), ".") ? " " : ". ", what_to_do);
}

std::string OwnWords(const absl::Status& status) {
  return status.message().empty() ? absl::StatusCodeToString(status.code()) : std::string(status.message());
}

std::string Unreachable(const absl::Status& status, const std::string& address) {
  const std::string reason = ErrorReason(status);
  if (reason == "NOBODY_THERE") {
    return absl::Substitute(IsThisMachine(address)
                                ? _("No Impasto server runs on this computer, at $0. Start it, or choose the "
                                    "address of another one.")
                                : _("No Impasto server runs at $0. Start it there, or choose the address of "
                                    "another one."),
                            address);
  }
  if (const char* const words = Found(std::begin(kConnections), std::end(kConnections), reason);
      words != nullptr) {
    return absl::Substitute(words, address);
  }
  if (reason.empty()) {
    return absl::Substitute(_("The server at $0 doesn't answer. Check the address and the network; if both "
                              "are right, try again in a moment."),
                            address);
  }
  // It has answered: it loads its models, or stops.
  const std::optional<absl::Duration> delay = RetryDelay(status);
  return delay.has_value() && *delay >= absl::Seconds(1)
             ? And(status, absl::Substitute(_("Try again in $0."), Words(*delay)).c_str())
             : And(status, _("Try again in a moment."));
}

std::string TooMuch(const absl::Status& status) {
  const std::map<std::string, std::string> facts = ErrorFacts(status);
  const auto number = [&](const char* fact) {
    const auto found = facts.find(fact);
    int64_t value = 0;
    return found != facts.end() && absl::SimpleAtoi(found->second, &value) ? value : 0;
  };
  if (facts.find("largest_max_size") == facts.end()) {
    return absl::StrCat(_("The server can't take that now. Try again later, or with smaller pictures."), " (",
                        OwnWords(status), ")");
  }
  const std::string needs =
      absl::Substitute(_("The picture would need $0 of the server's memory, and there are $1 for it."),
                       ByteWords(number("forecast_bytes")), ByteWords(number("budget_bytes")));
  const int64_t size = number("largest_max_size");
  return absl::StrCat(needs, " ",
                      size > 0 ? absl::Substitute(_("Choose a size of at most $0."), size)
                               : _("No size of it would fit: choose another model or a lower quality."));
}

std::string Missing(const absl::Status& status) {
  const std::string words(status.message());
  if (absl::StartsWith(words, "there is no jobs/")) {
    return _(
        "The server doesn't know this job any more: it was deleted, or had ended too long ago. Paint the "
        "picture again.");
  }
  if (absl::StrContains(words, "in the library")) {
    return _("The server's library doesn't have this style any more. Choose another one.");
  }
  if (absl::StrContains(words, "loaded")) {
    return _("The server hasn't loaded this model. Choose another one.");
  }
  if (absl::StrContains(words, "no model")) {
    return And(status, _("Choose another model."));
  }
  return OwnWords(status);
}

std::string NotPossible(const absl::Status& status, const std::string& address) {
  // The SDK's words at connecting, which have no reason. They are the only ones that end so.
  if (absl::EndsWith(status.message(), "update the server")) {
    return absl::Substitute(absl::StrContains(status.message(), "is no Impasto server")
                                ? _("What answers at $0 is no Impasto server, or one that is too old for "
                                    "this plug-in. Check the address, or update the server.")
                                : _("The server at $0 is too old for this plug-in. Update the server."),
                            address);
  }
  if (absl::EndsWith(status.message(), "update the client")) {
    return absl::Substitute(_("This plug-in is too old for the server at $0. Update the plug-in."), address);
  }
  if (absl::StrContains(status.message(), "impastod weights pull") ||
      absl::StrContains(status.message(), "needs weights that")) {
    return And(status,
               _("The command `impastod weights pull`, run where the server runs, gets the weights."));
  }
  return OwnWords(status);
}

std::string WrongField(const absl::Status& status, const std::string& address) {
  if (const char* const words = Found(std::begin(kConnections), std::end(kConnections), ErrorReason(status));
      words != nullptr) {
    return absl::Substitute(words, address);
  }
  if (absl::StartsWith(status.message(), "server address")) {
    return absl::Substitute(
        _("\"$0\" is no server's address. Write the computer's name and a port: localhost:50451"), address);
  }
  const std::string field = ErrorField(status);
  // "styles[0].encoded" and "content.raw.width" are faults of a picture as a whole.
  const char* name = Found(std::begin(kFields), std::end(kFields), field);
  if (name == nullptr) {
    name = Found(std::begin(kFields), std::end(kFields), field.substr(0, field.find_first_of(".[")));
  }
  if (name == nullptr) {
    return OwnWords(status);
  }
  return absl::StrCat(name, ": ", absl::StripPrefix(status.message(), absl::StrCat(field, ": ")));
}

}  // namespace

std::string Explain(const absl::Status& status, const std::string& address) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return Unreachable(status, address);
    case absl::StatusCode::kUnauthenticated:
      return absl::Substitute(
          absl::StrContains(status.message(), "doesn't know")
              ? _("The server at $0 doesn't know your access token. Choose the file with the right one in "
                  "the "
                  "server's settings.")
              : _("The server at $0 wants an access token. Choose the file with yours in the server's "
                  "settings."),
          address);
    case absl::StatusCode::kDeadlineExceeded:
      return absl::Substitute(
          _("The server at $0 took too long to answer: it is busy, or the network is slow. Try again in a "
            "moment."),
          address);
    case absl::StatusCode::kFailedPrecondition:
      return NotPossible(status, address);
    case absl::StatusCode::kInvalidArgument:
      return WrongField(status, address);
    case absl::StatusCode::kNotFound:
      return Missing(status);
    case absl::StatusCode::kResourceExhausted:
      return TooMuch(status);
    case absl::StatusCode::kCancelled:
      return _("The job was cancelled.");
    case absl::StatusCode::kUnimplemented:
      return absl::Substitute(_("What answers at $0 is no Impasto server, or one that is too old for this "
                                "plug-in. Check the address, or update the server."),
                              address);
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
      return absl::StrCat(_("Something went wrong at the server; its log may say more."), " (",
                          OwnWords(status), ")");
    default:
      return OwnWords(status);
  }
}

std::string Words(absl::Duration duration) {
  constexpr absl::Duration kMost = absl::Hours(100000);  // also what is infinite
  const int64_t seconds =
      std::llround(absl::ToDoubleSeconds(std::clamp(duration, absl::ZeroDuration(), kMost)));
  if (seconds < 60) {
    return absl::Substitute(_("$0 s"), seconds);
  }
  if (seconds < 3600) {
    return seconds % 60 == 0 ? absl::Substitute(_("$0 min"), seconds / 60)
                             : absl::Substitute(_("$0 min $1 s"), seconds / 60, seconds % 60);
  }
  const int64_t minutes = (seconds + 30) / 60;
  return minutes % 60 == 0 ? absl::Substitute(_("$0 h"), minutes / 60)
                           : absl::Substitute(_("$0 h $1 min"), minutes / 60, minutes % 60);
}

std::string ByteWords(int64_t bytes) {
  const auto megabytes = static_cast<double>(std::max<int64_t>(bytes, 0)) / 1e6;
  if (megabytes < 999.5) {
    return absl::Substitute(_("$0 MB"), absl::StrFormat("%.0f", std::max(megabytes, bytes > 0 ? 1.0 : 0.0)));
  }
  return absl::Substitute(_("$0 GB"), absl::StrFormat("%.1f", megabytes / 1e3));
}

}  // namespace impasto::gimp
