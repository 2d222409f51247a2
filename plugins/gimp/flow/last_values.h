// What the user chose last: in this session of GIMP, else in an earlier one.
#pragma once

#include "core/preferences.h"

namespace impasto::gimp {

Preferences LastValues();
// Keeps both: `preferences` for later sessions, `preferences.last` for this one, with styles that won't be
// there later. The error is for people; it is kept for the session in any case.
absl::Status KeepLastValues(const Preferences& preferences);

}  // namespace impasto::gimp
