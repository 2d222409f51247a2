#include "core/text.h"

namespace impasto::gimp {

void BindTexts(const char* folder) {
  bindtextdomain(IMPASTO_GETTEXT_DOMAIN, folder);
  // GTK's own, whatever the locale's is.
  bind_textdomain_codeset(IMPASTO_GETTEXT_DOMAIN, "UTF-8");
}

}  // namespace impasto::gimp
