// Texts for people, in their language (gettext's domain "impasto-gimp"). Every text that a user may see goes
// through _(); N_() marks one that is translated later.
#pragma once

#include <libintl.h>

#define IMPASTO_GETTEXT_DOMAIN "impasto-gimp"
// NOLINTNEXTLINE(bugprone-reserved-identifier): gettext's own name
#define _(text) ::dgettext(IMPASTO_GETTEXT_DOMAIN, text)
#define N_(text) text

namespace impasto::gimp {

// Binds the domain to `folder` (".../share/locale"); once, before the first text.
void BindTexts(const char* folder);

}  // namespace impasto::gimp
