# lib.sh: in: commands; out: "ok" or what went wrong for each check, at the end "N passed, M failed". Sourced by tests/cli/test_*.sh
# from the root of the repository, which call `finish` last. Invariant: nothing is written outside build/tests/cli.
set -u
NNC=${NNC:-build/nnc}
CC=${CC:-gcc}
C=build/tests/cli
T=$C/$(basename "$0" .sh)
passed=0 failed=0 last=
rm -rf "$T" 2>/dev/null
mkdir -p "$T"

good() { passed=$((passed + 1)); }
bad() { # TEXT
	failed=$((failed + 1))
	echo "FAILED: $1"
	[ -z "$last" ] || { echo "  command: $last"; sed 's/^/  out: /' "$T/out" | head -n 8; sed 's/^/  err: /' "$T/err" | head -n 8; }
}
code() { # CODE COMMAND..: it ends with this code
	wanted=$1
	shift
	last="$*"
	"$@" >"$T/out" 2>"$T/err" </dev/null
	got=$?
	if [ $got -eq "$wanted" ]; then good; else bad "code $got, not $wanted"; fi
}
says() { if grep -qF -- "$1" "$T/err"; then good; else bad "standard error does not say: $1"; fi; }
prints() { if grep -qF -- "$1" "$T/out"; then good; else bad "standard output does not say: $1"; fi; }
one_line() { if [ "$(wc -l <"$T/err")" -eq 1 ]; then good; else bad "not one line on standard error"; fi; }
quiet() { if [ ! -s "$T/err" ]; then good; else bad "standard error is not empty"; fi; }
same() { if cmp -s "$1" "$2"; then good; else bad "$1 and $2 differ"; fi; }
differ() { if cmp -s "$1" "$2"; then bad "$1 and $2 are the same"; else good; fi; }
there() { if [ -e "$1" ]; then good; else bad "$1 is not there"; fi; }
absent() { if [ -e "$1" ]; then bad "$1 is there"; else good; fi; }
holds() { # FILE TEXT..: its first line is TEXT
	if [ "$(head -n 1 "$1" 2>/dev/null)" = "$2" ]; then good; else bad "$1 does not begin with: $2"; fi
}
empty() { # FOLDER
	if [ -z "$(ls -A "$1")" ]; then good; else bad "$1 holds $(ls -A "$1" | tr '\n' ' ')"; fi
}
same_files() { # FOLDER LIST: what `ls -A` showed before
	if [ "$(ls -A "$1")" = "$2" ]; then good; else bad "$1 holds other files than before: $(ls -A "$1" | tr '\n' ' ')"; fi
}

trainer() { # NAME: build/tests/cli/NAME from tests/cli/NAME.yaml; compiled as make does, the reference with -O1
	flags="-std=c11 -D_GNU_SOURCE -march=native -fopenmp -ffp-contract=fast -Wall -Wextra -Wpedantic -Werror -Iruntime"
	$NNC "tests/cli/$1.yaml" -o "$C/$1.c" &&
		$NNC "tests/cli/$1.yaml" -o "$C/$1_reference.c" --precision=f64 --gradients -D name="$1_reference" &&
		$CC $flags -O1 -c -o "$C/$1_reference.o" "$C/$1_reference.c" &&
		$CC $flags -O2 -DNN_MODEL="$1_model" -DNN_REFERENCE="$1_reference_model" -o "$C/$1" \
			runtime/main.c "$C/$1.c" "$C/$1_reference.o" build/libnn.a -lpng -ljpeg -lz -lcsv -lcjson -lm -lpthread && return
	echo "FAILED: the trainer of tests/cli/$1.yaml can't be built"
	echo "0 passed, 1 failed"
	exit 1
}
made() { # NAME: build/tests/cli/made_NAME from specs/data/NAME.c
	[ -x $C/made_$1 ] && [ -z "$(find specs/data -newer $C/made_$1)" ] ||
		$CC -std=c11 -D_GNU_SOURCE -O2 -o $C/made_$1 specs/data/$1.c -lpng -lm || exit 1
}
phantoms() { # FOLDER COUNT: drawn X-rays of 32 x 32
	made phantom
	rm -rf "$1"
	$C/made_phantom "$1" --count "$2" --size 32 --seed 4 || exit 1
}
finish() {
	echo "$passed passed, $failed failed"
	[ $failed -eq 0 ]
	exit
}
