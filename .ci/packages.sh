#!/bin/sh
# In: "demo" or "test". Out: what it needs is installed, or a message and exit code 1. From the root of the repository.
#   .ci/packages.sh demo|test
# As root installs without asking; else prints the command and asks, YES=1 accepts; without a terminal and YES: exit 1.
# Invariant: what is there is never installed again; each need is tried, not looked up, so other systems may have it anyhow.
set -u
CC=${CC:-gcc}

header() { echo "#include <stdio.h>
#include <$1>" | $CC -E -x c - >/dev/null 2>&1; }
program() { command -v "$1" >/dev/null 2>&1; }
cmocka() { # its header wants others before it
	printf '#include <%s.h>\n' stdarg stddef stdint setjmp cmocka | $CC -E -x c - >/dev/null 2>&1
}
links() { # COMMAND..: compiles and links a program
	echo 'int main(void) { return 0; }' | "$@" -x c -o /dev/null - >/dev/null 2>&1
}

# package and how to tell that it is there
demo_needs() {
	program gcc || echo gcc
	header stdlib.h || echo libc6-dev
	program flex || echo flex
	program bison || echo bison
	header yaml.h || echo libyaml-dev
	header png.h || echo libpng-dev
	header jpeglib.h || echo libjpeg-dev
	header zlib.h || echo zlib1g-dev
	header csv.h || echo libcsv-dev
	header cjson/cJSON.h || echo libcjson-dev
}
test_needs() {
	demo_needs
	cmocka || echo libcmocka-dev
	program clang || echo clang
	links clang -fsanitize=address,undefined || echo libclang-rt-dev
	links clang -fopenmp || echo libomp-dev
}

case ${1:-} in
demo | test) missing=$("$1_needs" | tr '\n' ' ' | sed 's/ $//') ;;
*) echo "usage: .ci/packages.sh demo|test" >&2; exit 2 ;;
esac
[ -n "$missing" ] || exit 0

if ! program apt-get; then
	echo "missing: $missing (names of Debian's packages); please install them" >&2
	exit 1
fi
as_root=
[ "$(id -u)" -eq 0 ] || as_root="sudo "
line="${as_root}apt-get install -y --no-install-recommends $missing"
if [ -n "$as_root" ]; then
	echo "missing: $missing" >&2
	echo "  $line" >&2
	if [ "${YES:-}" != 1 ]; then
		if ! { [ -t 0 ] && [ -t 2 ]; }; then
			echo "run that line, or make with YES=1" >&2
			exit 1
		fi
		printf 'Run it now? [y/N] ' >&2
		read -r answer
		case $answer in [yYjJ]*) ;; *) exit 1 ;; esac
	fi
	program sudo || { echo "there is no sudo here; run the line as root, without it" >&2; exit 1; }
fi
echo "installing: $missing"
export DEBIAN_FRONTEND=noninteractive
${as_root}apt-get update -qq || echo "apt-get update failed; trying with the lists that are there" >&2
if ! $line -qq >/dev/null; then
	echo "this did not work: $line" >&2
	exit 1
fi
still=$("$1_needs" | tr '\n' ' ')
[ -z "$still" ] || { echo "installed, and still missing: $still" >&2; exit 1; }
