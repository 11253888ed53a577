#!/bin/sh
# The C that nnc writes: every network of specs/ for every target, by gcc and by clang without a warning; every definition of the
# prelude, as the reference cases use them; small networks under the sanitizers of both; the same bytes twice.
#   tests/emitted/run.sh            from the root of the repository; JOBS (as many as processors) at once
# Invariant: a job writes only files with its own name, so jobs may run side by side.
set -u
out=build/tests/emitted
wall="-Wall -Wextra -Wpedantic -Werror -Iruntime"
libraries="-lpng -ljpeg -lz -lcsv -lcjson -lm -lpthread"

check() { # TEXT COMMAND..: a line for the sum
	text=$1
	shift
	if "$@" >$stem.log 2>&1; then
		echo ok
	else
		echo "FAILED: $text"
		head -n 20 $stem.log
	fi
}

# SPEC TARGET PRECISION LEVEL: by both compilers; flags name what the target needs, so that no machine is asked for it
job_compile() {
	stem=$out/$(basename "$1" .yaml)_$2_$3
	case $2 in
	avx512) flags="-std=c11 -mavx512f -mavx512dq -mavx512vl -mfma -fopenmp" ;;
	avx2) flags="-std=c11 -mavx2 -mfma -fopenmp" ;;
	generic) flags="-std=c11 -fopenmp" ;;
	portable) flags="-std=c99" ;;
	esac
	check "nnc: $1 $2 $3" build/nnc "$1" -o $stem.c --target=$2 --precision=$3
	[ $(wc -c <$stem.c) -lt 400000 ] || set -- "$1" $2 $3 -fsyntax-only # minutes of every compiler otherwise
	for cc in gcc clang; do check "$cc: $1 $2 $3" $cc $flags $4 $wall -c -o $stem.o $stem.c; done
}

job_twice() { # SPEC: the same bytes
	stem=$out/$(basename $1 .yaml)_twice
	build/nnc $1 -o - >$stem.one 2>/dev/null
	build/nnc $1 -o - >$stem.two 2>/dev/null
	check "$1: the same bytes twice" cmp $stem.one $stem.two
}

job_sanitize() { # SPEC COMPILER: selftest runs every program, short batches too
	name=$(basename $1 .yaml)
	stem=$out/${name}_$2
	check "nnc: $1" build/nnc $1 -o $stem.c
	check "nnc: $1, double" build/nnc $1 -o ${stem}_reference.c --precision=f64 --gradients -D name=${name}_reference
	check "$2, sanitized: $1" $2 -std=c11 -D_GNU_SOURCE -O1 -g -march=native -fopenmp -fsanitize=address,undefined \
		-fno-sanitize-recover=all -Iruntime -DNN_MODEL=${name}_model -DNN_REFERENCE=${name}_reference_model -o $stem \
		runtime/main.c $stem.c ${stem}_reference.c build/libnn.a $libraries
	# the threads of OpenMP are no leak
	check "$2, sanitized: $1 selftest" env ASAN_OPTIONS=detect_leaks=0 OMP_NUM_THREADS=2 $stem selftest
}

if [ "${1:-}" = --job ]; then
	job=$2
	shift 2
	job_$job "$@"
	exit 0
fi

rm -rf $out
mkdir -p $out
targets="generic portable"
[ "$(uname -m)" = x86_64 ] && targets="avx512 avx2 $targets"
{
	for spec in specs/*.yaml tests/cli/*.yaml; do
		for target in $targets; do echo "compile $spec $target f32 -O2"; done
		echo "twice $spec"
	done
	for target in $targets; do echo "compile tests/cli/images.yaml $target f64 -O2"; done
	for spec in tests/cli/images.yaml tests/cli/table.yaml; do
		echo "sanitize $spec gcc"
		echo "sanitize $spec clang"
	done
	for spec in tests/reference/cases/*.yaml; do echo "compile $spec generic f32 -fsyntax-only"; done
} | xargs -P "${JOBS:-$(nproc)}" -L 1 tests/emitted/run.sh --job >$out/all
grep -v '^ok$' $out/all
passed=$(grep -c '^ok$' $out/all) failed=$(grep -c '^FAILED' $out/all)
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
