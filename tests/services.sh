#!/bin/sh
# PostgreSQL, Chromium and Java for the tests: use what is installed, else install where allowed, else say the one command.
set -eu

has_postgres() {
    command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb /opt/homebrew/opt/postgresql*/bin/initdb >/dev/null 2>&1
}
has_chromium() {
    [ -n "${ENGAGE_CHROMIUM:-}" ] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null ||
        command -v google-chrome >/dev/null || command -v google-chrome-stable >/dev/null
}
# On macOS there is always a /usr/bin/java; where none is installed, it only says so.
has_java() {
    [ -x "${JAVA_HOME:-}/bin/java" ] || java -version >/dev/null 2>&1
}
missing=""
has_postgres || missing="$missing postgresql"
has_chromium || missing="$missing chromium"
has_java || missing="$missing $(command -v brew >/dev/null && echo openjdk@17 || echo openjdk-17-jre-headless)"
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing$missing for the tests"
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing >/dev/null
    exit 0
fi
if command -v apt-get >/dev/null; then
    echo "The tests need$missing. Install with: sudo apt-get install -y$missing"
elif command -v brew >/dev/null; then
    echo "The tests need$missing. Install with: brew install$missing"
else
    echo "The tests need$missing. Install them with this system's package manager."
fi
exit 1
