// What a server is asked for, and what the answer is called. The same with a window and without.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/settings.h"
#include "host/host.h"
#include "impasto/client.h"

namespace impasto::gimp {

// The style's picture: a file's, an open drawable's, or by its name in the server's library. Errors are for
// people: no style is chosen, the file can't be read, the drawable is gone.
absl::StatusOr<v1::Picture> ReadStyle(const Style& style);

// The target painted by `recipe`: the result raw, as the target travels, in its size; named for people. Of
// normal priority, and not detached: who shows it in a window changes both.
v1::StylizeRequest MakeRequest(const Target& target, v1::Picture content, v1::Picture style,
                               v1::Recipe recipe);

// "Photo (Starry Night, vgg19)". `recipe`: the one that was painted by.
std::string ResultName(const std::string& layer, const Style& style, const v1::Recipe& recipe);

// Who asks: "gimp-" and the user's name, of letters that a server takes.
std::string ClientName();

}  // namespace impasto::gimp
