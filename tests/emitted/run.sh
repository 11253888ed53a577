#!/bin/sh
# The C that nnc writes: every network of specs/ for every target, in both precisions, by gcc and by clang without a warning;
# small ones run under the sanitizers of both; the same bytes twice. From the root of the repository: tests/emitted/run.sh
set -u
out=build/tests/emitted
wall="-O2 -Wall -Wextra -Wpedantic -Werror -Iruntime"
libraries="-lpng -ljpeg -lz -lcsv -lcjson -lm -lpthread"
passed=0 failed=0
mkdir -p $out

check() { # TEXT COMMAND..
	text=$1
	shift
	if "$@" >$out/log 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $text"
		head -n 20 $out/log
	fi
}

compile() { # SPEC TARGET PRECISION: by both compilers; -march is what the target needs, so that no machine is asked for it
	stem=$out/$(basename "$1" .yaml)_$2_$3
	check "$1 $2 $3" build/nnc "$1" -o $stem.c --target=$2 --precision=$3 || return
	case $2 in
	avx512) flags="-std=c11 -mavx512f -mavx512dq -mavx512vl -mfma -fopenmp" ;;
	avx2) flags="-std=c11 -mavx2 -mfma -fopenmp" ;;
	generic) flags="-std=c11 -fopenmp" ;;
	portable) flags="-std=c99" ;;
	esac
	for cc in gcc clang; do check "$cc: $1 $2 $3" $cc $flags $wall -c -o $stem.o $stem.c; done
}

targets="generic portable"
[ "$(uname -m)" = x86_64 ] && targets="avx512 avx2 $targets"
for spec in specs/*.yaml tests/cli/*.yaml; do
	for target in $targets; do compile $spec $target f32; done
done
for target in $targets; do compile tests/cli/images.yaml $target f64; done

# every definition of the prelude, as the reference cases use them: warnings that need no optimizer
for spec in tests/reference/cases/*.yaml; do
	stem=$out/$(basename $spec .yaml)
	check "$spec" build/nnc $spec -o $stem.c --target=generic
	check "gcc: $spec" gcc -std=c11 -fopenmp $wall -fsyntax-only $stem.c
	check "clang: $spec" clang -std=c11 -fopenmp $wall -fsyntax-only $stem.c
done

# the same bytes
for spec in specs/*.yaml; do
	build/nnc $spec -o - >$out/one 2>/dev/null
	build/nnc $spec -o - >$out/two 2>/dev/null
	check "$spec: the same bytes twice" cmp $out/one $out/two
done

# under the sanitizers: selftest runs every program, short batches too
for spec in tests/cli/images.yaml tests/cli/table.yaml specs/demo.yaml; do
	name=$(basename $spec .yaml)
	build/nnc $spec -o $out/$name.c
	build/nnc $spec -o $out/${name}_reference.c --precision=f64 --gradients -D name=${name}_reference
	for cc in gcc clang; do
		check "$cc, sanitized: $spec" $cc -std=c11 -D_GNU_SOURCE -O1 -g -march=native -fopenmp -fsanitize=address,undefined \
			-fno-sanitize-recover=all -Iruntime -DNN_MODEL=${name}_model -DNN_REFERENCE=${name}_reference_model -o $out/$name.$cc \
			runtime/main.c $out/$name.c $out/${name}_reference.c build/libnn.a $libraries
		# OpenMP's own threads are no leak
		check "$cc, sanitized: $spec selftest" env ASAN_OPTIONS=detect_leaks=0 OMP_NUM_THREADS=2 $out/$name.$cc selftest
	done
done

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
