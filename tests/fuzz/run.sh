#!/bin/sh
# Hostile specs: tests/fuzz/fuzz.c changes all small specs of the project at random and compiles them, within limits of time and memory.
#   tests/fuzz/run.sh [SEED [COUNT]]      from the root of the repository; NNC: another compiler (a sanitized one has no limit of memory)
set -u
nnc=${NNC:-build/nnc}
out=build/tests/fuzz/$$
mkdir -p $out
trap 'rmdir $out 2>/dev/null' EXIT
${CC:-gcc} -std=c11 -D_GNU_SOURCE -O1 -Wall -Wextra -Wpedantic -Werror -o $out/fuzz tests/fuzz/fuzz.c || exit 1
case $nnc in
*clang*) seconds=60 bytes=0 ;;
*) seconds=10 bytes=2147483648 ;;
esac
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:exitcode=86 UBSAN_OPTIONS=halt_on_error=1:exitcode=87
$out/fuzz $nnc $out "${1:-1}" "${2:-400}" $seconds $bytes $(ls specs/*.yaml tests/cli/*.yaml tests/format/*.yaml tests/golden/graph_* tests/golden/definition_* tests/golden/include* | grep "yaml$" | grep -v googlenet) \
	$(ls tests/reference/cases/*.yaml)
code=$?
rm -f $out/now.* $out/fuzz
exit $code
