#!/bin/sh
# Make the next numbered decision record and print its path.
set -eu

if [ "$#" -ne 2 ] || [ "$1" = "--help" ]; then
    echo "usage: sh new_adr.sh FOLDER TITLE" >&2
    [ "${1:-}" = "--help" ] && exit 0
    exit 2
fi
folder=$1
title=$2
template=$(dirname "$0")/../assets/template.md

mkdir -p "$folder"
last=$(find "$folder" -maxdepth 1 -name '[0-9][0-9][0-9][0-9]-*.md' | sed 's|.*/||; s|-.*||' | sort | tail -n 1)
# expr drops the leading zeros that the shell would read as octal.
number=$(printf '%04d' "$(expr "${last:-0}" + 1)")
slug=$(printf '%s' "$title" | tr '[:upper:]' '[:lower:]' | tr -cs 'a-z0-9' '-' | sed 's/^-*//; s/-*$//' | cut -c 1-60)
path=$folder/$number-${slug:-decision}.md

# noclobber: two people who run this at once never overwrite each other.
set -C
ADR_TITLE=$title awk -v number="$number" -v day="$(date -u +%Y-%m-%d)" '
    BEGIN { title = ENVIRON["ADR_TITLE"] }
    /^# @NUMBER@/ { print "# " number ". " title; next }
    { gsub(/@DATE@/, day); print }
' "$template" > "$path"
echo "$path"
