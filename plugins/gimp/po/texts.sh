#!/usr/bin/env bash
# The plug-in's texts and their translations.
#
#   texts.sh update   takes new texts of the sources into every po/LANGUAGE.po
#   texts.sh check    fails where a language lacks a text, has one too many, or one that is marked as fuzzy
#
# A language is a line in LINGUAS and a file LANGUAGE.po; `msginit --input` of what `texts.sh update` leaves in impasto-gimp.pot begins one.
set -euo pipefail
cd "$(dirname "$0")/.."
domain=impasto-gimp

extract() { # extract TO: all texts of the sources, sorted by file
  find core pixels host dialog flow gimp2 gimp3 -name '*.cc' -o -name '*.h' | LC_ALL=C sort |
    xgettext --files-from=- --language=C++ --from-code=UTF-8 --keyword=_ --keyword=N_ --keyword=dngettext:2,3 --keyword=Plural:1,2 \
      --add-comments=Translators: --no-location --package-name=Impasto --output="$1"
}

case ${1:-} in
  update)
    extract po/$domain.pot
    while read -r language; do
      msgmerge --quiet --update --backup=none --no-fuzzy-matching --no-location "po/$language.po" po/$domain.pot
    done <po/LINGUAS
    ;;
  check)
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    extract "$folder/now.pot"
    failed=0
    while read -r language; do
      msgmerge --quiet --no-fuzzy-matching -o "$folder/$language.po" "po/$language.po" "$folder/now.pot"
      if ! LC_ALL=C msgfmt --check --statistics -o /dev/null "$folder/$language.po" 2>"$folder/said"; then
        failed=1
      fi
      sed "s/^/$language: /" "$folder/said"
      if grep -qE 'untranslated|fuzzy' "$folder/said"; then
        msgattrib --untranslated --no-obsolete "$folder/$language.po" | grep '^msgid' | tail -n +2
        failed=1
      fi
      if msgattrib --only-obsolete "$folder/$language.po" | grep -q '^#~ msgid'; then
        echo "$language: texts that no source has any more:"
        msgattrib --only-obsolete "$folder/$language.po" | grep '^#~ msgid'
        failed=1
      fi
    done <po/LINGUAS
    exit "$failed"
    ;;
  *)
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
