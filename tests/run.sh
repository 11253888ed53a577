#!/bin/sh
# make test: all suites, a line each, then the sum. In: PROGRAMS (cmocka), SCRIPTS; B, the folder of the build; MAKE.
# Out: exit code 1 when something failed, with what it said; all output is kept in build/tests/log/.
# A suite ends with a line "N passed, M failed", or is a cmocka program. Invariant: a suite that says nothing has failed.
set -u
MAKE=${MAKE:-make}
B=${B:-build}
LOG=$B/tests/log
all_passed=0 all_failed=0 begin=$(date +%s)
rm -rf "$LOG"
mkdir -p "$LOG"

count() { # LOG CODE: "PASSED FAILED"
	awk -v code="$2" '
		/^\[  PASSED  \] [0-9]+ test/ { passed += $4 }
		/^\[  FAILED  \] [0-9]+ test/ { failed += $4 }
		/^golden: [0-9]+ specs, [0-9]+ failed/ { failed += $4; passed += $2 - $4 }
		/^reference: .* checks passed$/ { failed += $4 - $2; passed += $(NF - 2) }
		/^([^0-9 ][^ ]*: )?[0-9]+ passed, [0-9]+ failed$/ { failed += $(NF - 1); passed += $(NF - 3) }
		END {
			if (code != 0 && !failed || !passed && !failed) failed = 1
			print passed + 0, failed + 0
		}' "$1"
}

suite() { # NAME COMMAND..
	name=$1
	shift
	log=$LOG/$(echo "$name" | tr '/ ' '__').txt
	from=$(date +%s)
	"$@" >"$log" 2>&1 </dev/null
	code=$?
	set -- $(count "$log" $code)
	printf '%-44s %5d passed %4d failed %5d s\n' "$name" "$1" "$2" $(($(date +%s) - from))
	sed -n 's/^SKIP/    skipped/p' "$log"
	all_passed=$((all_passed + $1))
	all_failed=$((all_failed + $2))
	[ "$2" -eq 0 ] || { grep -v '^\[ *\(OK\|RUN\) *\]' "$log" | tail -n 60 | sed 's/^/    /'; echo "    (all of it: $log)"; }
}

build() { # ARGUMENTS..: one check: it builds without a warning
	if $MAKE "$@" >"$LOG/build.txt" 2>&1; then
		echo "1 passed, 0 failed"
	else
		cat "$LOG/build.txt"
		echo "0 passed, 1 failed"
	fi
}

programs() { # LABEL FOLDER
	for program in $PROGRAMS; do
		suite "$1${program#"$B"/tests/}" "$2${program#"$B"}"
	done
}

suite "build with ${CC:-gcc}" build all tests
programs "" "$B"
for script in $SCRIPTS; do
	suite "${script#tests/}" "$script"
done

# once more by the other compiler, which also looks for wrong memory and undefined behaviour
sanitized="B=$B/clang CC=clang"
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
CFLAGS='-O2 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined'
export CFLAGS
suite "build with clang, sanitized" build $sanitized all tests
PROGRAMS=$(printf '%s\n' $PROGRAMS | grep -v 'tests/ops/compiled$') # what it compiles does not depend on how it was built itself
programs "sanitized " "$B/clang"
NNC=$B/clang/nnc suite "sanitized golden" tests/golden/run.sh
NNC=$B/clang/nnc suite "sanitized fuzz" tests/fuzz/run.sh 2 100

echo "----"
echo "$(($(date +%s) - begin)) seconds"
echo "$all_passed passed, $all_failed failed"
[ $all_failed -eq 0 ]
